/*
 * openssl-import: the directory of openssl ca or easy-rsa, brought into a region.
 *
 *   openssl-import [-i ID] -p FILE|-k FILE [-P FILE] REGION DIR [ROOT.pem]
 *
 * REGION    the region's directory; made where there is none
 * DIR       index.txt; certificate and key of the CA: cacert.pem and private/cakey.pem, or ca.crt and private/ca.key; the
 *           certificates that it issued: newcerts/, or certs_by_serial/ and revoked/; crlnumber, if there is one
 * ROOT.pem  for a CA that is not self-signed: the root, which has signed it
 * -p FILE   holds the region's passphrase; -k FILE: its storage key of 32 octets
 * -P FILE   holds the passphrase of the CA's key, if it has one
 * -i ID     of a region that is made; default "imported"
 *
 * Nothing in DIR is changed. Run again it goes on where it ended: what is there already is left as it is. The last line tells what
 * came in; every certificate that is not recorded has a line of its own. Ends with 0 if each revocation is in the region.
 */
#define _POSIX_C_SOURCE 200809L

#include <pca/pca.h>

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "index.h"

#define FILE_MOST 65536
#define MONTHS 1200 /* the longest service: what ends a CA is its certificate */

struct text {
    char data[FILE_MOST + 1];
    size_t size;
};

struct job {
    const char *region_path, *dir, *root_path, *id, *passphrase_path, *key_path, *password_path;
    pca_error *err;
    pca_config *config;
    pca_import *import;
    pca_region *region;
    pca_root *root;
    pca_sub *sub;
    const pca_ca *ca; /* the one whose directory it is */
    struct text certificate, key, root_certificate, secret, work;
    uint64_t issued, revoked, present, left_out;
};

/* ---- Files ---- */

/* PCA_E_NOT_FOUND without a word where there is none. */
static int read_file(const char *path, struct text *text)
{
    FILE *file = fopen(path, "rb");
    if (!file && errno == ENOENT)
        return PCA_E_NOT_FOUND;
    text->size = file ? fread(text->data, 1, sizeof text->data, file) : 0;
    int bad = !file || ferror(file) || text->size > FILE_MOST;
    if (file)
        fclose(file);
    if (bad)
        fprintf(stderr, "openssl-import: cannot read %s, or it is larger than %d octets\n", path, FILE_MOST);
    text->data[bad ? 0 : text->size] = '\0';
    return bad ? PCA_E_STORAGE : PCA_OK;
}

/* The first of DIR's files that is there; the patterns end with NULL. */
static int read_first(const struct job *j, const char *const *patterns, const char *serial, struct text *text)
{
    char path[4096], name[128];
    int rc = PCA_E_NOT_FOUND;
    for (; *patterns && rc == PCA_E_NOT_FOUND; patterns++) {
        const char *mark = strchr(*patterns, '#');
        int before = mark ? (int)(mark - *patterns) : (int)strlen(*patterns);
        snprintf(name, sizeof name, "%.*s%s%s", before, *patterns, mark ? serial : "", mark ? mark + 1 : "");
        snprintf(path, sizeof path, "%s/%s", j->dir, name);
        rc = read_file(path, text);
    }
    return rc;
}

static int missing(const char *what, int rc)
{
    if (rc == PCA_E_NOT_FOUND)
        fprintf(stderr, "openssl-import: there is no %s\n", what);
    return rc;
}

static int read_ca(struct job *j)
{
    static const char *const certificates[] = {"cacert.pem", "ca.crt", "ca.pem", NULL};
    static const char *const keys[] = {"private/cakey.pem", "private/ca.key", NULL};
    int rc = missing("cacert.pem, ca.crt or ca.pem", read_first(j, certificates, "", &j->certificate));
    if (rc == PCA_OK)
        rc = missing("private/cakey.pem or private/ca.key", read_first(j, keys, "", &j->key));
    if (rc == PCA_OK && j->root_path)
        rc = missing(j->root_path, read_file(j->root_path, &j->root_certificate));
    return rc;
}

