/* Distinguished names given as text (RFC 4514). */
#include <string.h>

#include "base/text.h"
#include "x509/name.h"

static int refuse(pca_error *err, const char *field, const char *why)
{
    return pcai_fail(err, PCA_E_NAME, NULL, field, "%s", why);
}

static void skip_spaces(struct slice *in)
{
    while (in->size && in->data[0] == ' ') {
        in->data++;
        in->size--;
    }
}

static int take(struct slice *in, int c)
{
    if (!in->size || in->data[0] != c)
        return 0;
    in->data++;
    in->size--;
    return 1;
}

/* ---- Types ---- */

static struct slice known_type(struct slice word)
{
    for (int i = OID_NONE + 1; i <= OID_EMAIL_ADDRESS; i++)
        if (pcai_equal_nocase(word, pcai_slice_text(pcai_oid_name((enum oid)i))))
            return pcai_oid((enum oid)i);
    return pcai_slice(NULL, 0);
}

/* oids holds what the raw types of an unknown kind point into, at its beginning of PCAI_OID_MAX octets each. */
static int read_type(struct slice *in, struct attribute *a, uint8_t oid[PCAI_OID_MAX])
{
    struct slice word = {in->data, 0};
    struct buf parsed = {0};
    while (word.size < in->size && in->data[word.size] != '=' && in->data[word.size] != ' ')
        word.size++;
    in->data += word.size;
    in->size -= word.size;
    a->raw = known_type(word);
    if (!a->raw.data && pcai_oid_parse(word, &parsed) == 0 && !parsed.failed) {
        memcpy(oid, parsed.data, parsed.size);
        a->raw = pcai_slice(oid, parsed.size);
    }
    int failed = parsed.failed;
    pcai_buf_free(&parsed);
    a->type = a->raw.data ? pcai_attribute_type(a->raw) : OID_NONE;
    return failed ? PCA_E_NO_MEMORY : a->raw.data ? PCA_OK : PCA_E_NAME;
}

/* ---- Values: appended to the text of all ---- */

static int unhex(const uint8_t *at, uint8_t *octet)
{
    return pcai_is_hex(at[0]) && pcai_is_hex(at[1]) ? pcai_unhex((const char *)at, 2, octet, 1) : -1;
}

static int at_end(const struct slice *in)
{
    return !in->size || in->data[0] == ',' || in->data[0] == ';' || in->data[0] == '+';
}

/* "#" and the hexadecimal of the value's DER. */
static int read_hex(struct slice *in, struct buf *text)
{
    size_t before = text->size;
    uint8_t octet, tag;
    struct slice content;
    for (; in->size >= 2 && unhex(in->data, &octet) == 0; in->data += 2, in->size -= 2)
        pcai_buf_octet(text, octet);
    if (text->failed)
        return 0;
    if (text->size == before)
        return -1;
    struct der value = pcai_der(pcai_slice(text->data + before, text->size - before));
    if (pcai_der_any(&value, &tag, &content, NULL) != 0 || !pcai_der_at_end(&value) ||
        (tag != DER_PRINTABLE_STRING && tag != DER_UTF8_STRING && tag != DER_IA5_STRING))
        return -1;
    memmove(text->data + before, content.data, content.size);
    text->size = before + content.size;
    return 0;
}

static int read_escaped(struct slice *in, struct buf *text)
{
    uint8_t octet;
    if (in->size >= 3 && unhex(in->data + 1, &octet) == 0) {
        pcai_buf_octet(text, octet);
        in->data += 3;
        in->size -= 3;
        return 0;
    }
    if (in->size < 2 || in->data[1] == 0 || !strchr("\"+,;<>\\ #=", in->data[1]))
        return -1;
    pcai_buf_octet(text, in->data[1]);
    in->data += 2;
    in->size -= 2;
    return 0;
}

static int read_value(struct slice *in, struct buf *text)
{
    size_t kept = text->size; /* up to the last that is no bare space */
    if (take(in, '#'))
        return read_hex(in, text);
    while (!at_end(in)) {
        int escaped = in->data[0] == '\\', bare_space = in->data[0] == ' ';
        if (in->data[0] == 0 || strchr("\"<>", in->data[0]) || (escaped && read_escaped(in, text) != 0))
            return -1;
        if (!escaped) {
            pcai_buf_octet(text, in->data[0]);
            in->data++;
            in->size--;
        }
        if (!bare_space)
            kept = text->size;
    }
    if (!text->failed)
        text->size = kept;
    return 0;
}

/* ---- The whole ---- */

struct parsed {
    struct name name; /* most specific first; values are lengths until the text is whole */
    uint8_t oids[PCAI_NAME_ATTRIBUTES_MAX][PCAI_OID_MAX];
    struct buf text;
};

static int read_rdn(struct slice *in, const char *field, struct parsed *p, pca_error *err)
{
    size_t place = p->name.count, before = p->text.size;
    if (place == PCAI_NAME_ATTRIBUTES_MAX)
        return pcai_fail(err, PCA_E_NAME, NULL, field, "a name has at most %d attributes", PCAI_NAME_ATTRIBUTES_MAX);
    struct attribute *a = &p->name.attributes[place];
    skip_spaces(in);
    int rc = read_type(in, a, p->oids[place]);
    if (rc == PCA_E_NO_MEMORY)
        return pcai_no_memory(err);
    if (rc != PCA_OK)
        return refuse(err, field, "an attribute type is neither known by its name nor an object identifier");
    skip_spaces(in);
    if (!take(in, '='))
        return refuse(err, field, "a name is \"type=value\" with commas between (RFC 4514)");
    skip_spaces(in);
    if (read_value(in, &p->text) != 0)
        return refuse(err, field, "a value has a character that is not escaped, or is escaped wrongly (RFC 4514)");
    skip_spaces(in);
    if (!at_end(in))
        return refuse(err, field, "a value has a character that is not escaped, or is escaped wrongly (RFC 4514)");
    if (in->size && in->data[0] != ',')
        return refuse(err, field, "one attribute stands in each part of a name, and commas between");
    a->value.size = p->text.size - before;
    p->name.count++;
    return pcai_buf_check(&p->text, err);
}

/* The text begins with the last RDN. */
static int finish(struct parsed *p, const char *field, struct buf *out, pca_error *err)
{
    struct name name = {.count = p->name.count};
    size_t at = 0;
    for (size_t i = 0; i < name.count; i++) {
        struct attribute a = p->name.attributes[i];
        a.value.data = p->text.data ? p->text.data + at : (const uint8_t *)"";
        at += a.value.size;
        int rc = pcai_attribute_check(a.type, a.value, field, err);
        if (rc != PCA_OK)
            return rc;
        name.attributes[name.count - 1 - i] = a;
    }
    pcai_name_write(out, &name);
    return pcai_buf_check(out, err);
}

int pcai_name_parse(struct slice text, const char *field, struct buf *out, pca_error *err)
{
    struct parsed p = {.text = {0}};
    int rc;
    do
        rc = read_rdn(&text, field, &p, err);
    while (rc == PCA_OK && take(&text, ','));
    if (rc == PCA_OK)
        rc = finish(&p, field, out, err);
    pcai_buf_free(&p.text);
    return rc;
}
