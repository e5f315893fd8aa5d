/*
 * pca: libpca on the command line; pca(1) is its manual.
 */
#include "cli.h"

#include <limits.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The least there is: no number that may be given is below 0. */
#define NO_FD INT_MIN
#define NONE LLONG_MIN
struct options opt = {.key_of_region.passphrase_fd = NO_FD, .fresh_key.passphrase_fd = NO_FD, .pin_fd = NO_FD, .map_limit = NONE,
                      .months = NONE, .years = NONE, .days = NONE, .crl_days = NONE, .path_length = NONE, .expected = NONE,
                      .limit = NONE, .generation = NONE, .within = NONE, .first_row = NONE, .next_crl_number = NONE,
                      .changed_since = NONE, .dual = -1, .with_crl = -1};

const struct poptOption no_options[] = {POPT_TABLEEND};
const struct poptOption region_options[] = {
    {"region", 'r', POPT_ARG_STRING, &opt.region, 0, "The region's directory; default: PCA_REGION", "DIR"},
    {"key-file", 0, POPT_ARG_STRING, &opt.key_of_region.key_file, 0, "Storage key: 32 octets in FILE; default: PCA_KEY_FILE", "FILE"},
    {"passphrase-file", 0, POPT_ARG_STRING, &opt.key_of_region.passphrase_file, 0, "Storage key: the first line of FILE", "FILE"},
    {"passphrase-fd", 0, POPT_ARG_INT, &opt.key_of_region.passphrase_fd, 0, "Storage key: the first line of descriptor N", "N"},
    {"insecure-plain-keys", 0, POPT_ARG_NONE, &opt.key_of_region.plain_keys, 0, "No storage key, for tests", NULL},
    {"map-limit", 0, POPT_ARG_LONGLONG, &opt.map_limit, 0, "Most octets that the store may grow to", "N"},
    {"driver", 0, POPT_ARG_ARGV, &opt.driver, 0, "A driver for key containers, [NAME=]FILE[:ARGUMENT]; default: PCA_DRIVER", "DRIVER"},
    {"login", 0, POPT_ARG_ARGV, &opt.login, 0, "Open a session with the token where a CA's key is", "DRIVER:SLOT"},
    {NULL, 0, POPT_ARG_INCLUDE_TABLE, (void *)pin_options, 0, NULL, NULL},
    {"actor", 0, POPT_ARG_STRING, &opt.actor, 0, "Who acts; default: the account", "NAME"},
    {"json", 'j', POPT_ARG_NONE, &opt.json, 0, "For machines", NULL},
    {"yes", 'y', POPT_ARG_NONE, &opt.yes, 0, "Do not ask before what cannot be undone", NULL},
    POPT_TABLEEND};
static const struct poptOption first_options[] = {
    {NULL, 0, POPT_ARG_INCLUDE_TABLE, (void *)region_options, 0, NULL, NULL},
    {"version", 0, POPT_ARG_NONE, &opt.version, 0, "The version", NULL},
    {"commands", 0, POPT_ARG_NONE | POPT_ARGFLAG_DOC_HIDDEN, &opt.list, 0, "Every command and its options, for completion", NULL},
    POPT_AUTOHELP POPT_TABLEEND};

#define FIRST_STEPS                                                                                                                    \
    "A CA and its first certificate, the storage key being 32 octets in a file that is yours alone:\n"                                  \
    "  export PCA_REGION=DIR PCA_KEY_FILE=FILE\n"                                                                                        \
    "  pca region create ID\n"                                                                                                           \
    "  pca root purchase --months 120\n"                                                                                                 \
    "  pca root enable --cn \"Acme Root\" --alias root\n"                                                                                \
    "  pca sub enable --cn \"Acme Issuing\" --alias issuing --crl-url URL\n"                                                             \
    "  pca request server db1.internal --years 1 --out DIR --plain-key\n"                                                                \
    "  pca cert revoke serial:HEX\n"                                                                                                     \
    "  pca crl make issuing --out FILE\n"                                                                                                \
    "pca help lists every command, pca NOUN VERB --help its options; pca(1) is the manual."

static const struct command *const groups[] = {region_commands,  ca_commands,   join_commands, quota_commands,
                                               request_commands, cert_commands, crl_commands};
#define GROUPS (sizeof groups / sizeof groups[0])

