/*
 * Makes BITS.backup and BITS.pem of this machine's word size in a directory, tests/vectors/backup for those that are committed:
 *
 *   words_make DIRECTORY
 */
#include "words.h"

int main(int argc, char **argv)
{
    void *state = NULL;
    char path[4096];
    if (argc != 2) {
        fputs("usage: words_make DIRECTORY\n", stderr);
        return 2;
    }
    assert_int_equal(fixture_setup_ecc(&state), 0);
    struct fixture *f = state;
    pca_cert *kept = issue(f, f->sub, "kept.internal"), *gone = issue(f, f->sub, "gone.internal");
    f->clock.now = WORDS_REVOKED;
    assert_ok(f->err, pca_cert_revoke(gone, PCA_REASON_SUPERSEDED, 0, NULL, f->err));
    assert_ok(f->err, pca_ca_crl_make(pca_sub_ca(f->sub), f->err));
    snprintf(path, sizeof path, "%s/%zu.backup", argv[1], sizeof(size_t) * CHAR_BIT);
    assert_ok(f->err, pca_region_backup_write(f->region, path, NULL, f->err));
    char *text = words_certificates(f, kept, gone);
    snprintf(path, sizeof path, "%s/%zu.pem", argv[1], sizeof(size_t) * CHAR_BIT);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0 && fclose(file) == 0);
    free(text);
    pca_cert_free(kept);
    pca_cert_free(gone);
    return fixture_teardown(&state);
}