/* A passphrase: the file's first line. */
static int read_secret(const char *path, struct text *text)
{
    int rc = missing(path, read_file(path, text));
    text->data[strcspn(text->data, "\r\n")] = '\0';
    return rc;
}

/* ---- What a certificate says of itself ---- */

static size_t decode(const char *pem, uint8_t *der)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    uint32_t bits = 0;
    int count = 0;
    size_t size = 0;
    for (; *pem && *pem != '-' && *pem != '='; pem++) {
        const char *digit = strchr(digits, *pem);
        if (!digit)
            continue;
        bits = bits << 6 | (uint32_t)(digit - digits);
        count += 6;
        if (count >= 8)
            der[size++] = (uint8_t)(bits >> (count -= 8));
    }
    return size;
}

static int contains(const uint8_t *data, size_t size, const void *part, size_t part_size)
{
    for (size_t i = 0; i + part_size <= size; i++)
        if (memcmp(data + i, part, part_size) == 0)
            return 1;
    return 0;
}

/* By the object identifiers of its key (RFC 3279 2.3.1, GM/T 0006). token: the end of its signature, which is no other's. */
static int look(const struct text *certificate, int *family, char token[65])
{
    static const uint8_t rsa[] = {0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 1, 1}, sm2[] = {0x2A, 0x81, 0x1C, 0xCF, 0x55, 1, 0x82, 0x2D};
    static uint8_t der[FILE_MOST];
    const char *pem = strstr(certificate->data, "-----BEGIN CERTIFICATE-----");
    size_t size = pem ? decode(pem + strlen("-----BEGIN CERTIFICATE-----"), der) : 0;
    if (size < 32) {
        fprintf(stderr, "openssl-import: the CA's certificate is not in PEM\n");
        return PCA_E_INVALID;
    }
    *family = contains(der, size, sm2, sizeof sm2) ? PCA_FAMILY_SM2 : contains(der, size, rsa, sizeof rsa) ? PCA_FAMILY_RSA : PCA_FAMILY_ECC;
    for (size_t i = 0; i < 32; i++)
        snprintf(token + 2 * i, 3, "%02x", der[size - 32 + i]);
    return PCA_OK;
}

/* ---- The CA ---- */

static int open_region(struct job *j)
{
    int rc = j->key_path ? missing(j->key_path, read_file(j->key_path, &j->secret)) : read_secret(j->passphrase_path, &j->secret);
    if (rc != PCA_OK)
        return rc;
    if (j->key_path)
        pca_config_set_key(j->config, (const uint8_t *)j->secret.data, j->secret.size);
    else
        pca_config_set_passphrase(j->config, j->secret.data);
    pca_config_set_actor(j->config, "openssl-import");
    rc = pca_region_open(j->region_path, j->config, &j->region, j->err);
    return rc == PCA_E_NOT_FOUND ? pca_region_create(j->region_path, j->id, j->config, &j->region, j->err) : rc;
}

/* The number that openssl ca would take next. */
static int read_crl_number(struct job *j)
{
    static const char *const names[] = {"crlnumber", NULL};
    char *end;
    int rc = read_first(j, names, "", &j->work);
    if (rc != PCA_OK)
        return rc == PCA_E_NOT_FOUND ? PCA_OK : rc;
    errno = 0;
    uint64_t number = strtoull(j->work.data, &end, 16);
    if (errno || end == j->work.data || strspn(end, "\r\n") != strlen(end) || number == 0) {
        fprintf(stderr, "openssl-import: crlnumber is no number in hexadecimal of at most 16 digits\n");
        return PCA_E_INVALID;
    }
    return pca_import_set_next_crl_number(j->import, number);
}

static int take_over(struct job *j, const pca_ca *ca)
{
    if (pca_ca_state(ca) != PCA_CA_PURCHASED)
        return PCA_OK;
    pca_import_reset(j->import);
    pca_import_set_certificate(j->import, j->certificate.data, j->certificate.size);
    pca_import_set_key(j->import, j->key.data, j->key.size);
    int rc = j->password_path ? read_secret(j->password_path, &j->secret) : PCA_OK;
    if (rc == PCA_OK && j->password_path)
        pca_import_set_password(j->import, j->secret.data);
    if (rc == PCA_OK)
        rc = read_crl_number(j);
    return rc == PCA_OK ? pca_ca_import(ca, j->import, j->err) : rc;
}

