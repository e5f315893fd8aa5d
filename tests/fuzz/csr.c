/* Signing requests. */
#include "fuzz.h"

#include "x509/csr.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf work = {0};
    struct csr csr;
    pca_error err = {0};
    int algorithm;
    int rc = pcai_csr_read(pcai_slice(data, size), &work, &csr, &err);
    must_say(rc, &err);
    must(rc == PCA_OK || rc == PCA_E_CSR);
    if (rc == PCA_OK) {
        must_lie_in(csr.subject, csr.info);
        must(csr.ignored_count <= COUNT(csr.ignored));
        must_lie_in(csr.info, csr.der);
        must_lie_in(csr.san, csr.info);
        for (size_t i = 0; i < csr.ignored_count; i++)
            must_lie_in(csr.ignored[i], csr.info);
        must_say(pcai_csr_verify(&csr, &algorithm, &err), &err);
    }
    pcai_buf_free(&work);
    return 0;
}
