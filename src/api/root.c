#include "api/issuing.h"
#include "api/snapshot.h"
#include "base/der.h"
#include "base/memory.h"
#include "ca/family.h"
#include "ca/root.h"

struct pca_receipt {
    uint64_t count, billable, waived;
};

static struct shell *shell_of(const pca_root *root)
{
    return root->ca.shell;
}

static uint64_t id_of(const pca_root *root)
{
    return root->ca.record.id;
}

/* The digest of a verb's numbers, in order. */
static int token_of(struct token *token, enum token_verb verb, uint64_t object, const char *text, const uint64_t *numbers, size_t count, pca_error *err)
{
    struct buf inputs = {0};
    *token = (struct token){.text = text, .verb = verb, .object = object};
    int rc = pcai_token_check(text, err);
    for (size_t i = 0; i < count; i++)
        pcai_der_uint(&inputs, numbers[i]);
    if (rc == PCA_OK)
        rc = pcai_buf_check(&inputs, err);
    if (rc == PCA_OK)
        rc = pcai_token_inputs(token, pcai_buf_view(&inputs), err);
    pcai_buf_free(&inputs);
    return rc;
}

static int check_months(uint64_t months, pca_error *err)
{
    if (months < 1 || months > PCAI_MONTHS_MAX)
        return pcai_fail(err, PCA_E_INVALID, "call", "months", "a term is bought in 1 to %d months", PCAI_MONTHS_MAX);
    return PCA_OK;
}

static int check_product(int kind, int family, pca_error *err)
{
    if (kind != PCA_KIND_PRIVATE && kind != PCA_KIND_COMPLIANCE)
        return pcai_fail(err, PCA_E_INVALID, "call", "kind", "a CA is private or compliance");
    if (!pcai_family((uint64_t)family))
        return pcai_fail(err, PCA_E_INVALID, "call", "family", "a key family is RSA, ECC or SM2");
    return PCA_OK;
}

int pca_root_purchase(pca_region *region, int kind, int family, uint64_t months, const char *token, pca_root **root, pca_error *err)
{
    struct root_purchase p = {kind, family, months, {0}, 0};
    uint64_t inputs[] = {(uint64_t)kind, (uint64_t)family, months};
    struct call call;
    pca_error_clear(err);
    if (!region || !root)
        return pcai_null(region ? "root" : "region", err);
    int rc = check_product(kind, family, err);
    if (rc == PCA_OK)
        rc = check_months(months, err);
    if (rc == PCA_OK)
        rc = token_of(&p.token, TOKEN_PURCHASE, 0, token, inputs, 3, err);
    if (rc == PCA_OK)
        rc = pcai_call_begin(region->shell, &call, err);
    if (rc != PCA_OK)
        return rc;
    pca_root *fresh = pcai_alloc(sizeof *fresh);
    rc = pcai_ca_make(&call, pcai_root_purchase, &p, &p.root, fresh ? &fresh->ca : NULL, err);
    if (rc == PCA_OK)
        *root = fresh;
    else
        pcai_free(fresh);
    pcai_call_end(&call);
    return rc;
}

int pca_root_enable(const pca_root *root, const pca_request *request, pca_error *err)
{
    pca_error_clear(err);
    if (!root || !request)
        return pcai_null(root ? "request" : "root", err);
    return pcai_certify_ca(&root->ca, PURPOSE_ENABLE, 0, request, err);
}

int pcai_renew(const struct pca_ca *ca, uint64_t months, const char *token, pca_error *err)
{
    struct renewal r = {ca->record.id, months, {0}};
    int rc = check_months(months, err);
    if (rc == PCA_OK)
        rc = token_of(&r.token, TOKEN_RENEW, r.ca, token, &months, 1, err);
    return rc == PCA_OK ? pcai_verb_write(ca->shell, pcai_ca_renew, &r, err) : rc;
}

int pca_root_renew(const pca_root *root, uint64_t months, const char *token, pca_error *err)
{
    pca_error_clear(err);
    return root ? pcai_renew(&root->ca, months, token, err) : pcai_null("root", err);
}

int pca_root_purchase_sub(const pca_root *root, uint64_t months, const char *token, pca_sub **sub, pca_error *err)
{
    struct call call;
    pca_error_clear(err);
    if (!root || !sub)
        return pcai_null(root ? "sub" : "root", err);
    struct sub_purchase p = {id_of(root), months, {0}, 0};
    int rc = check_months(months, err);
    if (rc == PCA_OK)
        rc = token_of(&p.token, TOKEN_SUB_PURCHASE, p.root, token, &months, 1, err);
    if (rc == PCA_OK)
        rc = pcai_call_begin(shell_of(root), &call, err);
    if (rc != PCA_OK)
        return rc;
    pca_sub *fresh = pcai_alloc(sizeof *fresh);
    rc = pcai_ca_make(&call, pcai_sub_purchase, &p, &p.sub, fresh ? &fresh->ca : NULL, err);
    if (rc == PCA_OK)
        *sub = fresh;
    else
        pcai_free(fresh);
    pcai_call_end(&call);
    return rc;
}

