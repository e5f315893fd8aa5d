/*
 * pca: libpca on the command line; pca(1) is its manual.
 */
#include "cli.h"

#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct options opt = {.passphrase_fd = -1, .years = -1, .days = -1, .crl_days = -1, .path_length = -1, .expected = -1,
                      .limit = 100, .generation = -1};

const struct poptOption no_options[] = {POPT_TABLEEND};
const struct poptOption region_options[] = {
    {"region", 'r', POPT_ARG_STRING, &opt.region, 0, "The region's directory; default: PCA_REGION", "DIR"},
    {"key-file", 0, POPT_ARG_STRING, &opt.key_file, 0, "Storage key: 32 octets in FILE; default: PCA_KEY_FILE", "FILE"},
    {"passphrase-file", 0, POPT_ARG_STRING, &opt.passphrase_file, 0, "Storage key: the first line of FILE", "FILE"},
    {"passphrase-fd", 0, POPT_ARG_INT, &opt.passphrase_fd, 0, "Storage key: the first line of descriptor N", "N"},
    {"insecure-plain-keys", 0, POPT_ARG_NONE, &opt.plain_keys, 0, "No storage key, for tests", NULL},
    {"actor", 0, POPT_ARG_STRING, &opt.actor, 0, "Who acts; default: the account", "NAME"},
    {"json", 'j', POPT_ARG_NONE, &opt.json, 0, "For machines", NULL},
    {"yes", 'y', POPT_ARG_NONE, &opt.yes, 0, "Do not ask before what cannot be undone", NULL},
    POPT_TABLEEND};
static const struct poptOption first_options[] = {
    {NULL, 0, POPT_ARG_INCLUDE_TABLE, (void *)region_options, 0, NULL, NULL},
    {"version", 0, POPT_ARG_NONE, &opt.version, 0, "The version", NULL},
    {"commands", 0, POPT_ARG_NONE | POPT_ARGFLAG_DOC_HIDDEN, &opt.list, 0, "Every command and its options, for completion", NULL},
    POPT_AUTOHELP POPT_TABLEEND};

static const struct command *const groups[] = {region_commands, ca_commands, quota_commands, request_commands, cert_commands, crl_commands};
#define GROUPS (sizeof groups / sizeof groups[0])

static void list_options(const struct poptOption *options)
{
    for (; options->longName || options->arg; options++)
        if (options->argInfo == POPT_ARG_INCLUDE_TABLE)
            list_options(options->arg);
        else
            printf(" --%s", options->longName);
}

static void list_commands(int with_options)
{
    for (size_t g = 0; g < GROUPS; g++)
        for (const struct command *c = groups[g]; c->noun; c++) {
            char words[64];
            snprintf(words, sizeof words, "%s %s%s%s", c->noun, c->verb ? c->verb : "", c->verb && *c->arguments ? " " : "", c->arguments);
            if (!with_options) {
                printf("  %-26s %s\n", words, c->text);
                continue;
            }
            printf("%s %s", c->noun, c->verb ? c->verb : "-");
            list_options(region_options);
            list_options(c->options);
            putchar('\n');
        }
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

static int usage(const char *what, const char *why)
{
    fprintf(stderr, "pca: %s: %s\n     pca help lists the commands, pca NOUN VERB --help its options\n", what, why);
    return exit_status(PCA_E_INVALID);
}

/* Parses what options there are; the arguments stay in the context. */
static int parse(poptContext context)
{
    int rc = poptGetNextOpt(context);
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
        error_print(s, rc);
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
    int rc = parse(context);
    s.args = rc ? NULL : poptGetArgs(context);
    if (!s.args)
        s.args = none;
    while (s.args[s.count])
        s.count++;
    if (rc == 0 && (s.count < command->least || s.count > command->most))
        rc = usage(command->noun, *command->arguments ? "its arguments are not those that pca NOUN VERB --help shows" : "it takes no arguments");
    if (rc == 0)
        rc = run(&s);
    poptFreeContext(context);
    return rc;
}

static int dispatch(const char **rest)
{
    static const char *argv[1024];
    int argc = 1;
    const struct command *command = find_command(rest[0], rest[1]);
    if (!command)
        return usage(rest[0], "no such command");
    argv[0] = "pca";
    for (const char **word = rest + (command->verb ? 2 : 1); *word; word++) {
        if (argc == 1023)
            return usage(rest[0], "too many arguments");
        argv[argc++] = *word;
    }
    return run_command(command, argc, argv);
}

int main(int argc, char **argv)
{
    setlocale(LC_ALL, "");
    const char *region = getenv("PCA_REGION"), *key_file = getenv("PCA_KEY_FILE");
    poptContext context = poptGetContext("pca", argc, (const char **)argv, first_options, POPT_CONTEXT_POSIXMEHARDER);
    poptSetOtherOptionHelp(context, "[OPTION...] NOUN VERB [OPTION...] [ARGUMENT...]");
    opt.region = region && *region ? strdup(region) : NULL;
    opt.key_file = key_file && *key_file ? strdup(key_file) : NULL;
    int rc = parse(context);
    const char **rest = rc ? NULL : poptGetArgs(context);
    if (rc == 0 && opt.version)
        printf("pca %s\n", pca_version());
    else if (rc == 0 && (opt.list || !rest || strcmp(rest[0], "help") == 0))
        list_commands(opt.list);
    else if (rc == 0)
        rc = dispatch(rest);
    poptFreeContext(context);
    return rc;
}