/* For completion: "NOUN VERB --option --option=", '-' for none; then "= OPTION WORD..." for what an option takes. */
static void list_options(const struct poptOption *options)
{
    for (; options->longName || options->arg; options++)
        if (options->argInfo == POPT_ARG_INCLUDE_TABLE)
            list_options(options->arg);
        else
            printf(" --%s%s", options->longName, options->argDescrip ? "=" : "");
}

static void list_words(void)
{
    static const char *const options[] = {"kind", "family", "key", "ca-state", "type", "status", "reason", "format"};
    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++) {
        printf("= --%s", options[i]);
        for (const struct word *word = words_of_option(options[i]); word->text; word++)
            printf(" %s", word->text);
        putchar('\n');
    }
}

static void list_for_completion(void)
{
    printf("- -");
    list_options(region_options);
    puts(" --version --help");
    for (size_t g = 0; g < GROUPS; g++)
        for (const struct command *c = groups[g]; c->noun; c++) {
            printf("%s %s", c->noun, c->verb ? c->verb : "-");
            list_options(region_options);
            list_options(c->options);
            puts(" --help");
        }
    list_words();
}

/* Of one noun, or all. Returns how many there are. */
static int list_commands(FILE *stream, const char *noun)
{
    int count = 0;
    for (size_t g = 0; g < GROUPS; g++)
        for (const struct command *c = groups[g]; c->noun; c++) {
            char words[64];
            if (noun && strcmp(noun, c->noun) != 0)
                continue;
            snprintf(words, sizeof words, "%s %s%s%s", c->noun, c->verb ? c->verb : "", c->verb && *c->arguments ? " " : "", c->arguments);
            fprintf(stream, "  %-35s %s\n", words, c->text);
            count++;
        }
    return count;
}

/* A noun's verb, else the noun alone. */
static const struct command *find_command(const char *noun, const char *verb)
{
    const struct command *alone = NULL;
    for (size_t g = 0; g < GROUPS; g++)
        for (const struct command *c = groups[g]; c->noun; c++) {
            if (strcmp(c->noun, noun) != 0)
                continue;
            if (c->verb && verb && strcmp(c->verb, verb) == 0)
                return c;
            if (!c->verb)
                alone = c;
        }
    return alone;
}

static int asks_for_json(const char *const *words)
{
    for (; *words && strcmp(*words, "--") != 0; words++)
        if (strcmp(*words, "--json") == 0 || strcmp(*words, "-j") == 0)
            return 1;
    return 0;
}

static int usage(const char *what, const char *why)
{
    char message[512];
    pca_error *error = pca_error_new();
    snprintf(message, sizeof message, "%s: %s", what, why);
    pca_error_set(error, PCA_E_INVALID, 0, message);
    error_print(error, PCA_E_INVALID, "pca help lists the commands, pca NOUN VERB --help its options", 0);
    pca_error_free(error);
    return exit_status(PCA_E_INVALID);
}

/* The option whose number is below 0, which none may be. */
static const char *negative_option(const struct poptOption *options)
{
    const char *name = NULL;
    for (; !name && (options->longName || options->arg); options++) {
        int kind = (int)(options->argInfo & POPT_ARG_MASK);
        if (kind == POPT_ARG_INCLUDE_TABLE)
            name = negative_option(options->arg);
        else if ((kind == POPT_ARG_LONGLONG && *(long long *)options->arg < 0 && *(long long *)options->arg != NONE) ||
                 (kind == POPT_ARG_INT && *(int *)options->arg < 0 && *(int *)options->arg != NO_FD))
            name = options->longName;
    }
    return name;
}

/* popt leaves the texts that it made to us. */
static void free_options(const struct poptOption *options)
{
    for (; options->longName || options->arg; options++) {
        int kind = (int)(options->argInfo & POPT_ARG_MASK);
        if (kind == POPT_ARG_INCLUDE_TABLE) {
            free_options(options->arg);
        } else if (kind == POPT_ARG_STRING) {
            char **text = options->arg;
            free(*text);
            *text = NULL;
        } else if (kind == POPT_ARG_ARGV) {
            char ***texts = options->arg;
            for (char **text = *texts; text && *text; text++)
                free(*text);
            free(*texts);
            *texts = NULL;
        }
    }
}

