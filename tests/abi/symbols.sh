#!/bin/sh
# A library is a guest: it keeps no writable globals but one, and calls nothing that prints, ends the process, reads the
# environment or shares a static buffer.
set -u
. "$(dirname "$0")/checks.sh"

# The table of open stores, with its lock: LMDB breaks when a process opens one file twice.
global='store_environment.c.o table'

# check_globals ARCHIVE: "object symbol section" of what is writable. .data.rel.ro is read-only once it is relocated.
check_globals() {
    "$NM" -A -f sysv "$1" | awk -F'|' 'NF == 7 {
        gsub(/ /, "", $NF)
        if ($NF ~ /^\.(data|bss|tdata|tbss)/ && $NF !~ /^\.data\.rel\.ro/ || $NF ~ /COM/) {
            n = split($1, name, ":"); object = name[n - 1]; sub(/.*\//, "", object); gsub(/ /, "", name[n])
            print object, name[n], $NF
        }
    }' | grep -vF "$global ." || :
}

forbidden='
    printf vprintf fprintf vfprintf dprintf vdprintf puts fputs putchar fputc putc _IO_putc fwrite perror psignal syslog vsyslog
    stdout stderr stdin
    abort exit _exit _Exit quick_exit atexit __assert_fail raise kill pthread_exit
    getenv secure_getenv environ __environ setenv putenv unsetenv clearenv
    signal sigaction setlocale umask chdir fchdir fork vfork system popen rand srand random srandom
    time gettimeofday gmtime gmtime_r localtime localtime_r mktime timegm strftime ctime ctime_r asctime asctime_r
    strerror strsignal strtok inet_ntoa gethostbyname getpwnam getpwuid getgrgid ttyname
    gets strcpy strcat stpcpy sprintf vsprintf scanf sscanf fscanf alloca
    mbedtls_x509_string_to_names mbedtls_x509_set_extension mbedtls_pkcs5_pbes2 mbedtls_pkcs5_pbes2_ext mbedtls_pkcs12_pbe
    mbedtls_pkcs12_pbe_ext psa_crypto_init'

# check_calls ARCHIVE WORDS: those that an object asks for, also under the names that the C library's headers give them.
check_calls() {
    "$NM" -u "$1" | awk -v list="$2" '
        BEGIN { n = split(list, word, " "); for (i = 1; i <= n; i++) bad[word[i]] = 1 }
        /:$/ { object = $0; next }
        NF {
            name = plain = $NF
            sub(/@.*/, "", plain)
            if (!(plain in bad)) { sub(/_chk$/, "", plain); sub(/^__/, "", plain); sub(/^isoc[0-9]+_/, "", plain); sub(/64$/, "", plain) }
            if (plain in bad) print object " " name
        }'
}

# object NAME C-TEXT
object() {
    # shellcheck disable=SC2086
    printf '%s\n' "$2" | $CC -x c -fno-builtin -fPIC -c -o "$work/$1" - && rm -f "$work/${1%.o}.a" &&
        ar rc "$work/${1%.o}.a" "$work/$1"
}

if [ "$INSTRUMENTED" = 1 ]; then
    skipped 'no writable globals but one' 'an instrumented build adds its own'
else
    holds 'no writable globals but one' check_globals "$ARCHIVE"
    "$NM" -A -f sysv "$ARCHIVE" | grep -F 'store_environment.c.o:table ' | grep -q '|\.bss *$' && passed 'the one is where it was' ||
        failed 'the one is where it was' "no such writable symbol: $global"
fi
holds 'no forbidden calls' check_calls "$ARCHIVE" "$forbidden"
holds 'pitfall_28: mbedtls_x509_string_to_names is never called' check_calls "$ARCHIVE" mbedtls_x509_string_to_names

object globals.o 'static int counter; int pcai_next(void); int pcai_next(void) { return ++counter; }'
catches 'control: a counter' 'globals.o counter .bss' check_globals "$work/globals.a"
object local.o 'int pcai_next(void); int pcai_next(void) { static int inside = 7; return ++inside; }'
catches 'control: a static in a function' inside check_globals "$work/local.a"
object thread.o '__thread int pcai_last = 1;'
catches 'control: one for each thread' 'thread.o pcai_last .tdata' check_globals "$work/thread.a"
object pointer.o 'static const char *name = "a"; const char *pcai_name(const char *to); const char *pcai_name(const char *to) { const char *was = name; name = to; return was; }'
catches 'control: a pointer that can be set' 'pointer.o name .data' check_globals "$work/pointer.a"
object other.o 'int table; int *pcai_table(void); int *pcai_table(void) { return &table; }'
catches 'control: the same name elsewhere' 'other.o table' check_globals "$work/other.a"
object constant.o 'static const char *const names[] = {"a", "b"}; const char *pcai_name(int i); const char *pcai_name(int i) { return names[i]; }'
holds 'control: a constant table is none' check_globals "$work/constant.a"

# Every forbidden word in one object: each must be seen.
for word in $forbidden; do
    printf 'extern char %s[]; char *use_%s = %s;\n' "$word" "$word" "$word"
done >"$work/all.c"
# shellcheck disable=SC2046
object all.o "$(cat "$work/all.c")" 2>/dev/null && check_calls "$work/all.a" "$forbidden" | awk '{ print $NF }' | sort -u >"$work/seen"
printf '%s\n' $forbidden | sort -u >"$work/words"
missed=$(comm -13 "$work/seen" "$work/words")
[ -z "$missed" ] && passed 'control: every forbidden word is seen' || failed 'control: every forbidden word is seen' "$missed"
object fortified.o 'extern char __printf_chk[], __isoc99_sscanf[]; char *a = __printf_chk, *b = __isoc99_sscanf;'
catches 'control: a fortified name' '__printf_chk' check_calls "$work/fortified.a" "$forbidden"
catches 'control: a name of another C standard' '__isoc99_sscanf' check_calls "$work/fortified.a" "$forbidden"
object names.o 'extern char mbedtls_x509_string_to_names[]; char *a = mbedtls_x509_string_to_names;'
catches 'control: pitfall_28' mbedtls_x509_string_to_names check_calls "$work/names.a" mbedtls_x509_string_to_names
object allowed.o 'extern char snprintf[], clock_gettime[], mbedtls_md[]; char *a = snprintf, *b = clock_gettime, *c = mbedtls_md;'
holds 'control: what is allowed is let through' check_calls "$work/allowed.a" "$forbidden"
summary
