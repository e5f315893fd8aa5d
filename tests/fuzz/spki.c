/* Public keys. */
#include "fuzz.h"

#include "crypto/crypto.h"
#include "x509/certificate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice spki = pcai_slice(data, size);
    struct public_key *key = NULL;
    uint8_t id[PCAI_KEY_ID];
    pca_error err = {0};
    int rc = pcai_public_read(spki, &key, &err);
    must_say(rc, &err);
    if (rc == PCA_OK) {
        must(pcai_key_id(spki, id, &err) == PCA_OK);
        must_say(pcai_public_check_weak(key, &err), &err);
        int algorithm = pcai_public_algorithm(key);
        must(pcai_algorithm_family(algorithm) != 0);
        err = (pca_error){0};
        rc = pcai_public_verify(key, pcai_algorithm_digest(algorithm), spki, spki, &err);
        must(rc != PCA_OK);
        must_say(rc, &err);
    }
    pcai_public_free(key);
    return 0;
}
