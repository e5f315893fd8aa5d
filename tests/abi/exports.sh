#!/bin/sh
# What the shared library exports, what the version script lists and what the headers declare is one set of functions.
set -u
. "$(dirname "$0")/checks.sh"

# NAME@@NODE, a line each.
exported() {
    "$NM" -D --defined-only "$1" | awk '$2 != "A" { print $3 }' | sort
}
mapped() {
    awk '/^[^ \t].*\{/ { node = $1; sub(/\{.*/, "", node) }
         /^[ \t]+[a-z_0-9]+;/ { sub(/;.*/, "", $1); print $1 "@@" node }' "$1" | sort
}
# The functions of a directory's headers: all of them, or those marked PCA_API.
declared() {
    cat "$1"/*.h | without_comments | grep -v '^#' | tr '\n' ' ' | tr ';{}' '\n\n\n' | grep -E "$2" |
        grep -oE '\<pca_[a-z0-9_]+ ?\(' | tr -d '( ' | sort -u
}
# differ A B FILE FILE: what is on one side only.
differ() {
    comm -23 "$3" "$4" | sed "s/\$/ is in $1 and not in $2/"
    comm -13 "$3" "$4" | sed "s/\$/ is in $2 and not in $1/"
}

# check_exports LIBRARY MAP INCLUDE
check_exports() {
    exported "$1" >"$work/exported"
    mapped "$2" >"$work/mapped"
    declared "$3" '(^| )PCA_API ' >"$work/declared"
    declared "$3" . >"$work/prototypes"
    sed 's/@@.*//' "$work/mapped" >"$work/names"
    [ "$(wc -l <"$work/declared")" -gt 100 ] || echo 'too few declarations were understood'
    differ 'the library' 'the map' "$work/exported" "$work/mapped"
    differ 'the map' 'the headers' "$work/names" "$work/declared"
    differ 'the headers' 'their PCA_API' "$work/prototypes" "$work/declared"
    sed 's/.*@@//' "$work/mapped" | grep -vxE 'LIBPCA_[0-9]+\.[0-9]+' | sed 's/$/ is no name for a version node/'
    :
}
# check_soname LIBRARY NAME
check_soname() {
    name=$(objdump -p "$1" | awk '$1 == "SONAME" { print $2 }')
    [ "$name" = "$2" ] || echo "the soname is '$name', not '$2'"
}
# check_archive ARCHIVE: what a program that links it statically could collide with.
check_archive() {
    "$NM" -g --defined-only "$1" | awk 'NF == 3 { print $3 }' | grep -vE '^pcai?_' | sed 's/$/ has neither prefix/'
    :
}

# object NAME C-TEXT [OPTIONS]
object() {
    # shellcheck disable=SC2086
    printf '%s\n' "$2" | $CC -x c ${3:--c} -o "$work/$1" -
}

if [ "$INSTRUMENTED" = 1 ]; then
    skipped 'exports = map = headers' 'an instrumented build exports more'
else
    holds 'exports = map = headers' check_exports "$LIBRARY" "$SOURCE/src/libpca.map" "$SOURCE/include/pca"
    holds 'prefixes in the archive' check_archive "$ARCHIVE"
fi
holds 'soname' check_soname "$LIBRARY" libpca.so.0

sed 's/^ *pca_version;//' "$SOURCE/src/libpca.map" >"$work/short.map"
catches 'control: an export that the map lacks' 'pca_version@@LIBPCA_0.1 is in the library and not in the map' \
    check_exports "$LIBRARY" "$work/short.map" "$SOURCE/include/pca"
sed 's/^ *pca_version;/&\n pca_gone;/' "$SOURCE/src/libpca.map" >"$work/long.map"
catches 'control: a line of the map without a function' 'pca_gone@@LIBPCA_0.1 is in the map and not in the library' \
    check_exports "$LIBRARY" "$work/long.map" "$SOURCE/include/pca"
sed 's/LIBPCA_0.1/LIBPCA_0.9/' "$SOURCE/src/libpca.map" >"$work/other.map"
catches 'control: another version node' 'pca_version@@LIBPCA_0.1 is in the library and not in the map' \
    check_exports "$LIBRARY" "$work/other.map" "$SOURCE/include/pca"
mkdir "$work/more" "$work/bare"
cp "$SOURCE"/include/pca/*.h "$work/more"
printf '\nPCA_API int pca_promised(const pca_ca *ca,\n                         pca_error *err);\n' >>"$work/more/driver.h"
catches 'control: a declaration without a function' 'pca_promised is in the headers and not in the map' \
    check_exports "$LIBRARY" "$SOURCE/src/libpca.map" "$work/more"
for header in "$SOURCE"/include/pca/*.h; do
    sed 's/^PCA_API \(const char \*pca_version\)/\1/' "$header" >"$work/bare/${header##*/}"
done
catches 'control: a declaration without PCA_API' 'pca_version is in the headers and not in their PCA_API' \
    check_exports "$LIBRARY" "$SOURCE/src/libpca.map" "$work/bare"
object other.so 'int pca_version(void) { return 0; }' '-shared -fPIC -Wl,-soname,libpca.so.1'
catches 'control: another soname' 'libpca.so.1' check_soname "$work/other.so" libpca.so.0
object stray.o 'int decode(void) { return 0; }'
catches 'control: a name without a prefix' decode check_archive "$work/stray.o"
summary
