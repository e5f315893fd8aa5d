/* The lints of CRLs, on a CRL cut into what they are given: the head, each entry, the tail. */
#include "fuzz.h"

#include "crypto/crypto.h"
#include "x509/lint.h"

static struct slice between(const uint8_t *from, const uint8_t *to)
{
    return pcai_slice(from, (size_t)(to - from));
}

/* tbsCertList up to its entries, and what follows them. -1: there are none, or it is no such thing. */
static int cut(struct slice in, struct slice *head, struct slice *entries, struct slice *tail)
{
    struct der outer = pcai_der(in), list, tbs;
    struct slice whole, content;
    if (pcai_der_enter(&outer, DER_SEQUENCE, &list) != 0)
        return -1;
    struct der again = list;
    if (pcai_der_whole(&again, DER_SEQUENCE, &whole) != 0 || pcai_der_enter(&list, DER_SEQUENCE, &tbs) != 0)
        return -1;
    const uint8_t *end = whole.data + whole.size;
    for (int i = 0; !pcai_der_at_end(&tbs); i++) {
        uint8_t tag;
        if (pcai_der_any(&tbs, &tag, &content, NULL) != 0)
            return -1;
        if (i > 2 && tag == DER_SEQUENCE) {
            *head = between(whole.data, content.data);
            *entries = content;
            *tail = between(content.data + content.size, end);
            return 0;
        }
    }
    return -1;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct findings findings;
    struct lint_context context = {.role = LINT_CRL, .signature_key = PCA_KEY_EC_P256, .previous = 1};
    struct lint_entries linted = {0};
    struct slice head, entries, tail, entry;
    pca_error err = {0};
    if (cut(pcai_slice(data, size), &head, &entries, &tail) != 0)
        return 0;
    findings.count = 0;
    context.this_update = 1800014400;
    int rc = pcai_lint_entries_begin(&linted, &context, &err);
    must_say(rc, &err);
    struct der in = pcai_der(entries);
    while (rc == PCA_OK && !pcai_der_at_end(&in) && pcai_der_any(&in, NULL, NULL, &entry) == 0)
        pcai_lint_entry(&linted, entry, &findings);
    err = (pca_error){0};
    must_say(pcai_lint_crl(head, entries.size, tail, &context, &findings, &err), &err);
    must(findings.count <= PCAI_FINDINGS_MAX);
    return 0;
}
