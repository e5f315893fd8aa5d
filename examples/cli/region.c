/* The region as a whole: create, show, tree, check, stat, policies, copies. */
#include "cli.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static json_object *region_object(struct session *s)
{
    json_object *object = json_object_new_object();
    put_text(object, "region", pca_region_id(s->region));
    put_text(object, "path", opt.region);
    return object;
}

static int create(struct session *s)
{
    int rc = pca_region_create(opt.region, s->args[0], s->config, &s->region, s->err);
    if (rc == PCA_OK)
        output_object(s->out = region_object(s));
    return rc;
}

static int stat_run(struct session *s)
{
    pca_stat *stat = NULL;
    int rc = pca_region_stat(s->region, &stat, s->err);
    if (rc != PCA_OK)
        return rc;
    s->out = region_object(s);
    put_number(s->out, "cas", (int64_t)pca_stat_cas(stat));
    put_number(s->out, "certificates", (int64_t)pca_stat_certs(stat));
    put_number(s->out, "last_change", (int64_t)pca_stat_sequence(stat));
    put_number(s->out, "octets", (int64_t)pca_stat_octets(stat));
    put_number(s->out, "limit", (int64_t)pca_stat_limit(stat));
    put_number(s->out, "free_octets", (int64_t)pca_stat_free_octets(stat));
    put_number(s->out, "held_octets", (int64_t)pca_stat_held_octets(stat));
    put_number(s->out, "readers", (int64_t)pca_stat_readers(stat));
    put_number(s->out, "reader_lag", (int64_t)pca_stat_reader_lag(stat));
    put_time(s->out, "time", pca_stat_time(stat));
    pca_stat_free(stat);
    output_object(s->out);
    return PCA_OK;
}

static int check(struct session *s)
{
    busy_begin("check");
    int rc = pca_region_check(s->region, s->err);
    busy_end();
    if (rc != PCA_OK)
        return rc;
    s->out = region_object(s);
    put_text(s->out, "check", "every record, index and sum is right");
    output_object(s->out);
    return PCA_OK;
}

static int accept_clock(struct session *s)
{
    int rc = confirm(s, "Accept the system's clock for region %s", pca_region_id(s->region));
    if (rc == PCA_OK)
        rc = pca_region_accept_clock(s->region, s->err);
    return rc ? rc : stat_run(s);
}

static int change_key(struct session *s)
{
    pca_config *fresh = pca_config_new();
    int rc = fresh ? fresh_key(s, fresh) : PCA_E_NO_MEMORY;
    if (rc == PCA_OK)
        rc = pca_region_change_storage_key(s->region, fresh, s->err);
    pca_config_free(fresh);
    if (rc == PCA_OK)
        output_object(s->out = region_object(s));
    return rc;
}

/* In slices, so that no other writer waits for long. */
static int run_due(struct session *s)
{
    enum { SLICE = 1000 };
    uint64_t left = limit_or(UINT64_MAX), all = 0, done = 0, most = 0;
    int rc = PCA_OK;
    do {
        most = left < SLICE ? left : SLICE;
        rc = most ? pca_region_run_due(s->region, most, &done, s->err) : PCA_OK;
        all += done;
        left -= done;
    } while (rc == PCA_OK && most && done == most);
    if (rc != PCA_OK)
        return rc;
    s->out = region_object(s);
    put_number(s->out, "done", (int64_t)all);
    output_object(s->out);
    return PCA_OK;
}

/* ---- Copies ---- */

static int from_stdin(void *context, uint8_t *buffer, size_t size, size_t *got, pca_error *err)
{
    (void)err;
    *got = fread(buffer, 1, size, context);
    return ferror((FILE *)context) ? PCA_E_STORAGE : PCA_OK;
}

