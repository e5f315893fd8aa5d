/* What is encrypted to an SM2 key: SM2Cipher in both forms, SM2EnvelopedKey. The first octet chooses. */
#include "fuzz.h"

#include "crypto/crypto.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct key *key;
    struct slice in = pcai_slice(data, size);
    struct buf plain = {0};
    pca_error err = {0};
    if (!key)
        must(pcai_key_generate(PCA_KEY_SM2, steady_random(), &key, &err) == PCA_OK);
    unsigned form = take_octet(&in) % 3;
    if (form == 0) {
        struct key *enveloped = NULL;
        int rc = pcai_sm2_envelope_open(key, in, steady_random(), &enveloped, &err);
        must_say(rc, &err);
        must(rc != PCA_OK || pcai_key_algorithm(enveloped) == PCA_KEY_SM2);
        pcai_key_free(enveloped);
    } else {
        must_say(pcai_sm2_decrypt(key, steady_random(), form == 1 ? PCAI_SM2_DER : PCAI_SM2_OCTETS, in, &plain, &err), &err);
    }
    pcai_buf_free(&plain);
    return 0;
}
