# What a test script says, sourced as:  . "$(dirname "$0")/../cases.sh"
#
#   passed NAME
#   failed NAME WHY
#   skipped NAME WHY     what it would have needed
#   missing NAME WHAT    skipped, but a failure where CI=true, since CI has everything
#   summary              last; exits with 0, with 1 if a case failed or there was none, with 77 if all were skipped
#
# It reads as cmocka's output does, so that tools/test counts the cases of scripts and of C programs alike.

cases_passed=0 cases_failed=0 cases_skipped=0

passed() {
    cases_passed=$((cases_passed + 1))
    printf '[       OK ] %s\n' "$1"
}
failed() {
    cases_failed=$((cases_failed + 1))
    printf '[  FAILED  ] %s: %s\n' "$1" "$2"
}
skipped() {
    cases_skipped=$((cases_skipped + 1))
    printf '[  SKIPPED ] %s: %s\n' "$1" "$2"
}
missing() {
    if [ "${CI:-}" = true ]; then failed "$@"; else skipped "$@"; fi
}
summary() {
    printf '[  PASSED  ] %d test(s).\n' "$cases_passed"
    [ "$cases_skipped" -eq 0 ] || printf '[  SKIPPED ] %d test(s).\n' "$cases_skipped"
    [ "$cases_failed" -eq 0 ] || printf '[  FAILED  ] %d test(s).\n' "$cases_failed"
    [ "$cases_failed" -eq 0 ] || exit 1
    [ "$cases_passed" -eq 0 ] || exit 0
    [ "$cases_skipped" -eq 0 ] || exit 77
    exit 1
}
