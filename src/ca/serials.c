#include "ca/serials.h"

#include <string.h>

#include "base/text.h"

#define TEXT_MAX 128

static int drop_zeros(struct serial *s)
{
    size_t zeros = 0;
    while (zeros < s->size && s->octets[zeros] == 0)
        zeros++;
    memmove(s->octets, s->octets + zeros, s->size - zeros);
    s->size -= zeros;
    return s->size ? 0 : -1;
}

/* base 10 or 16, digit by digit: octets = octets * base + digit. */
static int shift_in(struct serial *s, unsigned base, unsigned digit)
{
    unsigned carry = digit;
    for (size_t i = PCAI_SERIAL_MAX; i-- > 0;) {
        carry += s->octets[i] * base;
        s->octets[i] = (uint8_t)carry;
        carry >>= 8;
    }
    return carry ? -1 : 0;
}

int pcai_serial_parse(const char *text, struct serial *s)
{
    unsigned base = 16;
    size_t digits = 0;
    memset(s, 0, sizeof *s);
    s->size = PCAI_SERIAL_MAX;
    if (strlen(text) > TEXT_MAX)
        return -1;
    if (pcai_lower(text[0]) == 'd' && pcai_lower(text[1]) == 'e' && pcai_lower(text[2]) == 'c' && text[3] == ':') {
        base = 10;
        text += 4;
    } else if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X')) {
        text += 2;
    }
    for (; *text; text++) {
        if (*text == ':' && base == 16 && digits && text[1] && text[1] != ':')
            continue;
        if (base == 10 ? !pcai_is_digit(*text) : !pcai_is_hex(*text))
            return -1;
        unsigned digit = pcai_is_digit(*text) ? (unsigned)(*text - '0') : (unsigned)(pcai_lower(*text) - 'a' + 10);
        if (shift_in(s, base, digit) != 0)
            return -1;
        digits++;
    }
    return digits ? drop_zeros(s) : -1;
}

int pcai_serial_read(struct slice integer, struct serial *s)
{
    size_t zero = integer.size > 1 && integer.data[0] == 0;
    if (integer.size == 0 || integer.data[0] >= 0x80 || integer.size - zero > PCAI_SERIAL_MAX)
        return -1;
    memcpy(s->octets, integer.data + zero, integer.size - zero);
    s->size = integer.size - zero;
    return drop_zeros(s);
}

struct slice pcai_serial_integer(const struct serial *s, uint8_t out[PCAI_SERIAL_MAX + 1])
{
    size_t zero = s->octets[0] >= 0x80;
    out[0] = 0;
    memcpy(out + zero, s->octets, s->size);
    return pcai_slice(out, s->size + zero);
}

uint64_t pcai_serial_sequence(struct slice serial)
{
    uint64_t sequence = 0;
    for (int i = 1; i < 6 && serial.size > 6; i++)
        sequence = sequence << 8 | serial.data[i];
    return sequence;
}

static struct row_key serial_key(uint64_t issuer, struct slice serial)
{
    struct row_key key = pcai_key_id64(issuer);
    pcai_row_key_bytes(&key, serial);
    return key;
}

int pcai_serial_find(struct txn *txn, uint64_t issuer, struct slice serial, uint64_t *certificate, pca_error *err)
{
    struct row_key key = serial_key(issuer, serial);
    struct serial_record record;
    int rc = pcai_record_get(txn, &pcai_serial_type, pcai_row_key_view(&key), &record, err);
    if (rc == PCA_OK)
        *certificate = record.certificate;
    return rc;
}

int pcai_serial_put(struct txn *txn, uint64_t issuer, struct slice serial, uint64_t certificate, pca_error *err)
{
    struct row_key key = serial_key(issuer, serial);
    return pcai_record_put(txn, &pcai_serial_type, pcai_row_key_view(&key), &(struct serial_record){certificate}, err);
}
