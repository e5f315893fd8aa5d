/* Certificates that others made: imported, presented for revocation, brought back for a CSR; and every lint on them. */
#include "fuzz.h"

#include "ca/history.h"
#include "ca/import.h"
#include "x509/constraints.h"
#include "x509/lint.h"

static void text_of_names(const struct certificate *c)
{
    struct buf text = {0};
    pcai_name_text(c->issuer, &text);
    pcai_name_text(c->subject, &text);
    must(!text.failed);
    pcai_buf_free(&text);
    int same = pcai_name_same(c->issuer, c->subject);
    must(same == pcai_name_same(c->subject, c->issuer));
    must(same != 1 || pcai_name_is_within(c->subject, c->issuer) == 1);
}

/* Its names against its own constraints. */
static void constrain(const struct certificate *c)
{
    struct constrained names = {c->subject, c->san, c->is_ca};
    struct violation violation;
    if (!c->name_constraints.data)
        return;
    int rc = pcai_constraints_check(c->name_constraints, &names, &violation);
    must(rc == PCA_OK || rc == PCA_E_CONSTRAINT || rc == PCA_E_CORRUPT || rc == PCA_E_NAME);
    must(rc == PCA_E_CORRUPT || pcai_constraints_are_sound(c->name_constraints));
}

static void lint(const struct certificate *c, struct slice der)
{
    struct findings findings;
    struct lint_context context = {.signature_key = PCA_KEY_EC_P256, .include_crl = -1, .constrained = &der, .constrained_count = 1};
    for (context.role = LINT_ROOT; context.role <= LINT_LEAF; context.role++) {
        int last = context.role == LINT_LEAF ? PCA_CERT_CUSTOM : PCA_CERT_SERVER;
        for (context.type = PCA_CERT_SERVER; context.type <= last; context.type++) {
            pca_error err = {0};
            findings.count = 0;
            context.issuer = context.role == LINT_ROOT ? pcai_slice(NULL, 0) : der;
            int rc = pcai_lint_certificate(c->tbs, &context, &findings, &err);
            must_say(rc, &err);
            must(findings.count <= PCAI_FINDINGS_MAX);
            for (size_t i = 0; i < findings.count; i++)
                must(*findings.at[i].name && *findings.at[i].message);
        }
    }
}

static void present(struct slice in)
{
    struct issued_import issued = {.presented = {.ca = 1}};
    pca_error err = {0};
    must_say(pcai_issued_read(in, &issued, &err), &err);
    pcai_issued_free(&issued, 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf work = {0};
    struct certificate c = {0};
    pca_error err = {0};
    int algorithm;
    int rc = pcai_certificate_open(pcai_slice(data, size), &work, &c, &err);
    must_say(rc, &err);
    if (rc == PCA_OK) {
        struct slice der = pcai_buf_view(&work);
        must_lie_in(c.tbs, der);
        must_lie_in(c.signature, der);
        must_lie_in(c.san, c.tbs);
        must_lie_in(c.critical, c.tbs);
        text_of_names(&c);
        constrain(&c);
        lint(&c, der);
        err = (pca_error){0};
        must_say(pcai_foreign_ca_check(&c, der, "import", &algorithm, &err), &err);
        err = (pca_error){0};
        must_say(pcai_certificate_verify(&c, c.public_key, &err), &err);
        present(pcai_slice(data, size));
    }
    pcai_buf_free(&work);
    return 0;
}
