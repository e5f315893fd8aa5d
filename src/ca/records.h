/* What the store holds, as C structs (docs/storage.md). Slices of a record that was read live as long as its transaction's
 * next write. */
#ifndef PCAI_RECORDS_H
#define PCAI_RECORDS_H

#include "store/record.h"

struct region_record {
    struct slice id;
    int64_t created;
    uint64_t rules;   /* the rules generation: raised by every change of a CA or a policy */
    uint64_t next_ca; /* id of the next CA */
};

/* Next serial sequence that no process has reserved. */
struct sequence_record {
    uint64_t next;
};

struct policy_record {
    int64_t value;
};

enum storage_kind { STORAGE_PLAIN = 1, STORAGE_KEY, STORAGE_PASSPHRASE, STORAGE_WRAPPER };
struct storage_record {
    uint64_t kind;
    struct slice salt;
    uint64_t rounds;
    struct slice region_key; /* sealed under the storage key; bare when plain; as the host wrapped it */
    struct slice proof;      /* nothing, sealed under the region key: shows that it is the right one */
};

struct ca_record {
    uint64_t id, parent, root, kind, family, state;
    uint64_t bundled; /* came with its root, and its term follows it */
    struct slice alias;
    int64_t created, service_start, service_end; /* of the present unbroken term */
    uint64_t months;
    /* from here on 0 until enabled */
    uint64_t algorithm, generation;
    uint64_t path_length; /* n + 1; 0: none */
    struct slice subject; /* Name */
    struct slice serial;
    int64_t not_before, not_after;
    struct slice crl_url;
    uint64_t crl_days;
    struct slice ocsp_url, issuer_url; /* for the certificates that it issues */
    int64_t revoked_at;
    uint64_t reason;
    int64_t invalidity;
    struct slice tags; /* label.h */
    uint64_t log;      /* the log row that last changed this */
};

#define HELD_STATUSES PCA_STATUS_CANCELLED
#define HELD_TYPES PCA_CERT_CUSTOM
/* Counters of a root or a subordinate. *_free: the part of it that was given, not bought. */
struct quota_record {
    uint64_t remaining, reserved, issued, lapsed;
    uint64_t remaining_free, reserved_free, issued_free, lapsed_free;
    uint64_t granted, purchased, billable, waived; /* of a root */
    uint64_t year, year_purchased;                 /* of a root, for policy fee_waiver_period */
    uint64_t held[HELD_STATUSES][HELD_TYPES];      /* certificates that are there, by status and type, each from 1 */
    uint64_t log;                                  /* the log row that last changed this */
};

enum custody { CUSTODY_SEALED = 1, CUSTODY_ELSEWHERE, CUSTODY_CONTAINER }; /* the private key: sealed in table key; not held here; in a container */
struct generation_record {
    uint64_t algorithm;
    struct slice key_id;
    uint64_t custody;
    uint64_t certificates;                 /* so far; the last is the present one */
    int64_t not_after;                     /* of the present certificate */
    struct slice crl_url;
    uint64_t revocations, revocations_xor; /* count and XOR of the checks of its revocation rows */
    uint64_t crl_counter;                  /* the last CRL number given out */
    uint64_t crl_number;                   /* the finished CRL; 0: none */
    int64_t crl_this_update, crl_next_update;
    uint64_t crl_entries, crl_size, crl_pieces;
    uint64_t crl_log; /* the log's end when it was scanned */
    struct slice driver, slot, key_name; /* of a container */
    int64_t unlisted_since; /* when the first revocation came that the finished CRL does not show; 0: it shows all */
    uint64_t unlisted_log;  /* the log row of the last one */
};

struct key_record {
    struct slice sealed;
    struct slice driver, slot, key_name, public_key; /* of one that waits in a container with its CSR, and then it is not sealed */
};

/* By itself; by the CA above; by a root that the region does not hold; and, filed under their issuer, those for CAs that have
 * another besides. */
enum ca_cert_kind { CA_CERT_SELF = 1, CA_CERT_PARENT, CA_CERT_EXTERNAL, CA_CERT_CROSS };
struct ca_cert_record {
    uint64_t kind, issuer, issuer_generation; /* EXTERNAL: 0 */
    struct slice serial;
    int64_t not_before, not_after;
    struct slice der;
    uint64_t subject; /* CROSS: the CA that it is for; 0: one that the region does not hold */
};

struct cert_record {
    uint64_t issuer, generation, type, container, algorithm;
    struct slice serial;
    int64_t created, not_before, not_after;
    struct slice alias, actor;
    struct slice ignored; /* OIDs that the CSR asked for in vain, one after the other as DER */
    struct slice der;
    struct slice sealed_key; /* MANAGED only */
    struct slice custom_id, tags;
    uint64_t log; /* the log row that last changed this */
    struct slice review; /* review.h; empty: issued without one */
    struct slice driver, slot, key_name; /* USBKEY: where the private key is */
    int64_t installed;   /* when the certificate was written there; 0: it was not */
    struct slice encryption_serial, encryption_der, encryption_key; /* of an SM2 pair: the other certificate, and its key, sealed */
    uint64_t imported;   /* 1: issued before its CA came here; cost no unit */
};

