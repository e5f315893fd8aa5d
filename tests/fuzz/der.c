/* DER itself, and the small structures in it that no other target begins with. */
#include "fuzz.h"

#include "ca/label.h"
#include "x509/ber.h"
#include "x509/constraints.h"
#include "x509/lint.h"
#include "x509/name.h"

/* What a walk finds, by the readers of its types. */
static int walk(struct slice in, int depth)
{
    struct der at = pcai_der(in);
    while (!pcai_der_at_end(&at)) {
        struct der one = at, two = at, three = at;
        struct slice content, whole, octets;
        uint64_t number;
        int64_t integer;
        int flag;
        unsigned unused;
        uint8_t tag;
        char text[64];
        if (pcai_der_any(&at, &tag, &content, &whole) != 0)
            return -1;
        must_lie_in(content, whole);
        must_lie_in(whole, in);
        if (pcai_der_get_uint(&one, &number) == 0) {
            must(pcai_der_get_integer(&two, &octets) == 0);
            must(number > INT64_MAX || (pcai_der_get_int(&three, &integer) == 0 && (uint64_t)integer == number));
        }
        one = two = three = pcai_der(whole);
        if (pcai_der_get_oid(&one, &octets) == 0)
            pcai_oid_text(octets, text, sizeof text);
        pcai_der_get_time(&two, &integer);
        pcai_der_get_bits(&three, &octets, &unused);
        one = pcai_der(whole);
        pcai_der_get_boolean(&one, &flag);
        if ((tag & 0x20) && depth < 20 && walk(content, depth + 1) != 0)
            return -1;
    }
    return 0;
}

static void names(struct slice in)
{
    static struct general_name held[PCAI_SAN_READ_MAX];
    struct name name;
    struct buf out = {0}, again = {0};
    size_t count = 0, other = 0;
    if (pcai_name_read(in, &name) == 0)
        must(pcai_name_same(in, in) == 1);
    pcai_name_text(in, &out);
    pcai_buf_reset(&out);
    if (pcai_san_read(in, held, COUNT(held), &count, &other) == 0 && other == 0) {
        pcai_san_write(&out, held, count);
        must(pcai_slice_equal(pcai_buf_view(&out), in));
        for (size_t i = 0; i < count; i++)
            pcai_san_text(&held[i], &again);
    }
    pcai_buf_free(&out);
    pcai_buf_free(&again);
}

static void constraints(struct slice in)
{
    struct subtrees all = pcai_subtrees(in);
    struct subtree subtree;
    struct buf text = {0};
    int sound = pcai_constraints_are_sound(in), more;
    size_t count = 0;
    while ((more = pcai_subtree_next(&all, &subtree)) == 1) {
        count++;
        pcai_subtree_text(&subtree, &text);
    }
    must(sound == (more == 0 && count > 0));
    pcai_buf_free(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice in = pcai_slice(data, size);
    struct buf der = {0}, again = {0};
    struct tag tags[PCAI_TAGS_MAX];
    int family, digest;
    walk(in, 0);
    int strict = !pcai_lint_der(in);
    if (pcai_ber_to_der(in, &der) == 0 && !der.failed) {
        must(pcai_ber_to_der(pcai_buf_view(&der), &again) == 0); /* and that is DER already */
        must(pcai_slice_equal(pcai_buf_view(&der), pcai_buf_view(&again)));
        must(!strict || pcai_slice_equal(pcai_buf_view(&der), in));
    }
    names(in);
    constraints(in);
    pcai_signature_algorithm_read(in, &family, &digest);
    must(pcai_tags_read(in, tags) <= PCAI_TAGS_MAX);
    pcai_buf_free(&der);
    pcai_buf_free(&again);
    return 0;
}