static int backup(struct session *s)
{
    const pca_progress bar = {PCA_PROGRESS_VERSION, (void *)"backup", progress};
    int stream = strcmp(s->args[0], "-") == 0;
    if (stream && isatty(STDOUT_FILENO))
        return refuse(s, PCA_E_INVALID, "a backup is not for a terminal: pca backup - >FILE, or pca backup FILE");
    interrupts_note();
    int rc = stream ? pca_region_backup(s->region, &stdout_sink, &bar, s->err) : pca_region_backup_write(s->region, s->args[0], &bar, s->err);
    if (rc != PCA_OK || stream)
        return rc;
    s->out = region_object(s);
    put_text(s->out, "backup", s->args[0]);
    output_object(s->out);
    return PCA_OK;
}

static int restore(struct session *s)
{
    const pca_progress bar = {PCA_PROGRESS_VERSION, (void *)"restore", progress};
    const pca_source source = {PCA_SOURCE_VERSION, stdin, from_stdin};
    interrupts_note();
    int rc = strcmp(s->args[0], "-") == 0 ? pca_region_restore(opt.region, &source, s->config, &bar, &s->region, s->err)
                                          : pca_region_restore_read(opt.region, s->args[0], s->config, &bar, &s->region, s->err);
    if (rc == PCA_OK)
        output_object(s->out = region_object(s));
    return rc;
}

static int compact(struct session *s)
{
    const pca_progress bar = {PCA_PROGRESS_VERSION, (void *)"compact", progress};
    interrupts_note();
    int rc = pca_region_compact(s->region, s->args[0], &bar, s->err);
    if (rc != PCA_OK)
        return rc;
    s->out = region_object(s);
    put_text(s->out, "compacted", s->args[0]);
    output_object(s->out);
    return PCA_OK;
}

/* ---- Policies ---- */

static int policy_row(struct session *s, uint64_t index)
{
    const char *name, *unit;
    int64_t value, usual, minimum, maximum;
    pca_policy_at(index, &name, &usual, &minimum, &maximum, &unit);
    int rc = pca_region_policy_get(s->region, name, &value, s->err);
    if (rc != PCA_OK)
        return rc;
    json_object *row = json_object_new_object();
    put_text(row, "name", name);
    put_number(row, "value", value);
    put_number(row, "default", usual);
    put_number(row, "minimum", minimum);
    put_number(row, "maximum", maximum);
    put_text(row, "unit", unit);
    put_text(row, "text", pca_policy_text(name));
    json_object_array_add(s->out, row);
    return PCA_OK;
}

static int policy_list(struct session *s)
{
    static const struct column columns[] = {{"name", "POLICY", 0},           {"value", "VALUE", RIGHT},     {"default", "DEFAULT", RIGHT},
                                            {"minimum", "MINIMUM", RIGHT},   {"maximum", "MAXIMUM", RIGHT}, {"unit", "UNIT", 0},
                                            {NULL, NULL, 0}};
    int rc = PCA_OK;
    s->out = json_object_new_array();
    for (uint64_t i = 0; rc == PCA_OK && i < pca_policy_count(); i++)
        rc = policy_row(s, i);
    if (rc == PCA_OK)
        output_rows(s->out, columns);
    return rc;
}

static int policy_show(struct session *s)
{
    int64_t value;
    int rc = pca_region_policy_get(s->region, s->args[0], &value, s->err);
    if (rc != PCA_OK)
        return rc;
    s->out = json_object_new_object();
    put_text(s->out, "policy", s->args[0]);
    put_number(s->out, "value", value);
    put_text(s->out, "text", pca_policy_text(s->args[0]));
    output_object(s->out);
    return PCA_OK;
}

static int policy_set(struct session *s)
{
    uint64_t value = 0;
    int rc = number(s, s->args[1], s->args[0], &value);
    if (rc == PCA_OK)
        rc = pca_region_policy_set(s->region, s->args[0], (int64_t)value, s->err);
    return rc ? rc : policy_show(s);
}

/* ---- The tree ---- */