struct sub_search {
    uint64_t root, sub;
};

static int default_sub_rule(struct txn *txn, struct context *cx, void *arguments, pca_error *err)
{
    struct sub_search *search = arguments;
    return pcai_root_default_sub(txn, cx, search->root, &search->sub, err);
}

int pca_root_default_sub(const pca_root *root, pca_sub **sub, pca_error *err)
{
    struct call call;
    pca_error_clear(err);
    if (!root || !sub)
        return pcai_null(root ? "sub" : "root", err);
    struct sub_search search = {id_of(root), 0};
    int rc = pcai_call_begin(shell_of(root), &call, err);
    if (rc != PCA_OK)
        return rc;
    rc = pcai_call_read(&call, default_sub_rule, &search, err);
    if (rc == PCA_OK)
        rc = pcai_sub_load(&call, search.sub, sub, err);
    pcai_call_end(&call);
    return rc;
}

int pca_root_subs(const pca_root *root, const char *after, uint64_t limit, pca_page **page, pca_error *err)
{
    struct query query = {.root = root ? id_of(root) : 0};
    pca_error_clear(err);
    if (!root || !page)
        return pcai_null(root ? "page" : "root", err);
    int rc = pcai_page_arguments(&query, after, limit, err);
    return rc == PCA_OK ? pcai_page_cas(shell_of(root), &query, page, err) : rc;
}

int pca_root_purchase_certificates(const pca_root *root, uint64_t count, const char *token, pca_receipt **receipt, pca_error *err)
{
    pca_error_clear(err);
    if (!root)
        return pcai_null("root", err);
    struct certificates_purchase p = {.root = id_of(root), .count = count};
    if (count < 1 || count > PCAI_PURCHASE_MAX)
        return pcai_fail(err, PCA_E_INVALID, "call", "count", "1 to %d certificates are bought at once", PCAI_PURCHASE_MAX);
    int rc = token_of(&p.token, TOKEN_CERTIFICATES, p.root, token, &count, 1, err);
    if (rc != PCA_OK)
        return rc;
    pca_receipt *fresh = pcai_alloc(sizeof *fresh); /* first: what was bought must not go unreported */
    rc = fresh ? pcai_verb_write(shell_of(root), pcai_certificates_purchase, &p, err) : pcai_no_memory(err);
    if (rc == PCA_OK && receipt) {
        *fresh = (pca_receipt){count, p.billable, p.waived};
        *receipt = fresh;
        fresh = NULL;
    }
    pcai_free(fresh);
    return rc;
}

int pca_root_assign(const pca_root *root, const pca_sub *sub, uint64_t remaining, uint64_t expected, const char *token, pca_error *err)
{
    pca_error_clear(err);
    if (!root || !sub)
        return pcai_null(root ? "sub" : "root", err);
    struct assignment a = {id_of(root), sub->ca.record.id, remaining, expected, {0}};
    uint64_t inputs[] = {a.sub, remaining, expected};
    int rc = token_of(&a.token, TOKEN_ASSIGN, a.root, token, inputs, 3, err);
    if (rc == PCA_OK)
        rc = pcai_shell_require_same(root->ca.shell, sub->ca.shell, "sub", err);
    return rc == PCA_OK ? pcai_verb_write(shell_of(root), pcai_assign, &a, err) : rc;
}

const pca_ca *pca_root_ca(const pca_root *root)
{
    return root ? &root->ca : NULL;
}

uint64_t pca_root_remaining(const pca_root *root)
{
    return root ? root->ca.quota.remaining : 0;
}

uint64_t pca_root_purchased(const pca_root *root)
{
    return root ? root->ca.quota.purchased : 0;
}

uint64_t pca_root_billable(const pca_root *root)
{
    return root ? root->ca.quota.billable : 0;
}

uint64_t pca_root_waived(const pca_root *root)
{
    return root ? root->ca.quota.waived : 0;
}

int pca_root_reload(const pca_root *root, pca_root **fresh, pca_error *err)
{
    struct call call;
    pca_error_clear(err);
    if (!root || !fresh)
        return pcai_null(root ? "fresh" : "root", err);
    int rc = pcai_call_begin(shell_of(root), &call, err);
    if (rc != PCA_OK)
        return rc;
    rc = pcai_root_load(&call, id_of(root), fresh, err);
    pcai_call_end(&call);
    return rc;
}

void pca_root_free(pca_root *root)
{
    if (!root)
        return;
    pcai_ca_release(&root->ca);
    pcai_free(root);
}

uint64_t pca_receipt_count(const pca_receipt *receipt)
{
    return receipt ? receipt->count : 0;
}

uint64_t pca_receipt_billable(const pca_receipt *receipt)
{
    return receipt ? receipt->billable : 0;
}

uint64_t pca_receipt_waived(const pca_receipt *receipt)
{
    return receipt ? receipt->waived : 0;
}

void pca_receipt_free(pca_receipt *receipt)
{
    pcai_free(receipt);
}
