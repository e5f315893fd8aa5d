/* Lints, inside: what is read of the octets, the table's rows, and how a lint says what it saw. */
#ifndef PCAI_LINT_INTERNAL_H
#define PCAI_LINT_INTERNAL_H

#include "x509/certificate.h"
#include "x509/lint.h"

/* Counts are capped before any loop over pairs. */
#define LINT_EXTENSIONS_MAX 32
#define LINT_ATTRIBUTES_MAX 32
#define LINT_DEPTH_MAX 16

/* ---- What is read ---- */

/* The rules of X.690; for each the first place that breaks it. */
enum flaw { FLAW_FORM, FLAW_DEFAULT, FLAW_BOOLEAN, FLAW_SET, FLAW_COUNT };
struct flaws {
    struct {
        const char *field, *what; /* static; what is NULL while there is none */
    } at[FLAW_COUNT];
};

struct lint_time {
    uint8_t tag; /* 0: absent */
    struct slice text;
    int64_t time; /* its digits, an offset not counted */
    int no_seconds, fraction, not_zulu;
};

struct lint_extension {
    enum oid type;
    struct slice oid, value;
    int critical;
};

struct lint_key {
    struct slice algorithm;  /* OID contents */
    int parameters;          /* their tag, -1 when absent */
    struct slice parameter;  /* contents */
    struct slice bits;       /* subjectPublicKey */
    struct slice modulus, exponent; /* of rsaEncryption: INTEGER contents */
};

/* id-ecPublicKey with the curve of SM2. */
int pcai_lint_key_is_sm2(const struct lint_key *key);

/* A TBSCertificate, a TBSCertList, or an entry of one. */
struct tbs {
    struct flaws flaws;
    /* certificates and CRLs; of an entry extensions and the first time */
    int64_t version; /* as encoded, -1 when absent */
    struct slice signature; /* AlgorithmIdentifier, whole */
    struct slice issuer;    /* Name, whole */
    struct lint_time first, second; /* notBefore and notAfter, thisUpdate and nextUpdate, revocationDate */
    struct lint_extension extensions[LINT_EXTENSIONS_MAX];
    size_t extension_count;
    struct slice subject_key_id, authority_key_id;
    int authority_others; /* authorityCertIssuer or authorityCertSerialNumber */
    /* certificate; an entry has a serial number too */
    struct slice serial, subject, public_key;
    struct lint_key key;
    int unique_ids;
    int is_ca, has_path_length;
    int64_t path_length;
    unsigned usage; /* KU_ bits */
    int usage_trailing_zero;
    /* CRL */
    int list_is_empty;        /* revokedCertificates is there, without an entry */
    struct slice crl_number, base_number; /* INTEGER contents */
    int idp_empty, idp_flags; /* of issuingDistributionPoint: nothing in it; how many onlyContains */
    /* entry */
    struct slice reason;      /* ENUMERATED contents */
    struct lint_time invalidity;
};

/* ---- The table ---- */

struct lint;
struct lint_run {
    const struct lint *lint; /* the row that runs */
    const struct lint_context *context;
    struct findings *findings;
    const struct lint_entries *entries; /* before the one that is linted; NULL but for entries */
    struct tbs tbs;
    struct tbs issuer; /* of the issuer's certificate; all zero for a root */
    int no_memory;
};

struct lint {
    const char *name;
    unsigned applies; /* LINT_ON_ */
    void (*check)(struct lint_run *run);
};
struct lint_group {
    const struct lint *lints;
    size_t count;
};
#define LINT_GROUP(lints) {lints, sizeof lints / sizeof *lints}
extern const struct lint_group pcai_lints_der, pcai_lints_fields, pcai_lints_time, pcai_lints_names, pcai_lints_san, pcai_lints_key,
    pcai_lints_usage, pcai_lints_extensions, pcai_lints_crl, pcai_lints_entry, pcai_lints_verifiers;

/* The rows that apply to the context's role, over what has been read; malformed: those of the encoding alone. */
void pcai_lint_run(struct lint_run *run, int malformed);
int pcai_lint_read_issuer(struct lint_run *run, pca_error *err);
/* A finding of the row that runs. severity: LINT_NOTE, LINT_ERROR. */
void pcai_lint_found(struct lint_run *run, int severity, const char *field, const char *format, ...) __attribute__((format(printf, 4, 5)));

/* ---- Reading. Whatever is not of the form asked for is noted as a flaw, and -1 is returned. ---- */

