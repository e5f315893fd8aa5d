#!/bin/sh
# Documents point to files that exist, and no file names a directory of the machine that it was written on.
set -u
. "$(dirname "$0")/checks.sh"

# tracked TREE: its files; without git, all but build directories.
tracked() {
    [ -e "$1/.git" ] && git -c safe.directory='*' -C "$1" ls-files 2>/dev/null ||
        (cd "$1" && find . \( -name .git -o -type d -exec test -d '{}/meson-private' ';' \) -prune -o -type f -print | sed 's#^\./##')
}
# links FILE: "line target" of [text](target), ![image](target) and [label]: target, outside of code.
links() {
    awk '
        /^[ \t]*(```|~~~)/ { code = !code; next }
        code { next }
        {
            text = $0
            gsub(/`[^`]*`/, "", text)
            if (match(text, /^ ? ? ?\[[^]]+\]:[ \t]*[^ \t]+/)) {
                target = substr(text, RSTART, RLENGTH); sub(/^.*\]:[ \t]*/, "", target); print NR, target
            }
            while (match(text, /\]\([^()]*(\([^()]*\)[^()]*)*\)/)) {
                target = substr(text, RSTART + 2, RLENGTH - 3); text = substr(text, RSTART + RLENGTH)
                sub(/^[ \t]*/, "", target); sub(/[ \t].*/, "", target); gsub(/^<|>$/, "", target)
                print NR, target
            }
        }' "$1"
}
# check_links TREE
check_links() {
    tracked "$1" | grep '\.md$' | while read -r document; do
        links "$1/$document" | while read -r line target; do
            path=${target%%#*}
            case $target in
                '#'* | [a-z]*://* | mailto:*) continue ;;
                /*) echo "$document:$line: $target is absolute" && continue ;;
            esac
            [ -e "$1/$(dirname "$document")/$path" ] || echo "$document:$line: there is no $target"
        done
    done
}
# check_paths TREE
check_paths() {
    tracked "$1" | (cd "$1" && tr '\n' '\0' | xargs -0 -r grep -nIHE '(^|[^[:alnum:]_.~$}*-])/(work|root|home)/[[:alnum:]_.]') || :
}

holds 'relative links point to files' check_links "$SOURCE"
holds 'no directories of one machine' check_paths "$SOURCE"

tree=$work/tree
mkdir -p "$tree/docs"
fresh() {
    rm -f "$tree"/*.md "$tree"/docs/*
    : >"$tree/docs/storage.md"
    printf '%s\n' "$1" >"$tree/README.md"
}
fresh 'See [storage](docs/storage.md#rows), [the same](<docs/storage.md>), [here](#here), `[code](no.md)` and [out](https://example.org/no.md).'
holds 'control: good links' check_links "$tree"
fresh 'See [storage](docs/storage.md) and [more](docs/more.md#part).'
catches 'control: a link to nothing' 'README.md:1: there is no docs/more.md#part' check_links "$tree"
fresh '![a picture](docs/picture.svg "its title")'
catches 'control: a picture that is missing' 'there is no docs/picture.svg' check_links "$tree"
fresh '[1]: docs/gone.md'
catches 'control: a reference to nothing' 'there is no docs/gone.md' check_links "$tree"
fresh '[top](/docs/storage.md)'
catches 'control: an absolute link' 'is absolute' check_links "$tree"
fresh ''
echo '[up](../MISSING.md)' >"$tree/docs/storage.md"
catches 'control: a link from a folder' 'docs/storage.md:1: there is no ../MISSING.md' check_links "$tree"
for place in work root home; do
    fresh "cd /$place/project"
    catches "control: a path under /$place" README.md:1 check_paths "$tree"
done
fresh 'GET https://example.org/work/item and src/root/file'
holds 'control: paths of others' check_paths "$tree"
summary
