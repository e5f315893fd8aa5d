# Sourced by the scripts here. A check is a command that prints what is wrong, a line each, and nothing when all is well.
# Every check is run on the project, and on something doctored that it must catch.
#
# From meson: CC, NM (of the compiler's kind), SOURCE, LIBRARY, ARCHIVE, INSTRUMENTED.
. "$(dirname "$0")/../cases.sh"
export LC_ALL=C

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# holds NAME CHECK...
holds() {
    name=$1
    shift
    if ! found=$("$@" 2>&1); then
        failed "$name" "the check itself failed: $found"
    elif [ -n "$found" ]; then
        failed "$name" "$found"
    else
        passed "$name"
    fi
}
# catches NAME WORD CHECK...: the doctored thing is named by WORD.
catches() {
    name=$1 word=$2
    shift 2
    if ! found=$("$@" 2>&1); then
        failed "$name" "the check itself failed: $found"
    elif ! printf '%s\n' "$found" | grep -Fq -e "$word"; then
        failed "$name" "'$word' is not among what it found: $found"
    else
        passed "$name"
    fi
}

# C text without its comments.
without_comments() {
    sed -z -E 's#/\*[^*]*\*+([^/*][^*]*\*+)*/##g' "$@"
}
