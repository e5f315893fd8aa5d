#include "ca/records.h"

#include "base/civil.h"
#include "crypto/crypto.h"

#define UINT(type, member) RECORD_FIELD(FIELD_UINT, struct type, member)
#define INT(type, member) RECORD_FIELD(FIELD_INT, struct type, member)
#define TEXT(type, member) RECORD_FIELD(FIELD_TEXT, struct type, member)
#define BYTES(type, member) RECORD_FIELD(FIELD_BYTES, struct type, member)
#define TYPE(name, table) const struct record_type pcai_##name##_type = {table, 1, name##_fields, sizeof name##_fields / sizeof *name##_fields}

static const struct field region_fields[] = {
    TEXT(region_record, id),
    INT(region_record, created),
    UINT(region_record, rules),
    UINT(region_record, next_ca),
};
TYPE(region, TABLE_META);

static const struct field sequence_fields[] = {
    UINT(sequence_record, next),
};
TYPE(sequence, TABLE_META);

static const struct field policy_fields[] = {
    INT(policy_record, value),
};
TYPE(policy, TABLE_META);

static const struct field storage_fields[] = {
    UINT(storage_record, kind),
    BYTES(storage_record, salt),
    UINT(storage_record, rounds),
    BYTES(storage_record, region_key),
    BYTES(storage_record, proof),
};
TYPE(storage, TABLE_META);

static const struct field ca_fields[] = {
    UINT(ca_record, id),
    UINT(ca_record, parent),
    UINT(ca_record, root),
    UINT(ca_record, kind),
    UINT(ca_record, family),
    UINT(ca_record, state),
    UINT(ca_record, bundled),
    TEXT(ca_record, alias),
    INT(ca_record, created),
    INT(ca_record, service_start),
    INT(ca_record, service_end),
    UINT(ca_record, months),
    UINT(ca_record, algorithm),
    UINT(ca_record, generation),
    UINT(ca_record, path_length),
    BYTES(ca_record, subject),
    BYTES(ca_record, serial),
    INT(ca_record, not_before),
    INT(ca_record, not_after),
    TEXT(ca_record, crl_url),
    UINT(ca_record, crl_days),
    TEXT(ca_record, ocsp_url),
    TEXT(ca_record, issuer_url),
    INT(ca_record, revoked_at),
    UINT(ca_record, reason),
    INT(ca_record, invalidity),
    BYTES(ca_record, tags),
    UINT(ca_record, log),
};
TYPE(ca, TABLE_CA);

static const struct field quota_fields[] = {
    UINT(quota_record, remaining),
    UINT(quota_record, reserved),
    UINT(quota_record, issued),
    UINT(quota_record, lapsed),
    UINT(quota_record, remaining_free),
    UINT(quota_record, reserved_free),
    UINT(quota_record, issued_free),
    UINT(quota_record, lapsed_free),
    UINT(quota_record, granted),
    UINT(quota_record, purchased),
    UINT(quota_record, billable),
    UINT(quota_record, waived),
    UINT(quota_record, year),
    UINT(quota_record, year_purchased),
    UINT(quota_record, held[0][0]), UINT(quota_record, held[0][1]), UINT(quota_record, held[0][2]), UINT(quota_record, held[0][3]),
    UINT(quota_record, held[1][0]), UINT(quota_record, held[1][1]), UINT(quota_record, held[1][2]), UINT(quota_record, held[1][3]),
    UINT(quota_record, held[2][0]), UINT(quota_record, held[2][1]), UINT(quota_record, held[2][2]), UINT(quota_record, held[2][3]),
    UINT(quota_record, held[3][0]), UINT(quota_record, held[3][1]), UINT(quota_record, held[3][2]), UINT(quota_record, held[3][3]),
    UINT(quota_record, held[4][0]), UINT(quota_record, held[4][1]), UINT(quota_record, held[4][2]), UINT(quota_record, held[4][3]),
    UINT(quota_record, log),
};
TYPE(quota, TABLE_QUOTA);

static const struct field generation_fields[] = {
    UINT(generation_record, algorithm),
    BYTES(generation_record, key_id),
    UINT(generation_record, custody),
    UINT(generation_record, certificates),
    INT(generation_record, not_after),
    TEXT(generation_record, crl_url),
    UINT(generation_record, revocations),
    UINT(generation_record, revocations_xor),
    UINT(generation_record, crl_counter),
    UINT(generation_record, crl_number),
    INT(generation_record, crl_this_update),
    INT(generation_record, crl_next_update),
    UINT(generation_record, crl_entries),
    UINT(generation_record, crl_size),
    UINT(generation_record, crl_pieces),
    UINT(generation_record, crl_log),
    TEXT(generation_record, driver),
    TEXT(generation_record, slot),
    TEXT(generation_record, key_name),
    INT(generation_record, unlisted_since),
    UINT(generation_record, unlisted_log),
};
TYPE(generation, TABLE_GENERATION);

static const struct field key_fields[] = {
    BYTES(key_record, sealed),
    TEXT(key_record, driver),
    TEXT(key_record, slot),
    TEXT(key_record, key_name),
    BYTES(key_record, public_key),
};
TYPE(key, TABLE_KEY);

static const struct field ca_cert_fields[] = {
    UINT(ca_cert_record, kind),
    UINT(ca_cert_record, issuer),
    UINT(ca_cert_record, issuer_generation),
    BYTES(ca_cert_record, serial),
    INT(ca_cert_record, not_before),
    INT(ca_cert_record, not_after),
    BYTES(ca_cert_record, der),
    UINT(ca_cert_record, subject),
};
TYPE(ca_cert, TABLE_CA_CERT);

