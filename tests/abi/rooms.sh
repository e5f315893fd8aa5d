#!/bin/sh
# Includes go down only: api -> ca -> {x509, keys, store} -> crypto -> base, and third-party headers stay in one room each.
set -u
. "$(dirname "$0")/checks.sh"

# check_rooms TREE
check_rooms() {
    (cd "$1" && grep -nE '^[[:space:]]*#[[:space:]]*include' src/*/*.[ch] src/*.[ch] include/*/*.h 2>/dev/null) | awk '
        BEGIN {
            below["base"] = " base "
            below["crypto"] = " crypto" below["base"]
            below["x509"] = " x509" below["crypto"]
            below["keys"] = " keys" below["crypto"]
            below["store"] = " store" below["crypto"]
            below["ca"] = " ca x509 keys store" below["crypto"]
            below["api"] = " api" below["ca"]
            keeper["mbedtls"] = keeper["psa"] = "crypto"
            keeper["lmdb.h"] = "store"
        }
        {
            where = $0; sub(/:[^:]*$/, "", where)
            split($0, part, ":"); file = part[1]; line = part[2]
            n = split(file, path, "/"); public = path[1] == "include"; room = public ? "include" : n == 3 ? path[2] : "src"
            text = $0; sub(/^[^:]*:[0-9]*:/, "", text)
            at = file ":" line ": " text
            quoted = text ~ /include[ \t]*"/
            target = text; sub(/^[^"<]*["<]/, "", target); sub(/[">].*/, "", target)
            first = target; sub(/\/.*/, "", first)
            seen++
            if (!public && !(room in below)) { print at ": no such room"; next }
            if (first in keeper) { if (room != keeper[first]) print at ": only src/" keeper[first] " may"; next }
            if (public) { if (quoted ? target != "pca.h" : target !~ /^std(def|int)\.h$/) print at ": public headers stand alone"; next }
            if (first == "pca") next
            if (first in below || quoted) { if (index(below[room], " " first " ") == 0 || target !~ /\//) print at ": not below " room }
        }
        END { if (seen < 2) print "no includes were understood" }'
}

holds 'includes go down, third-party headers have one room' check_rooms "$SOURCE"

# control NAME FILE LINE WORDS: the line added to the file.
control() {
    rm -rf "$work/tree"
    mkdir "$work/tree"
    cp -R "$SOURCE/src" "$SOURCE/include" "$work/tree"
    printf '%s\n' "$3" >>"$work/tree/$2"
    catches "control: $1" "$2:$(wc -l <"$work/tree/$2"): $3: $4" check_rooms "$work/tree"
}
control 'crypto up to x509' src/crypto/seal.c '#include "x509/oid.h"' 'not below crypto'
control 'base up to store' src/base/text.h '#include "store/store.h"' 'not below base'
control 'ca up to api' src/ca/root.c '#  include "api/shell.h"' 'not below ca'
control 'x509 sideways to store' src/x509/csr.c '#include <store/store.h>' 'not below x509'
control 'store sideways to keys' src/store/gate.c '#include "keys/keyring.h"' 'not below store'
control 'keys sideways to x509' src/keys/keyring.c '#include "x509/pem.h"' 'not below keys'
control 'a header without its room' src/ca/root.c '#include "records.h"' 'not below ca'
control 'mbedTLS outside crypto' src/x509/pem.c '#include <mbedtls/pem.h>' 'only src/crypto may'
control 'PSA outside crypto' src/keys/keyring.c '#include "psa/crypto.h"' 'only src/crypto may'
control 'LMDB outside store' src/ca/check.c '#include <lmdb.h>' 'only src/store may'
control 'LMDB in a public header' include/pca/driver.h '#include <lmdb.h>' 'only src/store may'
control 'the inside in a public header' include/pca/pca.h '#include "base/der.h"' 'public headers stand alone'
summary
