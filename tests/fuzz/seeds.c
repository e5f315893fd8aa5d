/*
 * seeds DIRECTORY RSA-KEY: the seeds that are made at build, a folder for each target: what a region of ours writes and holds. The
 * same octets at each run: its random numbers and its clock stand still.
 */
#include "fuzz.h"

#include <stdio.h>
#include <sys/stat.h>

#include "crypto/crypto.h"
#include "types.h"
#include "x509/csr.h"
#include "x509/pkcs8.h"

#define MAGIC 16

static const char *top;
static pca_error *err;

static void stop(const char *what)
{
    fprintf(stderr, "seeds: %s: %s\n", what, pca_error_message(err));
    exit(1);
}
#define done(call) ((call) == PCA_OK ? (void)0 : stop(#call))

static void save(const char *target, const char *name, struct slice octets)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s", top, target);
    mkdir(path, 0777);
    snprintf(path, sizeof path, "%s/%s/%s", top, target, name);
    FILE *file = fopen(path, "wb");
    if (!file || fwrite(octets.data, 1, octets.size, file) != octets.size || fclose(file) != 0)
        stop(path);
}

/* With one octet of settings in front. */
static void save_with(uint8_t octet, const char *target, const char *name, struct slice octets)
{
    struct buf whole = {0};
    pcai_buf_octet(&whole, octet);
    pcai_buf_slice(&whole, octets);
    save(target, name, pcai_buf_view(&whole));
    pcai_buf_free(&whole);
}

static void save_blob(const char *target, const char *name, pca_blob *blob)
{
    save(target, name, pcai_slice(pca_blob_data(blob), pca_blob_size(blob)));
    pca_blob_free(blob);
}

/* ---- A region with something of everything ---- */

static int steady_fill(void *context, uint8_t *buffer, size_t size, pca_error *error)
{
    return pcai_random_bytes(context, buffer, size, error);
}

static int steady_now(void *context, int64_t *seconds, pca_error *error)
{
    (void)context, (void)error;
    *seconds = 1800014400;
    return PCA_OK;
}

static pca_request *ca_request(const char *name)
{
    pca_request *r = pca_request_new();
    pca_request_set_common_name(r, name);
    pca_request_set_organization(r, "Example");
    pca_request_set_country(r, "DE");
    pca_request_set_crl_url(r, "http://crl.example/ca.crl");
    pca_request_set_ocsp_url(r, "http://ocsp.example/");
    return r;
}

static void enable(pca_region *region, int kind, int family, pca_root **root, pca_sub **sub)
{
    pca_request *r = ca_request("Root"), *below = ca_request("Sub");
    pca_request_add_permitted(below, PCA_SAN_DNS, "internal");
    pca_request_add_permitted(below, PCA_SAN_EMAIL, "example.com");
    pca_request_add_excluded(below, PCA_SAN_DNS, "secret.internal");
    pca_request_add_excluded(below, PCA_SAN_IP, "10.0.0.0/8");
    done(pca_root_purchase(region, kind, family, 120, NULL, root, err));
    done(pca_root_enable(*root, r, err));
    done(pca_root_default_sub(*root, sub, err));
    done(pca_sub_enable(*sub, below, err));
    pca_request_free(r);
    pca_request_free(below);
}

static void save_cert(const pca_cert *cert, const char *name)
{
    static const struct {
        int format, flags;
        const char *target, *password;
    } files[] = {
        {PCA_FORMAT_PFX, PCA_WITH_CHAIN, "pkcs12", PASSWORD},
        {PCA_FORMAT_PFX, PCA_WITH_CHAIN | PCA_WITH_ROOT | PCA_LEGACY, "pkcs12", PASSWORD},
        {PCA_FORMAT_PEM, PCA_WITH_CHAIN, "pkcs8", PASSWORD},
        {PCA_FORMAT_PKCS8, PCA_PLAIN_KEY, "pkcs8", NULL},
    };
    pca_blob *blob = NULL;
    done(pca_cert_der(cert, &blob, err));
    save_blob("certificate", name, blob);
    for (size_t i = 0; i < COUNT(files); i++) {
        pca_files *made = NULL;
        done(pca_cert_export(cert, files[i].format, files[i].flags, files[i].password, &made, err));
        for (uint64_t n = 0; n < pca_files_count(made); n++) {
            char label[128];
            const char *file = pca_files_name(made, n), *ending = strrchr(file, '.');
            snprintf(label, sizeof label, "%s-%d-%d%s", name, (int)i, (int)n, ending ? ending : "");
            int fits = strstr(file, "root") == NULL && (strcmp(files[i].target, "pkcs12") == 0 || (ending && strcmp(ending, ".key") == 0));
            if (fits)
                save(files[i].target, label, pcai_slice(pca_files_data(made, n), pca_files_size(made, n)));
        }
        pca_files_free(made);
    }
}

