#!/bin/sh
# The library against the ABI that was published, tests/abi/libpca.abi: additions pass, removals and changes do not.
# tools/abi-baseline renews it.
set -u
. "$(dirname "$0")/checks.sh"
baseline=$SOURCE/tests/abi/libpca.abi

for tool in abidw abidiff; do
    command -v $tool >/dev/null || {
        skipped 'the published ABI' "no $tool (Debian: abigail-tools)"
        summary
    }
done

# The layout of what is opaque to hosts is no part of the ABI. The tables of driver.h are: they are defined, not only named.
cat "$SOURCE"/include/pca/*.h | without_comments >"$work/headers"
sed -n 's/^typedef struct \(pca_[a-z_]*\) \1;$/\1/p' "$work/headers" | sort >"$work/named"
sed -n 's/.*struct \(pca_[a-z_]*\) {$/\1/p' "$work/headers" | sort >"$work/defined"
printf '[suppress_type]\nname_regexp = ^(%sMDB_.*|mbedtls_.*)$\n' "$(comm -23 "$work/named" "$work/defined" | tr '\n' '|')" \
    >"$work/abi.suppr"

# check_abi BASELINE LIBRARY
check_abi() {
    report=$(abidiff --no-added-syms --suppressions "$work/abi.suppr" "$1" "$2" 2>&1) || printf '%s\n' "$report"
}
architecture() {
    sed -n "1,/>/s/.*architecture='\([^']*\)'.*/\1/p" "$1" | head -n 1
}

"$SOURCE/tools/abi-baseline" "$LIBRARY" "$work/now.abi" || failed 'the published ABI' 'abidw does not read the library'
if ! grep -q '<function-decl .*pca_version' "$work/now.abi"; then
    skipped 'the published ABI' 'the library was built without debugging information'
elif [ "$(architecture "$work/now.abi")" != "$(architecture "$baseline")" ]; then
    skipped 'the published ABI' "it is that of $(architecture "$baseline"), this is $(architecture "$work/now.abi")"
else
    holds 'the published ABI' check_abi "$baseline" "$LIBRARY"
fi

# ---- Controls: a library of three functions, over doctored copies of the public headers ----

cat >"$work/small.c" <<'END'
#include <pca/driver.h>
struct pca_ca {
    int id;
#ifdef GROWN
    int64_t more[4];
#endif
};
struct pca_error {
    int code;
};
int pca_ca_crl_stream(const pca_ca *ca, int format, const struct pca_sink *sink, pca_error *err)
{
    return sink->write(sink->context, (const uint8_t *)ca, (size_t)format, err);
}
PCA_API int pca_now(const struct pca_clock *clock, pca_error *err);
int pca_now(const struct pca_clock *clock, pca_error *err)
{
    int64_t seconds = 0;
    return clock->now(clock->context, &seconds, err) + err->code;
}
#ifndef SHRUNK
PCA_API int pca_ca_key_algorithm(const pca_ca *ca);
int pca_ca_key_algorithm(const pca_ca *ca)
{
    return ca->id;
}
#endif
#ifdef LONGER
PCA_API int pca_newer(const pca_ca *ca);
int pca_newer(const pca_ca *ca)
{
    return ca->id;
}
#endif
END
# small SED-SCRIPT [OPTIONS]: builds it, the script run over its text and the headers, as $work/small.so.
small() {
    rm -rf "$work/small" "$work/small.so"
    mkdir -p "$work/small/pca"
    for header in "$SOURCE"/include/pca/*.h; do
        sed -E "$1" "$header" >"$work/small/pca/${header##*/}"
    done
    sed -E "$1" "$work/small.c" >"$work/small/small.c"
    # shellcheck disable=SC2086
    (cd "$work/small" && $CC -g -shared -fPIC -I. -Wl,-soname,small.so.0 ${2:-} -o ../small.so small.c)
}
allows() {
    small "$2" "${3:-}"
    holds "control: $1" check_abi "$work/small.abi" "$work/small.so"
}
refuses() {
    small "$3" "${4:-}"
    catches "control: $1" "$2" check_abi "$work/small.abi" "$work/small.so"
}
small '' && "$SOURCE/tools/abi-baseline" "$work/small.so" "$work/small.abi"
allows 'the same again' ''
allows 'an opaque type grows' '' -DGROWN
allows 'a function is added' '' -DLONGER
refuses 'a function is removed' pca_ca_key_algorithm '' -DSHRUNK
refuses 'a result changes' pca_ca_key_algorithm 's/int (pca_ca_key_algorithm)/int64_t \1/'
refuses 'an argument changes' pca_ca_crl_stream 's/(pca_ca_crl_stream.*), int format/\1, int64_t format/'
refuses 'an argument is added' pca_now 's/(int pca_now\(const struct pca_clock \*clock), /\1, int64_t zone, /'
refuses 'a callback changes' write 's/(\(\*write\)\(void \*context, const uint8_t \*data), size_t/\1, uint32_t/'
refuses 'a table changes in its midst' seen 's/^    void \*context;/    int64_t seen;\n&/'
refuses 'a table loses its last entry' now 's/^    int \(\*now\)\(void \*context, int64_t \*seconds, pca_error \*err\);//; s/clock->now\(.*\)/0/'
refuses 'the soname changes' small.so.1 '' -Wl,-soname,small.so.1
summary
