#include "x509/lint_internal.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

static const struct lint_group *const groups[] = {&pcai_lints_fields, &pcai_lints_time,  &pcai_lints_names,      &pcai_lints_san,
                                                  &pcai_lints_key,    &pcai_lints_usage, &pcai_lints_extensions, &pcai_lints_crl,
                                                  &pcai_lints_entry,  &pcai_lints_verifiers};

/* The place of one more finding. An error takes a note's when all are taken; NULL: none is left. */
static struct finding *place(struct findings *findings, int severity)
{
    if (findings->count < PCAI_FINDINGS_MAX)
        return &findings->at[findings->count++];
    for (size_t i = findings->count; severity == LINT_ERROR && i-- > 0;)
        if (findings->at[i].severity == LINT_NOTE)
            return &findings->at[i];
    return NULL;
}

void pcai_lint_found(struct lint_run *run, int severity, const char *field, const char *format, ...)
{
    struct finding *f = place(run->findings, severity);
    if (!f)
        return;
    va_list arguments;
    va_start(arguments, format);
    f->name = run->lint->name;
    f->severity = severity;
    if (run->entries)
        snprintf(f->field, sizeof f->field, "entries[%" PRIu64 "]", run->entries->count);
    else
        snprintf(f->field, sizeof f->field, "%s", field);
    vsnprintf(f->message, sizeof f->message, format, arguments);
    va_end(arguments);
}

static void run_group(struct lint_run *run, const struct lint_group *group)
{
    for (size_t i = 0; i < group->count; i++) {
        run->lint = &group->lints[i];
        if (run->lint->applies & 1u << run->context->role)
            run->lint->check(run);
    }
}

void pcai_lint_run(struct lint_run *run, int malformed)
{
    run_group(run, &pcai_lints_der);
    for (size_t i = 0; !malformed && i < sizeof groups / sizeof *groups; i++)
        run_group(run, groups[i]);
}

int pcai_lint_read_issuer(struct lint_run *run, pca_error *err)
{
    struct der outer = pcai_der(run->context->issuer), certificate;
    struct slice tbs;
    if (!run->context->issuer.data)
        return PCA_OK;
    if (pcai_der_enter(&outer, DER_SEQUENCE, &certificate) != 0 || pcai_der_whole(&certificate, DER_SEQUENCE, &tbs) != 0 ||
        pcai_lint_read_certificate(tbs, &run->issuer) != 0)
        return pcai_fail(err, PCA_E_CORRUPT, NULL, "issuer", "the issuer's certificate cannot be read");
    return PCA_OK;
}

int pcai_lint_certificate(struct slice tbs, const struct lint_context *context, struct findings *findings, pca_error *err)
{
    struct lint_run run = {.context = context, .findings = findings};
    int rc = pcai_lint_read_issuer(&run, err);
    if (rc != PCA_OK)
        return rc;
    pcai_lint_run(&run, pcai_lint_read_certificate(tbs, &run.tbs) != 0);
    return run.no_memory ? pcai_no_memory(err) : PCA_OK;
}

int pcai_lint_refuse(const struct findings *findings, const char *object, pca_error *err)
{
    for (size_t i = 0; i < findings->count; i++)
        if (findings->at[i].severity == LINT_ERROR)
            return pcai_fail(err, PCA_E_LINT, object, findings->at[i].field, "%s: %s", findings->at[i].name, findings->at[i].message);
    return PCA_OK;
}

static const struct lint *at(const struct lint_group *group, size_t *index)
{
    if (*index < group->count)
        return &group->lints[*index];
    *index -= group->count;
    return NULL;
}

const char *pcai_lint_name(size_t index, unsigned *applies)
{
    const struct lint *lint = at(&pcai_lints_der, &index);
    for (size_t i = 0; !lint && i < sizeof groups / sizeof *groups; i++)
        lint = at(groups[i], &index);
    if (lint)
        *applies = lint->applies;
    return lint ? lint->name : NULL;
}
