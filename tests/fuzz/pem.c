/* PEM: what is read comes back as it was when written. */
#include "fuzz.h"

#include "x509/pem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const labels[] = {"CERTIFICATE", "CERTIFICATE REQUEST", "PRIVATE KEY", NULL};
    struct slice in = pcai_slice(data, size);
    struct buf der = {0}, text = {0}, again = {0};
    pcai_pem_find(in, "-----BEGIN ");
    if (pcai_pem_read(in, labels, &der) == 0) {
        must(pcai_pem_is(in));
        pcai_pem_write(&text, labels[0], pcai_buf_view(&der));
        must(pcai_pem_read(pcai_buf_view(&text), labels, &again) == 0);
        must(pcai_slice_equal(pcai_buf_view(&der), pcai_buf_view(&again)));
    }
    pcai_buf_free(&der);
    pcai_buf_free(&text);
    pcai_buf_free(&again);
    return 0;
}
