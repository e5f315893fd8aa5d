#include "ca/token.h"

#include <string.h>

#include "base/text.h"
#include "crypto/crypto.h"

int pcai_token_check(const char *text, pca_error *err)
{
    if (!text)
        return PCA_OK;
    struct slice s = pcai_slice_text(text);
    if (s.size == 0 || s.size > PCAI_TOKEN_MAX || !pcai_ascii_printable(s))
        return pcai_fail(err, PCA_E_INVALID, NULL, "token", "a client token is 1 to %d printable ASCII characters", PCAI_TOKEN_MAX);
    return PCA_OK;
}

int pcai_token_inputs(struct token *token, struct slice inputs, pca_error *err)
{
    uint8_t digest[PCAI_DIGEST_MAX];
    if (!token->text)
        return PCA_OK;
    int rc = pcai_digest(PCAI_SHA256, inputs, digest, err);
    if (rc == PCA_OK)
        memcpy(token->inputs, digest, sizeof token->inputs);
    return rc;
}

static struct row_key token_key(const struct token *token)
{
    struct row_key key = pcai_row_key();
    pcai_row_key_u32(&key, token->verb);
    pcai_row_key_u64(&key, token->object);
    pcai_row_key_bytes(&key, pcai_slice_text(token->text));
    return key;
}

int pcai_token_replay(struct txn *txn, const struct token *token, int *replayed, uint64_t results[4], pca_error *err)
{
    *replayed = 0;
    if (!token->text)
        return PCA_OK;
    struct row_key key = token_key(token);
    struct token_record record;
    int rc = pcai_record_get(txn, &pcai_token_type, pcai_row_key_view(&key), &record, err);
    if (rc != PCA_OK)
        return rc == PCA_E_NOT_FOUND ? PCA_OK : rc;
    if (!pcai_slice_equal(record.inputs, pcai_slice(token->inputs, sizeof token->inputs)))
        return pcai_fail(err, PCA_E_TOKEN_REUSED, "region", "token", "the token \"%s\" was used before with other inputs", token->text);
    if (record.results.size != 32)
        return pcai_fail(err, PCA_E_CORRUPT, "region", "token", "the result kept for a token is malformed");
    for (int i = 0; i < 4; i++)
        results[i] = pcai_read_u64(record.results.data + 8 * i);
    *replayed = 1;
    return PCA_OK;
}

int pcai_token_keep(struct txn *txn, const struct token *token, const uint64_t results[4], pca_error *err)
{
    if (!token->text)
        return PCA_OK;
    struct row_key key = token_key(token), packed = pcai_row_key();
    for (int i = 0; i < 4; i++)
        pcai_row_key_u64(&packed, results[i]);
    struct token_record record = {pcai_slice(token->inputs, sizeof token->inputs), pcai_row_key_view(&packed)};
    return pcai_record_put(txn, &pcai_token_type, pcai_row_key_view(&key), &record, err);
}
