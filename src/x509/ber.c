#include "x509/ber.h"

#define DEPTH_MAX 24
#define CONSTRUCTED 0x20
#define INDEFINITE 0x80

static int convert(struct der *in, int depth, struct buf *out);

static int is_indefinite(const struct der *in)
{
    return in->end - in->at >= 2 && (in->at[0] & CONSTRUCTED) && in->at[1] == INDEFINITE;
}

static int at_end_of_contents(const struct der *in)
{
    return in->end - in->at >= 2 && in->at[0] == 0 && in->at[1] == 0;
}

/* The contents of a constructed element, each element by `one`. */
typedef int (*element)(struct der *in, int depth, struct buf *out);
static int convert_contents(struct der *in, int depth, element one, struct buf *out)
{
    struct der inner;
    int indefinite = is_indefinite(in), rc = 0;
    if (indefinite) {
        inner = (struct der){in->at + 2, in->end};
        while (rc == 0 && !at_end_of_contents(&inner))
            rc = one(&inner, depth, out);
        in->at = inner.at + (rc == 0 ? 2 : 0);
    } else {
        rc = pcai_der_enter(in, (uint8_t)pcai_der_peek(in), &inner);
        while (rc == 0 && !pcai_der_at_end(&inner))
            rc = one(&inner, depth, out);
    }
    return rc;
}

/* The octets of an OCTET STRING, whole or in pieces. */
static int put_octets(struct der *in, int depth, struct buf *out)
{
    struct slice content;
    if (pcai_der_peek(in) == (DER_OCTET_STRING | CONSTRUCTED))
        return depth < DEPTH_MAX ? convert_contents(in, depth + 1, put_octets, out) : -1;
    if (pcai_der_get(in, DER_OCTET_STRING, &content) != 0)
        return -1;
    pcai_buf_slice(out, content);
    return 0;
}

static int convert(struct der *in, int depth, struct buf *out)
{
    int tag = pcai_der_peek(in);
    struct slice whole;
    if (tag < 0 || depth == DEPTH_MAX)
        return -1;
    if (!(tag & CONSTRUCTED)) {
        if (pcai_der_any(in, NULL, NULL, &whole) != 0)
            return -1;
        pcai_buf_slice(out, whole);
        return 0;
    }
    int in_pieces = tag == (DER_OCTET_STRING | CONSTRUCTED);
    size_t mark = pcai_der_begin(out, in_pieces ? DER_OCTET_STRING : (uint8_t)tag);
    int rc = convert_contents(in, depth + 1, in_pieces ? put_octets : convert, out);
    pcai_der_end(out, mark);
    return rc;
}

int pcai_ber_to_der(struct slice in, struct buf *out)
{
    struct der cursor = pcai_der(in);
    return convert(&cursor, 0, out) == 0 && pcai_der_at_end(&cursor) ? 0 : -1;
}