/* The root alone, whose key is not needed here. */
static int take_root(struct job *j)
{
    if (pca_ca_state(pca_root_ca(j->root)) != PCA_CA_PURCHASED)
        return PCA_OK;
    pca_import_reset(j->import);
    pca_import_set_certificate(j->import, j->root_certificate.data, j->root_certificate.size);
    pca_import_set_key_elsewhere(j->import);
    return pca_ca_import(pca_root_ca(j->root), j->import, j->err);
}

static int take_sub(struct job *j, const char *token)
{
    int rc = take_root(j);
    if (rc == PCA_OK)
        rc = pca_root_purchase_sub(j->root, MONTHS, token, &j->sub, j->err);
    return rc == PCA_OK ? take_over(j, pca_sub_ca(j->sub)) : rc;
}

/* A CA is bought with its certificate's token, so that the next run finds it again. */
static int take_ca(struct job *j)
{
    char token[65], root_token[65];
    int family, rc = look(&j->certificate, &family, token);
    if (rc == PCA_OK && j->root_path)
        rc = look(&j->root_certificate, &family, root_token);
    if (rc == PCA_OK)
        rc = pca_root_purchase(j->region, PCA_KIND_PRIVATE, family, MONTHS, j->root_path ? root_token : token, &j->root, j->err);
    if (rc == PCA_OK)
        rc = j->root_path ? take_sub(j, token) : take_over(j, pca_root_ca(j->root));
    j->ca = rc != PCA_OK ? NULL : j->root_path ? pca_sub_ca(j->sub) : pca_root_ca(j->root);
    return rc;
}

/* ---- Its records ---- */

static void leave_out(struct job *j, const struct entry *entry, const char *why)
{
    fprintf(stderr, "not recorded: %s: %s\n", entry->serial, why);
    j->left_out++;
}

/* What cannot be kept as a record, a CA's certificate or one without its file, can still be revoked by its number. */
static int import_issued(struct job *j, const struct entry *entry)
{
    static const char *const places[] = {"newcerts/#.pem", "certs_by_serial/#.pem", "revoked/certs_by_serial/#.crt",
                                         "renewed/certs_by_serial/#.crt", NULL};
    int rc = read_first(j, places, entry->serial, &j->work);
    if (rc == PCA_E_NOT_FOUND)
        leave_out(j, entry, "there is no file with the certificate");
    if (rc != PCA_OK)
        return rc == PCA_E_NOT_FOUND ? PCA_OK : rc;
    rc = pca_ca_import_issued(j->ca, j->work.data, j->work.size, NULL, j->err);
    if (rc == PCA_E_INVALID || rc == PCA_E_NAME || rc == PCA_E_SAN)
        leave_out(j, entry, pca_error_message(j->err));
    j->issued += rc == PCA_OK;
    j->present += rc == PCA_E_EXISTS;
    return rc == PCA_E_EXISTS || rc == PCA_E_INVALID || rc == PCA_E_NAME || rc == PCA_E_SAN ? PCA_OK : rc;
}

static int import_revoked(struct job *j, const struct entry *entry)
{
    int reason = entry->reason;
    int rc = pca_ca_import_revoked(j->ca, entry->serial, entry->revoked_at, reason, entry->invalidity, entry->not_after, j->err);
    if (rc == PCA_E_INVALID && reason == PCA_REASON_CA_COMPROMISE) { /* of a certificate that is no CA's */
        reason = PCA_REASON_KEY_COMPROMISE;
        rc = pca_ca_import_revoked(j->ca, entry->serial, entry->revoked_at, reason, entry->invalidity, entry->not_after, j->err);
    }
    if (rc == PCA_OK && (entry->changed || reason != entry->reason))
        printf("reason changed: %s: to %s\n", entry->serial, reason ? "keyCompromise" : "unspecified");
    j->revoked += rc == PCA_OK;
    if (rc != PCA_OK && rc != PCA_E_EXISTS)
        fprintf(stderr, "not revoked: %s\n", entry->serial);
    return rc == PCA_E_EXISTS ? PCA_OK : rc;
}