struct status_record {
    uint64_t status;
    int64_t at;
    uint64_t reason;
    int64_t invalidity;
    uint64_t log; /* the log row that last changed this */
};

struct revocation_record {
    uint64_t certificate; /* its id; 0 for a CA's, and for one that is not held */
    uint64_t ca;          /* the revoked CA's id */
    int64_t revoked_at;
    uint64_t reason;
    int64_t invalidity, not_after;
    struct slice digest; /* SHA-256 of the certificate */
    uint64_t log;        /* the log row that last changed it */
    int64_t deleted_at;
    uint64_t imported; /* as the certificate's */
    uint64_t pair;     /* 1: of a pair, the encryption certificate: it is no certificate more */
};

struct piece_record {
    struct slice data;
};

struct token_record {
    struct slice inputs; /* digest */
    struct slice results;
};

/* A call that is out at a token (intent.h). */
struct intent_record {
    uint64_t issuer;
    int64_t deadline;
    struct slice serial; /* empty: of a request that is to be reviewed */
    struct slice digest; /* SHA-256 of the certificate as it was planned */
};

struct serial_record {
    uint64_t certificate;
};

struct public_key_record {
    struct slice subject; /* SHA-256 of the Name that it was certified for first */
    uint64_t is_ca;
    uint64_t compromised; /* 1: a certificate of it was revoked for that */
};

/* A row that is nothing but its key. */
struct index_record {
    uint64_t unused;
};

enum action {
    ACTION_REGION_CREATE = 1, ACTION_POLICY_SET, ACTION_CLOCK_ACCEPT, ACTION_ROOT_PURCHASE, ACTION_SUB_PURCHASE, ACTION_RENEW,
    ACTION_ENABLE, ACTION_DISABLE, ACTION_RESUME, ACTION_CA_REVOKE, ACTION_ALIAS, ACTION_FREE_CREDIT, ACTION_CERTIFICATES_PURCHASE,
    ACTION_ASSIGN, ACTION_ISSUE, ACTION_REVOKE, ACTION_DELETE, ACTION_CRL, ACTION_REISSUE, ACTION_REKEY,
    ACTION_SETTINGS, ACTION_CERT_ALIAS, ACTION_CERT_TAGS, ACTION_TAGS, ACTION_RESTORE, ACTION_STORAGE_KEY,
    ACTION_SUBMIT, ACTION_APPROVE, ACTION_REJECT, ACTION_CANCEL, ACTION_LAPSE, ACTION_PURGE, ACTION_RESERVE, ACTION_RELEASE,
    ACTION_INSTALL, ACTION_IMPORT, ACTION_CSR, ACTION_ACCEPT, ACTION_CROSS_SIGN, ACTION_IMPORT_ISSUED, ACTION_IMPORT_REVOKED,
    ACTION_REVOKE_SERIAL, ACTION_FREE_LAPSE,
};
struct log_record {
    int64_t time;
    struct slice actor;
    uint64_t action, ca, object;
    int64_t units; /* moved: to `ca` when positive */
    struct slice digest, token;
};

struct frontier_record {
    uint64_t size;
    struct slice hashes; /* heads of the full subtrees, largest first, 32 octets each */
};

extern const struct record_type pcai_region_type, pcai_sequence_type, pcai_policy_type, pcai_storage_type, pcai_ca_type,
    pcai_quota_type, pcai_generation_type, pcai_key_type, pcai_ca_cert_type, pcai_cert_type, pcai_status_type,
    pcai_revocation_type, pcai_piece_type, pcai_token_type, pcai_name_type, pcai_expiry_type, pcai_serial_type, pcai_public_key_type, pcai_intent_type, pcai_log_type,
    pcai_frontier_type;

struct row_key pcai_key_text(const char *text);
/* Appends a text of at most `most` octets; of a longer one the last 32 of these are its SHA-256. */
int pcai_key_short(struct row_key *key, struct slice text, size_t most, pca_error *err);
struct row_key pcai_key_id64(uint64_t id);
struct row_key pcai_key_generation(uint64_t ca, uint64_t generation);
/* The generation's number-th certificate, from 1. Generation 0: a CA's cross-certificates, by their sequence. */
struct row_key pcai_key_ca_cert(uint64_t ca, uint64_t generation, uint64_t number);
struct row_key pcai_key_revocation(uint64_t ca, uint64_t generation, struct slice serial);
struct row_key pcai_key_piece(uint64_t ca, uint64_t generation, uint64_t number, uint64_t index);
/* Days since 1970, 0 for what lies before. */
uint32_t pcai_expiry_day(int64_t time);
struct row_key pcai_key_expiry(int64_t not_after, uint64_t sequence);

#endif