static int tree(struct session *s)
{
    static const struct column columns[] = {
        {"name", "NAME", TREE | CUT},         {"id", "ID", RIGHT},               {"kind", "KIND", WIDE},
        {"key", "KEY", 0},               {"condition", "STATE", COLOUR},    {"service_end", "TERM ENDS", DATE},
        {"not_after", "CERT ENDS", DATE}, {"remaining", "LEFT", RIGHT}, {"reserved", "RESERVED", RIGHT | WIDE},
        {"issued", "ISSUED", RIGHT},     {NULL, NULL, 0}};
    s->out = json_object_new_array();
    json_object *top = json_object_new_object();
    char name[128];
    snprintf(name, sizeof name, "region %s", pca_region_id(s->region));
    put_text(top, "name", opt.json ? pca_region_id(s->region) : name);
    if (!opt.json) {
        put_number(top, "id", 0);
        json_object_array_add(s->out, top);
    }
    int rc = each_ca(s, NULL, add_ca_row);
    if (rc == PCA_OK && !opt.json)
        json_object_object_del(top, "id");
    if (rc == PCA_OK && opt.json) {
        json_object *all = json_object_new_object();
        put_text(all, "region", pca_region_id(s->region));
        json_object_object_add(all, "cas", s->out);
        s->out = all;
    }
    if (opt.json)
        json_object_put(top);
    if (rc == PCA_OK)
        output_rows(s->out, columns);
    return rc;
}

static const struct poptOption change_options[] = {
    {"new-key-file", 0, POPT_ARG_STRING, &opt.fresh_key.key_file, 0, "The new storage key: 32 octets in FILE", "FILE"},
    {"new-passphrase-file", 0, POPT_ARG_STRING, &opt.fresh_key.passphrase_file, 0, "The new storage key: the first line of FILE", "FILE"},
    {"new-passphrase-fd", 0, POPT_ARG_INT, &opt.fresh_key.passphrase_fd, 0, "The new storage key: the first line of descriptor N", "N"},
    {"new-insecure-plain-keys", 0, POPT_ARG_NONE, &opt.fresh_key.plain_keys, 0, "No storage key, for tests", NULL},
    POPT_TABLEEND};
static const struct poptOption due_options[] = {LIMIT_OPTION, POPT_TABLEEND};

const struct command region_commands[] = {
    {"region", "create", "ID", "Make an empty region in the directory of --region", 1, 1, CREATES, no_options, create},
    {"region", "show", "", "What is in the region, and the room it takes", 0, 0, READS, no_options, stat_run},
    {"region", "accept-clock", "", "Accept a clock that has jumped forward", 0, 0, WRITES, no_options, accept_clock},
    {"region", "change-key", "", "Seal it under another storage key", 0, 0, WRITES, change_options, change_key},
    {"region", "run-due", "", "Do what time has made due: reviews and units that lapse, CRLs", 0, 0, WRITES, due_options, run_due},
    {"region", "compact", "DIR", "Write the region anew into DIR, without what was deleted", 1, 1, WRITES, no_options, compact},
    {"tree", NULL, "", "Every CA with its state, terms and certificates left", 0, 0, READS, no_options, tree},
    {"stat", NULL, "", "What is in the region, and the room it takes", 0, 0, READS, no_options, stat_run},
    {"check", NULL, "", "Verify every record, index and sum of the region", 0, 0, READS, no_options, check},
    {"backup", NULL, "FILE", "Write the whole region into a file, or - for standard output", 1, 1, WRITES, no_options, backup},
    {"restore", NULL, "FILE", "Make a region at --region of a backup, or of - for standard input", 1, 1, RESTORES, no_options, restore},
    {"policy", "list", "", "The region's limits, their defaults and ranges", 0, 0, READS, no_options, policy_list},
    {"policy", "show", "POLICY", "One limit and what it means", 1, 1, READS, no_options, policy_show},
    {"policy", "set", "POLICY VALUE", "Change a limit", 2, 2, WRITES, no_options, policy_set},
    {0},
};