static const struct field cert_fields[] = {
    UINT(cert_record, issuer),
    UINT(cert_record, generation),
    UINT(cert_record, type),
    UINT(cert_record, container),
    UINT(cert_record, algorithm),
    BYTES(cert_record, serial),
    INT(cert_record, created),
    INT(cert_record, not_before),
    INT(cert_record, not_after),
    TEXT(cert_record, alias),
    TEXT(cert_record, actor),
    BYTES(cert_record, ignored),
    BYTES(cert_record, der),
    BYTES(cert_record, sealed_key),
    TEXT(cert_record, custom_id),
    BYTES(cert_record, tags),
    UINT(cert_record, log),
    BYTES(cert_record, review),
    TEXT(cert_record, driver),
    TEXT(cert_record, slot),
    TEXT(cert_record, key_name),
    INT(cert_record, installed),
    BYTES(cert_record, encryption_serial),
    BYTES(cert_record, encryption_der),
    BYTES(cert_record, encryption_key),
    UINT(cert_record, imported),
};
TYPE(cert, TABLE_CERT);

static const struct field status_fields[] = {
    UINT(status_record, status),
    INT(status_record, at),
    UINT(status_record, reason),
    INT(status_record, invalidity),
    UINT(status_record, log),
};
TYPE(status, TABLE_STATUS);

static const struct field revocation_fields[] = {
    UINT(revocation_record, certificate),
    UINT(revocation_record, ca),
    INT(revocation_record, revoked_at),
    UINT(revocation_record, reason),
    INT(revocation_record, invalidity),
    INT(revocation_record, not_after),
    BYTES(revocation_record, digest),
    UINT(revocation_record, log),
    INT(revocation_record, deleted_at),
    UINT(revocation_record, imported),
    UINT(revocation_record, pair),
};
TYPE(revocation, TABLE_REVOCATION);

static const struct field piece_fields[] = {
    BYTES(piece_record, data),
};
TYPE(piece, TABLE_CRL);

static const struct field token_fields[] = {
    BYTES(token_record, inputs),
    BYTES(token_record, results),
};
TYPE(token, TABLE_TOKEN);

static const struct field serial_fields[] = {
    UINT(serial_record, certificate),
};
TYPE(serial, TABLE_SERIAL);

static const struct field public_key_fields[] = {
    BYTES(public_key_record, subject),
    UINT(public_key_record, is_ca),
    UINT(public_key_record, compromised),
};
TYPE(public_key, TABLE_PUBLIC_KEY);

static const struct field intent_fields[] = {
    UINT(intent_record, issuer),
    INT(intent_record, deadline),
    BYTES(intent_record, serial),
    BYTES(intent_record, digest),
};
TYPE(intent, TABLE_INTENT);

static const struct field log_fields[] = {
    INT(log_record, time),
    TEXT(log_record, actor),
    UINT(log_record, action),
    UINT(log_record, ca),
    UINT(log_record, object),
    INT(log_record, units),
    BYTES(log_record, digest),
    TEXT(log_record, token),
};
TYPE(log, TABLE_LOG);

static const struct field frontier_fields[] = {
    UINT(frontier_record, size),
    BYTES(frontier_record, hashes),
};
TYPE(frontier, TABLE_MERKLE);

static const struct field index_fields[] = {
    UINT(index_record, unused),
};
const struct record_type pcai_name_type = {TABLE_NAME, 1, index_fields, 1};
const struct record_type pcai_expiry_type = {TABLE_EXPIRY, 1, index_fields, 1};

struct row_key pcai_key_text(const char *text)
{
    struct row_key key = pcai_row_key();
    pcai_row_key_bytes(&key, pcai_slice_text(text));
    return key;
}

int pcai_key_short(struct row_key *key, struct slice text, size_t most, pca_error *err)
{
    uint8_t digest[PCAI_DIGEST_MAX];
    if (text.size <= most) {
        pcai_row_key_bytes(key, text);
        return PCA_OK;
    }
    int rc = pcai_digest(PCAI_SHA256, text, digest, err);
    pcai_row_key_bytes(key, pcai_slice(text.data, most - 32));
    pcai_row_key_bytes(key, pcai_slice(digest, 32));
    return rc;
}

struct row_key pcai_key_id64(uint64_t id)
{
    struct row_key key = pcai_row_key();
    pcai_row_key_u64(&key, id);
    return key;
}

struct row_key pcai_key_generation(uint64_t ca, uint64_t generation)
{
    struct row_key key = pcai_key_id64(ca);
    pcai_row_key_u32(&key, (uint32_t)generation);
    return key;
}

struct row_key pcai_key_ca_cert(uint64_t ca, uint64_t generation, uint64_t number)
{
    struct row_key key = pcai_key_generation(ca, generation);
    pcai_row_key_u64(&key, number);
    return key;
}

struct row_key pcai_key_revocation(uint64_t ca, uint64_t generation, struct slice serial)
{
    struct row_key key = pcai_key_generation(ca, generation);
    pcai_row_key_bytes(&key, serial);
    return key;
}

struct row_key pcai_key_piece(uint64_t ca, uint64_t generation, uint64_t number, uint64_t index)
{
    struct row_key key = pcai_key_generation(ca, generation);
    pcai_row_key_u64(&key, number);
    pcai_row_key_u32(&key, (uint32_t)index);
    return key;
}

uint32_t pcai_expiry_day(int64_t time)
{
    int64_t day = time / PCAI_DAY;
    return time < 0 ? 0 : day > UINT32_MAX ? UINT32_MAX : (uint32_t)day;
}

struct row_key pcai_key_expiry(int64_t not_after, uint64_t sequence)
{
    struct row_key key = pcai_row_key();
    pcai_row_key_u32(&key, pcai_expiry_day(not_after));
    pcai_row_key_u64(&key, sequence);
    return key;
}
