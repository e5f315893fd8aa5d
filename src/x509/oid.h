/* Object identifiers and algorithm identifiers that the library writes or knows by name. */
#ifndef PCAI_OID_H
#define PCAI_OID_H

#include "base/der.h"

enum oid {
    OID_NONE,
    /* attribute types, X.520 and RFC 4519 */
    OID_COMMON_NAME, OID_SURNAME, OID_SERIAL_NUMBER, OID_COUNTRY, OID_LOCALITY, OID_STATE, OID_STREET, OID_ORGANIZATION,
    OID_UNIT, OID_TITLE, OID_POSTAL_CODE, OID_GIVEN_NAME, OID_INITIALS, OID_GENERATION_QUALIFIER, OID_DN_QUALIFIER, OID_PSEUDONYM, OID_UID,
    OID_DOMAIN_COMPONENT, OID_EMAIL_ADDRESS,
    /* extensions, RFC 5280 4.2 and 5.2 */
    OID_SUBJECT_KEY_ID, OID_KEY_USAGE, OID_SUBJECT_ALT_NAME, OID_BASIC_CONSTRAINTS, OID_CRL_NUMBER, OID_REASON_CODE,
    OID_INVALIDITY_DATE, OID_DELTA_CRL, OID_ISSUING_DISTRIBUTION_POINT, OID_FRESHEST_CRL, OID_NAME_CONSTRAINTS, OID_CRL_DISTRIBUTION_POINTS,
    OID_CERTIFICATE_POLICIES, OID_AUTHORITY_KEY_ID, OID_EXTENDED_KEY_USAGE, OID_AUTHORITY_INFO_ACCESS,
    /* extended key usages */
    OID_SERVER_AUTH, OID_CLIENT_AUTH, OID_CODE_SIGNING, OID_EMAIL_PROTECTION, OID_TIME_STAMPING, OID_OCSP_SIGNING, OID_ANY_EXTENDED_KEY_USAGE,
    /* access methods */
    OID_OCSP, OID_CA_ISSUERS,
    /* policies and their qualifiers */
    OID_ANY_POLICY, OID_CPS,
    /* PKCS#9 */
    OID_EXTENSION_REQUEST, OID_CHALLENGE_PASSWORD,
    /* keys and signatures */
    OID_RSA_ENCRYPTION, OID_EC_PUBLIC_KEY, OID_RSA_SHA256, OID_RSA_SHA384, OID_RSA_SHA512, OID_ECDSA_SHA256, OID_ECDSA_SHA384,
    OID_ECDSA_SHA512, OID_SM2_SM3,
    /* digests, password-based encryption (RFC 8018), ciphers */
    OID_SHA1, OID_SHA256, OID_SHA384, OID_SHA512, OID_PBES2, OID_PBKDF2, OID_HMAC_SHA1, OID_HMAC_SHA256, OID_HMAC_SHA384,
    OID_HMAC_SHA512, OID_AES128_CBC, OID_AES192_CBC, OID_AES256_CBC, OID_DES3_CBC,
    /* PKCS#7, PKCS#12 and its attributes, JKS */
    OID_DATA, OID_SIGNED_DATA, OID_ENCRYPTED_DATA, OID_PBE_SHA1_DES3, OID_KEY_BAG, OID_SHROUDED_KEY_BAG, OID_CERTIFICATE_BAG,
    OID_X509_CERTIFICATE, OID_FRIENDLY_NAME, OID_LOCAL_KEY_ID, OID_SUN_KEY_PROTECTOR,
    OID_COUNT
};

/* The contents octets. */
struct slice pcai_oid(enum oid oid);
/* OID_NONE for one that is not in the table. */
enum oid pcai_oid_find(struct slice content);
/* "basicConstraints"; the short name of RFC 4514 for an attribute type ("CN"). */
const char *pcai_oid_name(enum oid oid);
#define PCAI_OID_MAX 64                     /* octets */
#define PCAI_OID_TEXT (4 * PCAI_OID_MAX + 1) /* what they take as text: each octet may be a number of its own */
/* "2.5.29.19"; "#" and the octets in hexadecimal where there are more than PCAI_OID_MAX. Cut to the capacity. */
void pcai_oid_text(struct slice content, char *out, size_t capacity);
/* The contents octets of "2.5.29.19", appended; numbers may be of any size (2.25 and a UUID). -1: anything else, or too many octets. */
int pcai_oid_parse(struct slice text, struct buf *out);

/* AlgorithmIdentifier of the signature that a PCA_KEY_ algorithm makes: RSA with NULL parameters (RFC 4055), ECDSA and
 * SM2 without any (RFC 5758, GM/T 0015). */
void pcai_signature_algorithm_write(struct buf *out, int key_algorithm);
/* Reads one: the family that signs (PCA_FAMILY_) and the digest (PCAI_SHA, PCAI_SM3). -1 for one that is unknown or not exact. */
int pcai_signature_algorithm_read(struct slice whole, int *family, int *digest);

#endif