/* take NULL: only looks whether every line can be read. */
static int each_entry(struct job *j, int (*take)(struct job *, const struct entry *))
{
    char path[4096], *line = NULL;
    size_t room = 0;
    uint64_t number = 0;
    int rc = PCA_OK;
    snprintf(path, sizeof path, "%s/index.txt", j->dir);
    FILE *file = fopen(path, "r");
    if (!file) {
        fprintf(stderr, "openssl-import: cannot read %s\n", path);
        return PCA_E_NOT_FOUND;
    }
    while (rc == PCA_OK && getline(&line, &room, file) >= 0) {
        struct entry entry;
        number++;
        if (line[0] == '#')
            continue;
        const char *wrong = index_parse(line, &entry);
        if (wrong) {
            fprintf(stderr, "%s:%" PRIu64 ": %s\n", path, number, wrong);
            rc = PCA_E_INVALID;
        } else if (take) {
            rc = take(j, &entry);
        }
    }
    if (ferror(file))
        rc = PCA_E_STORAGE;
    free(line);
    fclose(file);
    return rc;
}

static int import_entry(struct job *j, const struct entry *entry)
{
    int rc = import_issued(j, entry);
    return rc == PCA_OK && entry->flag == 'R' ? import_revoked(j, entry) : rc;
}

/* ---- The program ---- */

static int arguments(struct job *j, int argc, char **argv)
{
    int option;
    j->id = "imported";
    while ((option = getopt(argc, argv, "i:k:p:P:")) != -1)
        switch (option) {
        case 'i': j->id = optarg; break;
        case 'k': j->key_path = optarg; break;
        case 'p': j->passphrase_path = optarg; break;
        case 'P': j->password_path = optarg; break;
        default: return -1;
        }
    if (!j->passphrase_path == !j->key_path || argc - optind < 2 || argc - optind > 3)
        return -1;
    j->region_path = argv[optind];
    j->dir = argv[optind + 1];
    j->root_path = argv[optind + 2];
    return 0;
}

static int run(struct job *j)
{
    int rc = each_entry(j, NULL);
    if (rc == PCA_OK)
        rc = read_ca(j);
    if (rc == PCA_OK)
        rc = open_region(j);
    if (rc == PCA_OK)
        rc = take_ca(j);
    if (rc == PCA_OK)
        rc = each_entry(j, import_entry);
    if (rc != PCA_OK && pca_error_code(j->err) == rc)
        fprintf(stderr, "openssl-import: %s: %s: %s\n", pca_code_name(rc), pca_error_object(j->err), pca_error_message(j->err));
    if (rc == PCA_OK)
        printf("CA %" PRIu64 ": %" PRIu64 " certificates and %" PRIu64 " revocations came in, %" PRIu64 " were here, %" PRIu64 " are not recorded\n",
               pca_ca_id(j->ca), j->issued, j->revoked, j->present, j->left_out);
    return rc;
}

int main(int argc, char **argv)
{
    static struct job job;
    if (arguments(&job, argc, argv) != 0) {
        fprintf(stderr, "usage: openssl-import [-i ID] -p FILE|-k FILE [-P FILE] REGION DIR [ROOT.pem]\n");
        return 2;
    }
    setvbuf(stdout, NULL, _IOLBF, BUFSIZ);
    job.err = pca_error_new();
    job.config = pca_config_new();
    job.import = pca_import_new();
    int rc = run(&job);
    memset(&job.key, 0, sizeof job.key);
    memset(&job.secret, 0, sizeof job.secret);
    pca_sub_free(job.sub);
    pca_root_free(job.root);
    pca_region_close(job.region);
    pca_import_free(job.import);
    pca_config_free(job.config);
    pca_error_free(job.err);
    return rc != PCA_OK;
}
