/* Names as text: subjects, alternative names, subtrees, object identifiers, serial numbers. Each canonical form is its own. */
#include "fuzz.h"

#include "ca/serials.h"
#include "x509/constraints.h"
#include "x509/name.h"

static void subject(struct slice text)
{
    struct buf der = {0}, written = {0}, again = {0};
    struct name name;
    pca_error err = {0};
    int rc = pcai_name_parse(text, "subject", &der, &err);
    must_say(rc, &err);
    if (rc == PCA_OK) {
        must(pcai_name_read(pcai_buf_view(&der), &name) == 0);
        pcai_name_text(pcai_buf_view(&der), &written);
        must(pcai_name_parse(pcai_buf_view(&written), "subject", &again, &err) == PCA_OK);
        must(pcai_slice_equal(pcai_buf_view(&der), pcai_buf_view(&again)));
        must(pcai_name_same(pcai_buf_view(&der), pcai_buf_view(&again)) == 1);
    }
    pcai_buf_free(&der);
    pcai_buf_free(&written);
    pcai_buf_free(&again);
}

static void alternative(int type, struct slice text)
{
    struct buf canonical = {0}, written = {0}, again = {0};
    pca_error err = {0};
    int rc = pcai_san_canonical(type, text, "san", &canonical, &err);
    must_say(rc, &err);
    if (rc == PCA_OK) {
        struct general_name name = {type, pcai_buf_view(&canonical)};
        must(pcai_san_check(&name, "san", &err) == PCA_OK);
        pcai_san_text(&name, &written);
        must(pcai_san_canonical(type, pcai_buf_view(&written), "san", &again, &err) == PCA_OK);
        must(pcai_slice_equal(pcai_buf_view(&canonical), pcai_buf_view(&again)));
    }
    pcai_buf_free(&canonical);
    pcai_buf_free(&written);
    pcai_buf_free(&again);
}

static void constrain(int type, struct slice text)
{
    struct buf base = {0}, constraints = {0}, written = {0};
    pca_error err = {0};
    int rc = pcai_subtree_parse(type, text, "permitted", &base, &err);
    must_say(rc, &err);
    if (rc == PCA_OK) {
        struct subtree subtree = {.type = type, .base = pcai_buf_view(&base)}, read;
        pcai_constraints_write(&constraints, &subtree, 1);
        must(pcai_constraints_are_sound(pcai_buf_view(&constraints)));
        struct subtrees all = pcai_subtrees(pcai_buf_view(&constraints));
        must(pcai_subtree_next(&all, &read) == 1 && read.type == type && pcai_slice_equal(read.base, subtree.base));
        must(pcai_subtree_next(&all, &read) == 0);
        pcai_subtree_text(&subtree, &written);
        must(written.size && !written.failed);
    }
    pcai_buf_free(&base);
    pcai_buf_free(&constraints);
    pcai_buf_free(&written);
}

static void identifier(struct slice text)
{
    struct buf oid = {0}, again = {0};
    char written[PCAI_OID_MAX * 4];
    if (pcai_oid_parse(text, &oid) == 0) {
        pcai_oid_text(pcai_buf_view(&oid), written, sizeof written);
        must(pcai_oid_parse(pcai_slice_text(written), &again) == 0);
        must(pcai_slice_equal(pcai_buf_view(&oid), pcai_buf_view(&again)));
    }
    pcai_buf_free(&oid);
    pcai_buf_free(&again);
}

static void serial(const char *text)
{
    struct serial serial, again;
    uint8_t integer[PCAI_SERIAL_MAX + 1];
    if (pcai_serial_parse(text, &serial) == 0) {
        must(serial.size && serial.size <= PCAI_SERIAL_MAX && serial.octets[0]);
        must(pcai_serial_read(pcai_serial_integer(&serial, integer), &again) == 0);
        must(again.size == serial.size && memcmp(again.octets, serial.octets, serial.size) == 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const int types[] = {PCA_SAN_DNS, PCA_SAN_IP, PCA_SAN_EMAIL, PCA_SAN_URI};
    struct slice text = pcai_slice(data, size);
    char *copy = malloc(size + 1);
    must(copy);
    memcpy(copy, data, size);
    copy[size] = 0;
    subject(text);
    for (size_t i = 0; i < COUNT(types); i++) {
        alternative(types[i], text);
        constrain(types[i], text);
    }
    constrain(PCA_SAN_DIRECTORY, text);
    must(!(pcai_is_dns(text) && pcai_is_ip(text)));
    identifier(text);
    serial(copy);
    for (enum oid type = OID_COMMON_NAME; type <= OID_EMAIL_ADDRESS; type++) {
        pca_error err = {0};
        must_say(pcai_attribute_check(type, text, "subject", &err), &err);
    }
    free(copy);
    return 0;
}
