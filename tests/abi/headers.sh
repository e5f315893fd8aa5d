#!/bin/sh
# The public headers compile alone, in every language that a host may be written in.
set -u
. "$(dirname "$0")/checks.sh"
warnings='-pedantic -Wall -Wextra -Wundef -Werror'

# compiles INCLUDE HEADER LANGUAGE STANDARD COMPILER...
compiles() {
    include=$1 header=$2 language=$3 standard=$4
    shift 4
    # shellcheck disable=SC2086
    printf '#include <%s>\n' "$header" | "$@" -x "$language" "-std=$standard" $warnings -I"$include" -fsyntax-only - 2>&1 || :
}
# compilers LANGUAGE: each once, a line each.
compilers() {
    case $1 in
        c) printf '%s\n' "$CC" gcc clang ;;
        c++) printf '%s\n' g++ clang++ ;;
    esac | awk '!seen[$0]++'
}

for language in c c++; do
    case $language in
        c) standards='c89 c99 c11' ;;
        c++) standards='c++11 c++17' ;;
    esac
    compilers $language | while read -r compiler; do
        if command -v "${compiler%% *}" >/dev/null; then
            echo "$compiler"
        else
            echo "- $compiler"
        fi
    done >"$work/compilers"
    while read -r compiler; do
        if [ "${compiler#- }" != "$compiler" ]; then
            skipped "headers in $language by ${compiler#- }" 'it is not installed'
            continue
        fi
        for standard in $standards; do
            for header in pca/pca.h pca/driver.h; do
                # shellcheck disable=SC2086
                holds "$header in $standard by $compiler" compiles "$SOURCE/include" "$header" "$language" "$standard" $compiler
            done
        done
    done <"$work/compilers"
done

# doctored SED-SCRIPT: a copy of the headers.
doctored() {
    rm -rf "$work/include"
    mkdir -p "$work/include/pca"
    for header in "$SOURCE"/include/pca/*.h; do
        sed -E "$1" "$header" >"$work/include/pca/${header##*/}"
    done
}
doctored 's#<stdint.h>#<stddef.h>#'
# shellcheck disable=SC2086
catches 'control: a header that needs another first' int64_t compiles "$work/include" pca/pca.h c c11 $CC
doctored 's#^PCA_API const char \*pca_version.*#& // a comment of C99#'
# shellcheck disable=SC2086
catches 'control: a comment that C89 does not know' 'comments are not allowed' compiles "$work/include" pca/driver.h c c89 $CC
if command -v g++ >/dev/null; then
    doctored 's#pca_code_name\(int code\)#pca_code_name(int class)#'
    catches 'control: an argument that is a word of C++' pca_code_name compiles "$work/include" pca/pca.h c++ c++11 g++
else
    skipped 'control: an argument that is a word of C++' 'no g++'
fi
summary
