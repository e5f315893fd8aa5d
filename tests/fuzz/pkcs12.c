/* PFX. */
#include "fuzz.h"

#include "x509/pkcs12.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pkcs12 pfx = {0};
    pca_error err = {0};
    int rc = pcai_pkcs12_open(pcai_slice(data, size), pcai_slice_text(PASSWORD), &pfx, &err);
    must_say(rc, &err);
    must(rc == PCA_OK || rc == PCA_E_INVALID || rc == PCA_E_UNSUPPORTED);
    must(pfx.count <= PCAI_PKCS12_CERTIFICATES && (rc == PCA_OK || (pfx.count == 0 && pfx.private_key.size == 0)));
    for (size_t i = 0; i < pfx.count; i++)
        must_lie_in(pfx.certificates[i], pcai_buf_view(&pfx.octets));
    pcai_pkcs12_free(&pfx);
    return 0;
}