/* Parses what options there are; the arguments stay in the context. */
static int parse(poptContext context, const struct poptOption *options)
{
    int rc = poptGetNextOpt(context);
    const char *negative = rc < -1 ? NULL : negative_option(options);
    if (negative) {
        char name[64];
        snprintf(name, sizeof name, "--%s", negative);
        return usage(name, "a number below 0");
    }
    return rc < -1 ? usage(poptBadOption(context, POPT_BADOPTION_NOALIAS), poptStrerror(rc)) : 0;
}

static int run(struct session *s)
{
    s->err = pca_error_new();
    s->config = pca_config_new();
    s->request = pca_request_new();
    int rc = session_open(s);
    if (rc == PCA_OK)
        rc = s->command->run(s);
    if (rc == PCA_OK && (fflush(stdout) != 0 || ferror(stdout)))
        rc = refuse(s, PCA_E_STORAGE, "cannot write to standard output");
    if (rc != PCA_OK) {
        fflush(stdout);
        error_print(s->err, rc, NULL, s->next_row);
    }
    session_end(s);
    return exit_status(rc);
}

static int run_command(const struct command *command, int argc, const char **argv)
{
    static const char *none[] = {NULL, NULL};
    struct poptOption all[] = {{NULL, 0, POPT_ARG_INCLUDE_TABLE, (void *)command->options, 0, "Options of this command:", NULL},
                               {NULL, 0, POPT_ARG_INCLUDE_TABLE, (void *)region_options, 0, "Options of every command:", NULL},
                               POPT_AUTOHELP POPT_TABLEEND};
    char line[128];
    struct session s = {.command = command};
    snprintf(line, sizeof line, "%s %s%s[OPTION...]", command->noun, command->verb ? command->verb : "", command->verb ? " " : "");
    if (*command->arguments)
        snprintf(line + strlen(line), sizeof line - strlen(line), " %s", command->arguments);
    poptContext context = poptGetContext("pca", argc, argv, all, 0);
    poptSetOtherOptionHelp(context, line);
    int rc = parse(context, all);
    s.args = rc ? NULL : poptGetArgs(context);
    if (!s.args)
        s.args = none;
    while (s.args[s.count])
        s.count++;
    if (rc == 0 && (s.count < command->least || s.count > command->most)) {
        char why[160];
        snprintf(why, sizeof why, "it is called so: pca %s", line);
        rc = usage(command->noun, why);
    }
    if (rc == 0)
        rc = run(&s);
    free_options(command->options);
    poptFreeContext(context);
    return rc;
}

static int dispatch(const char **rest)
{
    const struct command *command = find_command(rest[0], rest[1]);
    int argc = 0;
    if (!command && !opt.json && rest[1] && list_commands(stderr, rest[0]))
        return usage(rest[1], "no such verb; those there are stand above");
    if (!command)
        return usage(rest[0], rest[1] ? "no such command" : "no such command, or it needs a verb");
    rest += command->verb ? 1 : 0; /* the last word of the command stands where the program's name would */
    while (rest[argc])
        argc++;
    const char **argv = calloc((size_t)argc + 1, sizeof *argv);
    if (!argv)
        return exit_status(PCA_E_NO_MEMORY);
    memcpy(argv, rest, (size_t)argc * sizeof *argv);
    argv[0] = "pca";
    int rc = run_command(command, argc, argv);
    free(argv);
    return rc;
}

static int help(const char *noun)
{
    if (!list_commands(stdout, noun))
        return usage(noun, "no such command");
    if (!noun)
        puts("\n" FIRST_STEPS); /* last, since the list is longer than a screen */
    return 0;
}

int main(int argc, char **argv)
{
    setlocale(LC_ALL, "");
    poptContext context = poptGetContext("pca", argc, (const char **)argv, first_options, POPT_CONTEXT_POSIXMEHARDER);
    poptSetOtherOptionHelp(context, "[OPTION...] NOUN VERB [OPTION...] [ARGUMENT...]\n\n" FIRST_STEPS "\n");
    opt.json = asks_for_json((const char *const *)argv + 1); /* so that what is wrong with an option before it is told as JSON too */
    int rc = parse(context, region_options);
    const char **rest = rc ? NULL : poptGetArgs(context);
    if (rc == 0 && opt.version)
        printf("pca %s\n", pca_version());
    else if (rc == 0 && opt.list)
        list_for_completion();
    else if (rc == 0 && (!rest || strcmp(rest[0], "help") == 0))
        rc = help(rest ? rest[1] : NULL);
    else if (rc == 0)
        rc = dispatch(rest);
    free_options(region_options);
    poptFreeContext(context);
    return rc;
}