static pca_request *leaf_request(const char *name)
{
    pca_request *r = pca_request_new();
    pca_request_set_type(r, PCA_CERT_CUSTOM);
    pca_request_set_common_name(r, name);
    pca_request_set_organization(r, "M\xC3\xBCller, Inc");
    pca_request_add_dns(r, "*.a.internal");
    pca_request_add_email(r, "ada@example.com");
    pca_request_add_uri(r, "https://a.internal/x");
    pca_request_add_ip(r, "2001:db8::1");
    pca_request_add_eku(r, "1.3.6.1.4.1.99999.7");
    pca_request_add_policy(r, "1.3.6.1.4.1.99999.1", "http://cps.example/");
    pca_request_add_subject_oid(r, "2.5.4.5", "17");
    pca_request_add_extension(r, "1.3.6.1.4.1.99999.2", 0, "\x05\x00", 2);
    pca_request_set_alias(r, "an alias");
    pca_request_set_years(r, 1);
    return r;
}

static void fill_private(pca_region *region, int family, const char *label)
{
    pca_root *root = NULL;
    pca_sub *sub = NULL;
    pca_cert *cert = NULL;
    pca_blob *blob = NULL;
    enable(region, PCA_KIND_PRIVATE, family, &root, &sub);
    for (int i = 0; i < 3; i++) {
        char name[64], id[64];
        snprintf(name, sizeof name, "%s-%d.internal", label, i);
        snprintf(id, sizeof id, "%s-id-%d", label, i);
        pca_request *r = leaf_request(name);
        pca_request_set_custom_id(r, id);
        pca_request_set_token(r, id);
        if (family == PCA_FAMILY_SM2)
            pca_request_set_dual(r, i == 0);
        done(pca_sub_request(sub, r, &cert, err));
        done(pca_cert_tag_set(cert, "key", "value", err));
        if (i == 0 || family == PCA_FAMILY_SM2)
            save_cert(cert, name);
        if (i > 0)
            done(pca_cert_revoke(cert, PCA_REASON_KEY_COMPROMISE, 1800000000, NULL, err));
        if (i == 2)
            done(pca_cert_delete(cert, err));
        pca_cert_free(cert);
        pca_request_free(r);
    }
    done(pca_ca_crl_make(pca_sub_ca(sub), err));
    done(pca_ca_crl_get(pca_sub_ca(sub), PCA_FORMAT_DER, &blob, err));
    save_blob("crl", label, blob);
    done(pca_ca_certificate(pca_root_ca(root), PCA_FORMAT_PEM, &blob, err));
    char name[64];
    snprintf(name, sizeof name, "%s-root.pem", label);
    save("pem", name, pcai_slice(pca_blob_data(blob), pca_blob_size(blob)));
    save_blob("certificate", name, blob);
    done(pca_ca_certificate(pca_sub_ca(sub), PCA_FORMAT_DER, &blob, err));
    snprintf(name, sizeof name, "%s-sub", label);
    save_blob("certificate", name, blob);
    pca_request *r = ca_request("");
    pca_request_reset(r);
    done(pca_ca_csr(pca_sub_ca(sub), r, PCA_FORMAT_DER, &blob, err));
    save_blob("csr", label, blob);
    done(pca_ca_csr(pca_root_ca(root), r, PCA_FORMAT_PEM, &blob, err));
    snprintf(name, sizeof name, "%s.pem", label);
    save_blob("csr", name, blob);
    pca_request_free(r);
    pca_root_free(root);
    pca_sub_free(sub);
}

