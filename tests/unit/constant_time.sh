#!/bin/sh
# constant_time.sh PROGRAM: no branch and no address of the library's own depends on a secret of SM2 or SM4.
# constant_time.sh absent|sanitized: why there is no program
. "$(dirname "$0")/../cases.sh"

program=$1
suppressions=$(dirname "$0")/constant_time.supp
good='sign generate encrypt_and_decrypt envelope sm4'
bad='look_up branch'

memcheck() {
    valgrind -q --error-exitcode=9 --suppressions="$suppressions" "$program" "$1" 2>&1
}

for name in $good $bad; do
    if [ "$program" = absent ] || ! command -v valgrind >/dev/null; then
        missing "constant_time_$name" "valgrind, or its headers when the build was set up"
    elif [ "$program" = sanitized ]; then
        skipped "constant_time_$name" "valgrind does not go with a sanitizer"
    else
        wanted=0
        case " $bad " in *" $name "*) wanted=9 ;; esac
        output=$(memcheck "$name")
        status=$?
        if [ "$status" -eq "$wanted" ]; then
            passed "constant_time_$name"
        else
            failed "constant_time_$name" "status $status instead of $wanted"
            printf '%s\n' "$output"
        fi
    fi
done
summary
