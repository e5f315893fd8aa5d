/*
 * Serial numbers. Those that libpca makes hold the sequence of their certificate and need no index; all others (imported, or
 * random throughout by policy opaque_serials) have a row that leads to it, which stays for ever, so that none is used twice.
 */
#ifndef PCAI_SERIALS_H
#define PCAI_SERIALS_H

#include "ca/records.h"

#define PCAI_SERIAL_MAX 20
struct serial {
    uint8_t octets[PCAI_SERIAL_MAX]; /* without leading zeros */
    size_t size;
};

/* Any spelling of hexadecimal (case, leading zeros, colons, 0x) or dec: and decimal digits. -1 for 0, and what is neither. */
int pcai_serial_parse(const char *text, struct serial *serial);
/* An INTEGER's contents: positive, at most 20 octets and the zero before them. -1. */
int pcai_serial_read(struct slice integer, struct serial *serial);
/* The contents again: a zero in front where the first bit is set. */
struct slice pcai_serial_integer(const struct serial *serial, uint8_t out[PCAI_SERIAL_MAX + 1]);
/* The sequence that it would hold; 0: it is too short for one. */
uint64_t pcai_serial_sequence(struct slice serial);

/* The row's certificate; NOT_FOUND leaves err as it is. */
int pcai_serial_find(struct txn *txn, uint64_t issuer, struct slice serial, uint64_t *certificate, pca_error *err);
int pcai_serial_put(struct txn *txn, uint64_t issuer, struct slice serial, uint64_t certificate, pca_error *err);

#endif