int pcai_lint_flaw(struct flaws *flaws, enum flaw flaw, const char *field, const char *what);
/* Every element inside, whatever it is: lengths, BOOLEANs, SETs. */
int pcai_lint_walk(struct flaws *flaws, struct slice in, const char *field);
int pcai_lint_read_certificate(struct slice tbs, struct tbs *out);
int pcai_lint_read_time(struct flaws *flaws, struct der *in, const char *field, struct lint_time *time);
int pcai_lint_read_name(struct flaws *flaws, struct slice name, const char *field);
/* BOOLEAN of any octet, which the walk has judged. */
int pcai_lint_read_boolean(struct flaws *flaws, struct der *in, const char *field, int *value);
/* Extensions, the contents of their SEQUENCE. */
int pcai_lint_read_extensions(struct tbs *tbs, struct der extensions);
int pcai_lint_read_value(struct tbs *tbs, const struct lint_extension *e);
int pcai_lint_read_entry(struct slice entry, struct tbs *out);

/* ---- What has been read, piece by piece ---- */

/* NULL when there is none of that type. */
const struct lint_extension *pcai_lint_extension(const struct tbs *tbs, enum oid type);
/* The contents of the extension's outer SEQUENCE; at its end when there is none. */
struct der pcai_lint_sequence(const struct tbs *tbs, enum oid type);

struct lint_attribute {
    enum oid type; /* of the attribute types, or OID_NONE */
    struct slice oid, value;
    uint8_t tag;
    size_t place_in_rdn; /* 0: the first of its RDN */
};
struct lint_attributes {
    struct der rdns, set;
    size_t place;
};
struct lint_attributes pcai_lint_attributes(struct slice name);
/* 1, or 0 at the end. */
int pcai_lint_next_attribute(struct lint_attributes *at, struct lint_attribute *a);
/* The field's name in findings: "CN"; "attribute" for an unknown type. */
const char *pcai_lint_attribute_name(const struct lint_attribute *a);
int pcai_lint_name_is_empty(struct slice name);

/* GeneralName ::= CHOICE of [0] to [8]. */
struct lint_general {
    int type;           /* its tag number: PCA_SAN_, or another */
    struct slice value; /* contents; of a directoryName the Name, whole */
};
/* 1, 0 at the end, -1 when malformed. */
int pcai_lint_next_general(struct der *at, struct lint_general *g);

/* DistributionPoint ::= SEQUENCE { distributionPoint [0], reasons [1], cRLIssuer [2] } */
struct lint_point {
    struct slice full_name; /* GeneralNames' contents */
    int has_full_name, relative, reasons, crl_issuer;
};
int pcai_lint_next_point(struct der *at, struct lint_point *point);

/* GeneralSubtree ::= SEQUENCE { base GeneralName, minimum [0] DEFAULT 0, maximum [1] OPTIONAL } */
struct lint_subtrees {
    struct der lists, at;
};
struct lint_subtree {
    struct lint_general base;
    int minimum, minimum_zero, maximum; /* encoded; zero is the default */
};
/* Of nameConstraints, permitted and excluded ones. */
struct lint_subtrees pcai_lint_subtrees(const struct tbs *tbs);
int pcai_lint_next_subtree(struct lint_subtrees *at, struct lint_subtree *subtree);

/* AccessDescription ::= SEQUENCE { accessMethod, accessLocation GeneralName } */
struct lint_access {
    struct slice method;
    struct lint_general location;
};
int pcai_lint_next_access(struct der *at, struct lint_access *access);

int pcai_lint_is_critical(const struct lint_run *run, enum oid type);
/* authorityKeyIdentifier: not critical, the signer's key and nothing else. */
void pcai_lint_authority(struct lint_run *run, struct slice signer);
/* Of almost every entry, and cheap: nothing would be found. serial: no data when it cannot be read. */
int pcai_lint_entry_is_sound(const struct lint_entries *entries, struct slice entry, struct slice *serial);

/* Each general name of the extensions that hold some. */
struct lint_place {
    enum oid extension;
    size_t index;
    char text[24];
};
/* "san[3]", "cRLDistributionPoints", ...; written when a finding asks for it. */
const char *pcai_lint_field(struct lint_place *place);
typedef void lint_general_check(struct lint_run *run, struct lint_place *place, const struct lint_general *g);
void pcai_lint_each_general(struct lint_run *run, lint_general_check *check);
/* Each of subjectAltName. */
void pcai_lint_each_san(struct lint_run *run, lint_general_check *check);

#endif
