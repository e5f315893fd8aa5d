#include "custom.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "chance.h"

#define OID_TEXT 64
#define FEW 3

/* The index keeps two of one kind apart. Judges take no number of more than four octets in DER. */
static char *example(char out[OID_TEXT], int kind, uint64_t index)
{
    snprintf(out, OID_TEXT, EXAMPLE_ARC ".%d.%" PRIu64 ".%" PRIu64, kind, index, between(0, (1 << 28) - 1));
    return out;
}

/* ---- Extended key usage ---- */

struct purposes custom_purposes(pca_request *request)
{
    static const char *const others[] = {"1.3.6.1.5.5.7.3.3" /* codeSigning */, "1.3.6.1.5.5.7.3.4" /* emailProtection */,
                                         "1.3.6.1.5.5.7.3.17" /* ipsecIKE */, "1.3.6.1.4.1.311.20.2.2" /* smart card logon */};
    struct purposes purposes = {one_in(2), one_in(2), 0};
    char oid[OID_TEXT];
    uint64_t more = between(0, FEW);
    if (purposes.server)
        pca_request_add_eku(request, "1.3.6.1.5.5.7.3.1");
    if (purposes.client)
        pca_request_add_eku(request, "1.3.6.1.5.5.7.3.2");
    for (size_t i = 0; i < sizeof others / sizeof *others && more; i++)
        if (one_in(4))
            pca_request_add_eku(request, others[i]);
    for (uint64_t i = 0; i < more; i++)
        pca_request_add_eku(request, example(oid, 1, i));
    purposes.any = !purposes.server && !purposes.client && !more;
    return purposes;
}

/* ---- Policies ---- */

static void add_policies(pca_request *request)
{
    char oid[OID_TEXT], name[HOST_MAX + 1], cps[HOST_MAX + 32];
    uint64_t count = one_in(8) ? 16 : between(0, FEW);
    for (uint64_t i = 0; i < count; i++) {
        snprintf(cps, sizeof cps, "http%s://%s/cps", one_in(2) ? "s" : "", host(name, HOST_MAX, 2));
        pca_request_add_policy(request, example(oid, 2, i), one_in(2) ? cps : NULL);
    }
}

/* ---- Extensions ---- */

static size_t put_header(uint8_t *out, uint8_t tag, size_t size)
{
    size_t used = 0;
    out[used++] = tag;
    if (size >= 0x100)
        out[used++] = 0x82;
    else if (size >= 0x80)
        out[used++] = 0x81;
    if (size >= 0x100)
        out[used++] = (uint8_t)(size >> 8);
    out[used++] = (uint8_t)size;
    return used;
}

static size_t octet_string(uint8_t *out, size_t size)
{
    size_t used = put_header(out, 0x04, size);
    for (size_t end = used + size; used < end; used++)
        out[used] = (uint8_t)chance();
    return used;
}

static size_t utf8_string(uint8_t *out)
{
    char value[4 * 64 + 1];
    size_t size = strlen(text(value, 64)), used = put_header(out, 0x0C, size);
    memcpy(out + used, value, size);
    return used + size;
}

static size_t sequence(uint8_t *out)
{
    uint8_t contents[512];
    size_t size = 0;
    if (one_in(2))
        size += utf8_string(contents + size);
    if (one_in(2))
        size += octet_string(contents + size, between(0, 200));
    size_t used = put_header(out, 0x30, size);
    memcpy(out + used, contents, size);
    return used + size;
}

/* One element of DER. */
static size_t element(uint8_t out[4096])
{
    switch (between(0, 4)) {
    case 0:
        return put_header(out, 0x05, 0); /* NULL */
    case 1:
        return octet_string(out, one_in(4) ? 4092 : between(0, 300));
    case 2:
        return utf8_string(out);
    default:
        return sequence(out);
    }
}

static void add_extensions(pca_request *request)
{
    uint8_t value[4096];
    char oid[OID_TEXT];
    uint64_t count = one_in(20) ? 16 : between(0, FEW);
    for (uint64_t i = 0; i < count; i++)
        pca_request_add_extension(request, example(oid, 3, i), 0, value, element(value));
}

/* ---- The subject ---- */

static void add_components(pca_request *request)
{
    for (uint64_t i = 0, count = one_in(2) ? between(2, FEW) : 0; i < count; i++) {
        char name[64];
        snprintf(name, sizeof name, i ? "part%" PRIu64 : "com", between(0, 999));
        pca_request_add_subject_oid(request, "0.9.2342.19200300.100.1.25", name);
    }
}

/* RFC 5280 4.1.2.6: an address in the subject stands among the alternative names too. */
static uint64_t add_address(pca_request *request)
{
    char address[64 + 1 + HOST_MAX + 1];
    if (!one_in(6) || strlen(mail(address)) > 255)
        return 0;
    pca_request_add_subject_oid(request, "1.2.840.113549.1.9.1", address);
    pca_request_add_email(request, address);
    return 1;
}

static uint64_t add_attributes(pca_request *request)
{
    static const struct {
        const char *oid;
        uint64_t most; /* zlint would rather have names of no more than 64 characters */
    } types[] = {
        {"2.5.4.4", 64} /* surname */,     {"2.5.4.9", 128} /* street */,   {"2.5.4.12", 64} /* title */,     {"2.5.4.17", 16} /* postal code */,
        {"2.5.4.42", 64} /* given name */, {"2.5.4.43", 255} /* initials */, {"2.5.4.65", 128} /* pseudonym */, {"0.9.2342.19200300.100.1.1", 255} /* uid */,
    };
    char value[4 * 255 + 1], oid[OID_TEXT];
    add_components(request);
    if (one_in(3)) {
        snprintf(value, sizeof value, "SN-%" PRIx64 " (1.0)", chance());
        pca_request_add_subject_oid(request, one_in(2) ? "2.5.4.5" : "2.5.4.46", value); /* serial number, dn qualifier */
    }
    for (uint64_t i = between(0, FEW), type = between(0, 2); i > 0 && type < sizeof types / sizeof *types; i--, type += between(1, 3))
        pca_request_add_subject_oid(request, types[type].oid, text(value, types[type].most));
    if (one_in(4))
        pca_request_add_subject_oid(request, example(oid, 4, 0), text(value, 255));
    return add_address(request);
}

uint64_t custom_extras(pca_request *request)
{
    if (one_in(2))
        add_policies(request);
    if (one_in(2))
        add_extensions(request);
    return one_in(2) ? add_attributes(request) : 0;
}
