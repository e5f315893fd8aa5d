/* Private keys, plain or encrypted: what can be read is written and read again. */
#include "fuzz.h"

#include "crypto/crypto.h"
#include "x509/pkcs8.h"

static void read_key(struct slice pkcs8)
{
    struct key *key = NULL, *again = NULL;
    struct buf written = {0};
    pca_error err = {0};
    int rc = pcai_key_read(pkcs8, steady_random(), &key, &err);
    must_say(rc, &err);
    if (rc != PCA_OK)
        return;
    must(pcai_key_write(key, &written, &err) == PCA_OK);
    must(pcai_key_read(pcai_buf_view(&written), steady_random(), &again, &err) == PCA_OK);
    must(pcai_key_algorithm(key) == pcai_key_algorithm(again));
    must(pcai_slice_equal(pcai_key_public(key), pcai_key_public(again)));
    pcai_key_free(key);
    pcai_key_free(again);
    pcai_buf_free(&written);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice in = pcai_slice(data, size), passwords[] = {pcai_slice(NULL, 0), pcai_slice_text(PASSWORD)};
    for (size_t i = 0; i < COUNT(passwords); i++) {
        struct buf key = {0};
        pca_error err = {0};
        int rc = pcai_pkcs8_open(in, passwords[i], &key, &err);
        must_say(rc, &err);
        must(rc == PCA_OK || rc == PCA_E_INVALID || rc == PCA_E_UNSUPPORTED);
        if (rc == PCA_OK)
            read_key(pcai_buf_view(&key));
        pcai_buf_free(&key);
    }
    return 0;
}