static void fill_compliance(pca_region *region)
{
    pca_root *root = NULL;
    pca_sub *sub = NULL;
    pca_cert *cert = NULL;
    pca_request *r = pca_request_new();
    enable(region, PCA_KIND_COMPLIANCE, PCA_FAMILY_ECC, &root, &sub);
    done(pca_root_purchase_certificates(root, 3, NULL, NULL, err));
    done(pca_root_assign(root, sub, 3, PCA_ANY, NULL, err));
    pca_request_set_type(r, PCA_CERT_CLIENT);
    pca_request_set_personal_name(r, "Ada");
    for (int i = 0; i < 2; i++) {
        done(pca_sub_request(sub, r, &cert, err));
        if (i == 0)
            done(pca_cert_approve(cert, pca_cert_review_digest(cert), err));
        pca_cert_free(cert);
    }
    pca_request_free(r);
    pca_root_free(root);
    pca_sub_free(sub);
}

/* ---- Its rows ---- */

static int gather(void *context, const uint8_t *data, size_t size, pca_error *error)
{
    (void)error;
    pcai_buf_put(context, data, size);
    return PCA_OK;
}

static size_t number(const uint8_t *at, size_t octets)
{
    size_t n = 0;
    for (size_t i = 0; i < octets; i++)
        n = n << 8 | at[i];
    return n;
}

/* The first of each table, as target record takes them, once for each type that the table may hold. */
static void save_rows(struct slice stream)
{
    unsigned saved[TABLE_COUNT] = {0};
    const uint8_t *at = stream.data + MAGIC + 4 + number(stream.data + MAGIC, 4);
    while (*at) {
        unsigned table = at[0];
        size_t key = number(at + 1, 2), value = number(at + 3, 4);
        struct der outer = pcai_der(pcai_slice(at + 7 + key, value));
        struct slice contents;
        char name[64];
        must(table < TABLE_COUNT && pcai_der_get(&outer, DER_SEQUENCE, &contents) == 0 && contents.size > 6);
        if (saved[table]++ < (table == TABLE_META ? 4 : 2) && key < 256) {
            struct buf input = {0};
            pcai_buf_octet(&input, (uint8_t)key);
            pcai_buf_put(&input, at + 7, key);
            pcai_buf_put(&input, contents.data, contents.size - 6);
            for (uint8_t type = 0; type < COUNT(record_types); type++)
                if (record_types[type]->table == (enum table)table) {
                    snprintf(name, sizeof name, "%s-%u-%u", pcai_table_name((enum table)table), type, saved[table]);
                    save_with(type, "record", name, pcai_buf_view(&input));
                }
            pcai_buf_free(&input);
        }
        at += 7 + key + value;
    }
}

static void make_region(const char *path)
{
    pca_entropy entropy = {PCA_ENTROPY_VERSION, steady_random(), steady_fill};
    const pca_clock clock = {PCA_CLOCK_VERSION, NULL, steady_now};
    pca_config *config = pca_config_new();
    pca_region *region = NULL;
    struct buf stream = {0};
    const pca_sink sink = {PCA_SINK_VERSION, &stream, gather};
    done(pca_config_set_insecure_plain_keys(config));
    done(pca_config_set_clock(config, &clock));
    done(pca_config_set_test_random(config, &entropy));
    done(pca_region_create(path, "seeds", config, &region, err));
    fill_private(region, PCA_FAMILY_ECC, "ec");
    fill_private(region, PCA_FAMILY_SM2, "sm2");
    fill_compliance(region);
    done(pca_region_check(region, err));
    done(pca_region_backup(region, &sink, NULL, err));
    save("region", "backup", pcai_buf_view(&stream));
    save_rows(pcai_buf_view(&stream));
    pca_region_close(region);
    pca_config_free(config);
    pcai_buf_free(&stream);
}

/* ---- What a region does not make ---- */

/* Its public key, and a request by it that asks for everything. */
static void save_key(const struct key *key, const char *name)
{
    static const uint8_t ada[] = {0x30, 0x0E, 0x31, 0x0C, 0x30, 0x0A, 0x06, 0x03, 0x55, 0x04, 0x03, 0x0C, 0x03, 'a', '.', 'b'};
    static const uint8_t san[] = {0x30, 0x0B, 0x82, 0x03, 'a', '.', 'b', 0x87, 0x04, 10, 0, 0, 1};
    struct certificate asked = {.is_ca = 1, .path_length = 1, .key_usage = KU_KEY_CERT_SIGN | KU_CRL_SIGN};
    struct buf info = {0}, signature = {0}, csr = {0};
    asked.san = pcai_slice(san, sizeof san);
    asked.eku[asked.eku_count++] = pcai_oid(OID_SERVER_AUTH);
    pcai_csr_info(&info, pcai_slice(ada, sizeof ada), pcai_key_public(key), &asked);
    done(pcai_key_sign(key, steady_random(), pcai_buf_view(&info), &signature, err));
    pcai_signed_write(&csr, pcai_buf_view(&info), pcai_key_algorithm(key), pcai_buf_view(&signature));
    save("csr", name, pcai_buf_view(&csr));
    save("spki", name, pcai_key_public(key));
    pcai_buf_free(&info);
    pcai_buf_free(&signature);
    pcai_buf_free(&csr);
}

static void save_rsa(const char *path)
{
    struct buf text = {0}, pkcs8 = {0};
    struct key *key = NULL;
    FILE *file = fopen(path, "rb");
    if (!file)
        stop(path);
    for (int c; (c = getc(file)) != EOF;)
        pcai_buf_octet(&text, (uint8_t)c);
    fclose(file);
    done(pcai_pkcs8_open(pcai_buf_view(&text), pcai_slice(NULL, 0), &pkcs8, err));
    done(pcai_key_read(pcai_buf_view(&pkcs8), steady_random(), &key, err));
    save("pkcs8", "rsa", pcai_buf_view(&pkcs8));
    save_key(key, "rsa");
    pcai_key_free(key);
    pcai_buf_free(&text);
    pcai_buf_free(&pkcs8);
}

/* The key is the one that target sm2 has. */
static void save_sm2(void)
{
    struct key *key = NULL;
    struct public_key *to = NULL;
    struct buf out = {0};
    done(pcai_key_generate(PCA_KEY_SM2, steady_random(), &key, err));
    done(pcai_public_read(pcai_key_public(key), &to, err));
    done(pcai_sm2_envelope(to, key, steady_random(), &out, err));
    save_with(0, "sm2", "envelope", pcai_buf_view(&out));
    for (int form = PCAI_SM2_DER; form <= PCAI_SM2_OCTETS; form++) {
        pcai_buf_reset(&out);
        done(pcai_sm2_encrypt(to, steady_random(), form, pcai_slice_text("something said in secret"), &out, err));
        save_with((uint8_t)form, "sm2", form == PCAI_SM2_DER ? "der" : "octets", pcai_buf_view(&out));
    }
    save_key(key, "sm2");
    pcai_buf_free(&out);
    pcai_public_free(to);
    pcai_key_free(key);
}

static void save_curves(void)
{
    static const int algorithms[] = {PCA_KEY_EC_P256, PCA_KEY_EC_P384, PCA_KEY_EC_P521};
    for (size_t i = 0; i < COUNT(algorithms); i++) {
        struct key *key = NULL;
        done(pcai_key_generate(algorithms[i], steady_random(), &key, err));
        save_key(key, strrchr(pcai_algorithm_name(algorithms[i]), ' ') + 1);
        pcai_key_free(key);
    }
}

int main(int argc, char **argv)
{
    char path[512];
    if (argc != 3) {
        fprintf(stderr, "usage: seeds DIRECTORY RSA-KEY\n");
        return 2;
    }
    top = argv[1];
    err = pca_error_new();
    snprintf(path, sizeof path, "rm -rf '%s'; mkdir -p '%s'", top, top);
    if (system(path) != 0)
        stop(path);
    save_sm2();
    save_curves();
    save_rsa(argv[2]);
    snprintf(path, sizeof path, "%s/made", top);
    make_region(path);
    snprintf(path, sizeof path, "rm -rf '%s/made'", top);
    int rc = system(path);
    pca_error_free(err);
    return rc != 0;
}
