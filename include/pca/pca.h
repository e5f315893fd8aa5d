/*
 * libpca: a private certificate authority that you can link.
 *
 * Conventions, stated once
 *
 * Results    Every verb returns PCA_OK (0) or one of the negative PCA_E_ codes. The detail goes to the last argument,
 *            a pca_error made by the caller, which may be NULL. Any verb may answer INVALID (an argument is wrong),
 *            CLOSED, FORKED, NO_MEMORY, STORAGE, CORRUPT, BUSY, FULL, READ_ONLY and INTERNAL, and one that writes
 *            CLOCK, though a revocation takes the newest recorded time instead; a verb's comment names the codes that
 *            are its own.
 * Outputs    Written on success only; on failure they keep the value that they had.
 * Handles    Opaque. Free each with its own pca_X_free; pca_X_free(NULL) does nothing. pca_root, pca_sub, pca_ca and
 *            pca_cert are immutable snapshots: a verb changes the store and never the handle, pca_X_reload reads anew.
 *            Getters cannot fail; given NULL they return 0, "" or NULL. What a getter returns lives as long as its
 *            handle. Handles outlive the region: after pca_region_close getters go on and verbs answer CLOSED.
 * Text       UTF-8, NUL-terminated, copied by the callee. An unset text is "".
 * Times      int64_t, seconds since 1970-01-01T00:00:00Z. Both ends of a validity are inclusive (RFC 5280 4.1.2.5).
 * Numbers    Counts and ceilings are uint64_t, choices are int constants whose numbers never change.
 * Threads    A region and every const handle may be used by any number of threads at once. A builder (pca_config,
 *            pca_request, pca_query, pca_import) or a pca_error that is being changed belongs to one thread.
 * Builders   Setters return PCA_OK or the code of the first refusal; the refusal stays until reset and is reported in
 *            full by the verb that uses the builder. Verbs take builders const and may share them.
 * Durability A verb that changes anything has it on disk when it returns PCA_OK, all of it or nothing.
 * Tokens     A client token (at most 64 printable ASCII characters, or NULL for none) makes a verb safe to repeat: the
 *            same token with the same inputs gives the first result for ever; with other inputs, TOKEN_REUSED.
 * Fork       In a child process every verb answers FORKED; getters and frees work; pca_region_close only drops memory.
 */
#ifndef PCA_PCA_H
#define PCA_PCA_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define PCA_API __attribute__((visibility("default")))
#else
#define PCA_API
#endif

/* ---- Codes ------------------------------------------------------------------------------------------------------ */

#define PCA_OK 0
#define PCA_E_INVALID (-1)         /* an argument is missing, malformed or out of range */
#define PCA_E_NOT_FOUND (-2)       /* no such object */
#define PCA_E_EXISTS (-3)          /* there is one already */
#define PCA_E_STATE (-4)           /* the object's state does not allow it */
#define PCA_E_PARENT_STATE (-5)    /* the state of a CA above does not allow it */
#define PCA_E_EXPIRED (-6)         /* the CA's certificate or service term is over */
#define PCA_E_QUOTA (-7)           /* no certificates left to spend or to move */
#define PCA_E_ALGORITHM (-8)       /* the key algorithm is not allowed here */
#define PCA_E_VALIDITY (-9)        /* the validity is missing or outside its limits */
#define PCA_E_NAME (-10)           /* the subject is not acceptable */
#define PCA_E_SAN (-11)            /* a subject alternative name is not acceptable */
#define PCA_E_CONSTRAINT (-12)     /* name constraints or path length forbid it */
#define PCA_E_CSR (-13)            /* the certificate signing request is malformed or not proven */
#define PCA_E_LINT (-14)           /* the certificate to be signed breaks a lint */
#define PCA_E_PENDING (-15)        /* the certificate waits for its review */
#define PCA_E_REVIEW (-16)         /* this reviewer may not decide, or it is decided */
#define PCA_E_NOT_EXPORTABLE (-17) /* the private key is not to be had */
#define PCA_E_DEVICE (-18)         /* a driver or its token failed */
#define PCA_E_PIN (-19)            /* the PIN is wrong or locked */
#define PCA_E_TOKEN_REUSED (-20)   /* the client token was used with other inputs */
#define PCA_E_CLOCK (-21)          /* the clock cannot be right */
#define PCA_E_LOCKED (-22)         /* the storage key is wrong */
#define PCA_E_READ_ONLY (-23)      /* the region was opened read-only */
#define PCA_E_VERSION (-24)        /* the store was written by a newer libpca */
#define PCA_E_BUSY (-25)           /* others kept changing what was needed; try again */
#define PCA_E_CANCELLED (-26)      /* the host's callback asked to stop */
#define PCA_E_CLOSED (-27)         /* the region has been closed */
#define PCA_E_FORKED (-28)         /* used in a child process */
#define PCA_E_UNSUPPORTED (-29)    /* not to be had in this build or for this object */
#define PCA_E_PERMISSION (-30)     /* the operating system refused access */
#define PCA_E_NO_MEMORY (-31)      /* out of memory */
#define PCA_E_FULL (-32)           /* the disk or the store's ceiling is reached */
#define PCA_E_STORAGE (-33)        /* reading or writing the store failed */
#define PCA_E_CORRUPT (-34)        /* the store holds something that libpca did not write */
#define PCA_E_CRYPTO (-35)         /* a cryptographic operation failed */
#define PCA_E_INTERNAL (-36)       /* a defect in libpca */

/* ---- Constants -------------------------------------------------------------------------------------------------- */

#define PCA_KIND_PRIVATE 1    /* issues at once */
#define PCA_KIND_COMPLIANCE 2 /* issues after a review */

#define PCA_FAMILY_RSA 1
#define PCA_FAMILY_ECC 2
#define PCA_FAMILY_SM2 3

#define PCA_KEY_RSA_1024 1 /* leaves only, and only under policy allow_weak */
#define PCA_KEY_RSA_2048 2
#define PCA_KEY_RSA_3072 3
#define PCA_KEY_RSA_4096 4
#define PCA_KEY_EC_P256 5
#define PCA_KEY_EC_P384 6
#define PCA_KEY_EC_P521 7
#define PCA_KEY_SM2 8

/* Expiry is not a state: it is asked of the clock. */
#define PCA_CA_PURCHASED 1
#define PCA_CA_ENABLED 2
#define PCA_CA_DISABLED 3
#define PCA_CA_REVOKED 4

#define PCA_CERT_SERVER 1
#define PCA_CERT_CLIENT 2
#define PCA_CERT_BOTH 3
#define PCA_CERT_CUSTOM 4

#define PCA_STATUS_PENDING 1
#define PCA_STATUS_ISSUED 2
#define PCA_STATUS_REVOKED 3
#define PCA_STATUS_REJECTED 4
#define PCA_STATUS_CANCELLED 5

/* Kinds of subject alternative name, by their GeneralName tag (RFC 5280 4.2.1.6). */
#define PCA_SAN_EMAIL 1
#define PCA_SAN_DNS 2
#define PCA_SAN_DIRECTORY 4 /* in name constraints only */
#define PCA_SAN_URI 6
#define PCA_SAN_IP 7

/* Who holds a certificate's private key. */
#define PCA_CONTAINER_MANAGED 1 /* made and sealed by libpca */
#define PCA_CONTAINER_USBKEY 2  /* a hardware token behind a driver */
#define PCA_CONTAINER_CSR 3     /* the requester, who proved it by a CSR */
#define PCA_CONTAINER_PUBLIC 4  /* the requester, for whom the caller vouches */

/* RFC 5280 5.3.1. */
#define PCA_REASON_UNSPECIFIED 0
#define PCA_REASON_KEY_COMPROMISE 1
#define PCA_REASON_CA_COMPROMISE 2
#define PCA_REASON_AFFILIATION_CHANGED 3
#define PCA_REASON_SUPERSEDED 4
#define PCA_REASON_CESSATION_OF_OPERATION 5
#define PCA_REASON_PRIVILEGE_WITHDRAWN 9

#define PCA_FORMAT_PEM 1
#define PCA_FORMAT_DER 2
#define PCA_FORMAT_PFX 3   /* PKCS#12 */
#define PCA_FORMAT_JKS 4   /* Java's key store of old */
#define PCA_FORMAT_PKCS8 5
#define PCA_FORMAT_CRT 6
#define PCA_FORMAT_PKCS7 7

#define PCA_WITH_CHAIN 1          /* add the CAs above, without the root */
#define PCA_WITH_ROOT 2           /* add the root as well */
#define PCA_PLAIN_KEY 4           /* the private key unencrypted */
#define PCA_LEGACY 8              /* a PFX that old programs read: triple DES and SHA-1 */
#define PCA_WITH_PASSWORD_FILE 16 /* the password in a file beside */

/* assign: no expected value. */
#define PCA_ANY UINT64_MAX

typedef struct pca_error pca_error;
typedef struct pca_blob pca_blob;
typedef struct pca_files pca_files;
typedef struct pca_config pca_config;
typedef struct pca_region pca_region;
typedef struct pca_ca pca_ca;
typedef struct pca_root pca_root;
typedef struct pca_sub pca_sub;
typedef struct pca_request pca_request;
typedef struct pca_cert pca_cert;
typedef struct pca_query pca_query;
typedef struct pca_page pca_page;
typedef struct pca_entry pca_entry;
typedef struct pca_stat pca_stat;
typedef struct pca_receipt pca_receipt;
typedef struct pca_findings pca_findings;
typedef struct pca_results pca_results;
typedef struct pca_import pca_import;

/* Implemented by hosts: driver.h. */
struct pca_clock;
struct pca_entropy;
struct pca_sink;
struct pca_container_driver;
struct pca_source;
struct pca_progress;
struct pca_key_wrapper;

/* ---- Library ---------------------------------------------------------------------------------------------------- */

/* "0.1.0". */
PCA_API const char *pca_version(void);
/* The text form of a code, "PCA_E_QUOTA"; "PCA_E_UNKNOWN" for a number that is none. */
PCA_API const char *pca_code_name(int code);

/* ---- pca_error: why a call failed ------------------------------------------------------------------------------- */

/* NULL when out of memory, which every verb accepts. Reusable: each failing verb overwrites it, each success clears it. */
PCA_API pca_error *pca_error_new(void);
PCA_API void pca_error_free(pca_error *error);
/* As each success does by itself. */
PCA_API void pca_error_clear(pca_error *error);
/* PCA_OK where nothing failed. */
PCA_API int pca_error_code(const pca_error *error);
/* What the failure is about: "sub 4", "cert 17", "region eu-1", "request". */
PCA_API const char *pca_error_object(const pca_error *error);
/* The field or argument: "san[3]", "common_name", "years". */
PCA_API const char *pca_error_field(const pca_error *error);
/* One line for people, with the limit that was met. Never holds a secret. */
PCA_API const char *pca_error_message(const pca_error *error);
/* The number that a driver gave for a failure of its device, or 0. */
PCA_API int pca_error_device_code(const pca_error *error);
/* After PIN: how many more times one may be tried, 0: it is locked; -1: not known. */
PCA_API int pca_error_tries_left(const pca_error *error);

/* ---- pca_blob, pca_files: bytes handed out, wiped when freed ---------------------------------------------------- */

/* The octets. */
PCA_API const uint8_t *pca_blob_data(const pca_blob *blob);
/* Octets. A NUL follows the last one, so that PEM and passwords can be used as text. */
PCA_API size_t pca_blob_size(const pca_blob *blob);
PCA_API void pca_blob_free(pca_blob *blob);

/* How many files there are. */
PCA_API uint64_t pca_files_count(const pca_files *files);
/* A file's name without a directory, "db1.internal.pem"; its octets, and how many. NULL and 0 past the end. */
PCA_API const char *pca_files_name(const pca_files *files, uint64_t index);
PCA_API const uint8_t *pca_files_data(const pca_files *files, uint64_t index);
PCA_API size_t pca_files_size(const pca_files *files, uint64_t index);
/* Writes every file into an existing directory, each by rename and none half-written; what holds a private key or a password
 * 0600, the rest 0644.
 * PERMISSION, FULL, STORAGE, NOT_FOUND (no such directory). */
PCA_API int pca_files_write(const pca_files *files, const char *directory, pca_error *err);
PCA_API void pca_files_free(pca_files *files);

/* ---- pca_config: how to open a region --------------------------------------------------------------------------- */

PCA_API pca_config *pca_config_new(void);
PCA_API void pca_config_free(pca_config *config);
/* The storage key seals every private key in the store; exactly one of the next four must be set.
 * Passphrase: 1..1024 octets of UTF-8 without control characters (no line feed at its end), stretched by
 * PBKDF2-HMAC-SHA256 with at least 600,000 rounds (a fraction of a second at each open). Key: 32 octets. */
PCA_API int pca_config_set_passphrase(pca_config *config, const char *passphrase);
PCA_API int pca_config_set_key(pca_config *config, const uint8_t *key, size_t size);
/* The host wraps the key itself (driver.h). Copied; its context must outlive the calls that create, open or change. */
PCA_API int pca_config_set_key_wrapper(pca_config *config, const struct pca_key_wrapper *wrapper);
/* The key that opens the private keys lies in the store file beside them. For tests and demonstrations. */
PCA_API int pca_config_set_insecure_plain_keys(pca_config *config);
/* driver.h says how long a host's table must live. NULL: the system's clock. */
PCA_API int pca_config_set_clock(pca_config *config, const struct pca_clock *clock);
/* Seeds the library's random generators. NULL: the system's entropy. */
PCA_API int pca_config_set_entropy(pca_config *config, const struct pca_entropy *entropy);
/* Replaces the random generators altogether. Keys made so are worthless outside a test. */
PCA_API int pca_config_set_test_random(pca_config *config, const struct pca_entropy *random);
/* A driver of driver.h for key containers, under a name of 1..64 of a-z 0-9 and - (EXISTS: it has one). At most 16. What a
 * region's keys need and is not registered is missed (DEVICE) when it is used, not at open. */
PCA_API int pca_config_add_container(pca_config *config, const char *name, const struct pca_container_driver *driver);
/* Who acts, at most 128 octets; kept in the log. */
PCA_API int pca_config_set_actor(pca_config *config, const char *actor);
/* Most octets that the store may grow to; a multiple of 4096, at least 1 MiB. Default 64 GiB (1 GiB on 32-bit). */
PCA_API int pca_config_set_map_limit(pca_config *config, uint64_t octets);
/* A handle without the power to change anything (READ_ONLY). The store's file system may be read-only as well. */
PCA_API int pca_config_set_read_only(pca_config *config);

/* ---- pca_region: a place that holds CAs ------------------------------------------------------------------------- */

/* Makes the directory (0700) and an empty region in it. id: 1..64 of a-z 0-9 and -, fixed for ever.
 * EXISTS: there is something at path already, other than an empty directory of the caller's own. */
PCA_API int pca_region_create(const char *path, const char *id, const pca_config *config, pca_region **region,
                              pca_error *err);
/* NOT_FOUND: no region at path, so that a typing error never makes an empty CA. LOCKED: wrong storage key. VERSION: the
 * store is newer than this library. CORRUPT: it is no store of libpca's. One path may be open many times in a process
 * and in many processes. */
PCA_API int pca_region_open(const char *path, const pca_config *config, pca_region **region, pca_error *err);
/* Waits for the calls in progress on this handle, then frees it. The last handle of a store in a process wipes the keys
 * from memory. Not to be called from a callback of the same region. */
PCA_API void pca_region_close(pca_region *region);
/* Another handle of the same region, in which someone else acts. Closed by pca_region_close like any other, in any order. */
PCA_API int pca_region_as(pca_region *region, const char *actor, pca_region **view, pca_error *err);
/* As it was created. */
PCA_API const char *pca_region_id(const pca_region *region);
/* Opens a session with the token in a driver's slot, in which the keys of CAs sign that are there, for this handle and those of
 * pca_region_as, until logout or the last of them is closed. EXISTS: there is one. DEVICE, PIN. */
PCA_API int pca_region_login(pca_region *region, const char *driver, const char *slot, const char *pin, pca_error *err);
/* Waits for the signature under way. NOT_FOUND. BUSY: that does not end. */
PCA_API int pca_region_logout(pca_region *region, const char *driver, const char *slot, pca_error *err);
/* Lets the region accept a clock that has jumped forward beyond policy max_clock_step_days. CLOCK: it is behind. */
PCA_API int pca_region_accept_clock(pca_region *region, pca_error *err);
/* Verifies every record, index and sum of the region. CORRUPT says what is wrong. Takes time in proportion to the store. */
PCA_API int pca_region_check(pca_region *region, pca_error *err);

/* Another storage key, that of the config, of whatever kind; its other settings are not looked at. The private keys stay as they are
 * sealed; regions that are open stay open. A backup keeps the storage key of its day. */
PCA_API int pca_region_change_storage_key(pca_region *region, const pca_config *fresh, pca_error *err);

/* A whole region, as it is at one moment, as a stream that restores on any machine (docs/backup.md), while others go on writing.
 * The private keys in it are sealed as in the store. It is spooled in the store's directory first, which needs as much room again;
 * progress (may be NULL) and cancelling go with the feeding of the sink. */
PCA_API int pca_region_backup(pca_region *region, const struct pca_sink *sink, const struct pca_progress *progress, pca_error *err);
/* The same, into a file that is replaced at once by rename, 0600. */
PCA_API int pca_region_backup_write(pca_region *region, const char *path, const struct pca_progress *progress, pca_error *err);
/* Makes a region at path of a backup, whole or not at all, and opens it. The config has the storage key that it had (LOCKED). EXISTS
 * as for create. CORRUPT: the backup is cut short or changed. VERSION: it is of a newer libpca. Serial and CRL numbers leave a gap
 * for what the region gave out after the backup; certificates of that time are not in it, and are revoked by presenting them. */
PCA_API int pca_region_restore(const char *path, const struct pca_source *source, const pca_config *config,
                               const struct pca_progress *progress, pca_region **region, pca_error *err);
/* The same, of a file. NOT_FOUND. */
PCA_API int pca_region_restore_read(const char *path, const char *backup, const pca_config *config, const struct pca_progress *progress,
                                    pca_region **region, pca_error *err);
/* Writes the region's rows into a fresh store at path: what was deleted is in it no more, not even as left-over octets. To use it,
 * close the region, put the one directory in the other's place, and open it; what is written after this call began is lost then. */
PCA_API int pca_region_compact(pca_region *region, const char *path, const struct pca_progress *progress, pca_error *err);

/* How the region's store is doing, as it was when asked; free it with pca_stat_free. */
PCA_API int pca_region_stat(pca_region *region, pca_stat **stat, pca_error *err);
/* Of the file: octets in use, and the most that it may grow to. */
PCA_API uint64_t pca_stat_octets(const pca_stat *stat);
PCA_API uint64_t pca_stat_limit(const pca_stat *stat);
/* Of these, octets in free pages, which are used before the file grows; but for those that the oldest reader holds back. */
PCA_API uint64_t pca_stat_free_octets(const pca_stat *stat);
PCA_API uint64_t pca_stat_held_octets(const pca_stat *stat);
/* Others that are reading, in all processes; how many commits the oldest of them is behind. One that stays lets the file grow. */
PCA_API uint64_t pca_stat_readers(const pca_stat *stat);
PCA_API uint64_t pca_stat_reader_lag(const pca_stat *stat);
/* Changes of this process that wait for a commit. */
PCA_API uint64_t pca_stat_waiting(const pca_stat *stat);
/* CAs; certificates, deleted ones left out; the last change, as pca_page_sequence. */
PCA_API uint64_t pca_stat_cas(const pca_stat *stat);
PCA_API uint64_t pca_stat_certs(const pca_stat *stat);
PCA_API uint64_t pca_stat_sequence(const pca_stat *stat);
/* The time that the region goes by: the clock's, or the newest recorded one where the clock is behind it, or too far ahead. */
PCA_API int64_t pca_stat_time(const pca_stat *stat);
PCA_API void pca_stat_free(pca_stat *stat);

/* Policies: the limits that a region may set. NOT_FOUND: no such name. INVALID names the range. */
PCA_API int pca_region_policy_get(pca_region *region, const char *name, int64_t *value, pca_error *err);
PCA_API int pca_region_policy_set(pca_region *region, const char *name, int64_t value, pca_error *err);
/* How many policies there are. */
PCA_API uint64_t pca_policy_count(void);
/* The table of policies. Any output may be NULL. name, unit and text are static. NOT_FOUND past the end. */
PCA_API int pca_policy_at(uint64_t index, const char **name, int64_t *default_value, int64_t *minimum, int64_t *maximum,
                          const char **unit);
/* What a policy means, one line; "" for an unknown name. */
PCA_API const char *pca_policy_text(const char *name);

/* By id, by alias. NOT_FOUND. */
PCA_API int pca_region_root_get(pca_region *region, uint64_t id, pca_root **root, pca_error *err);
PCA_API int pca_region_sub_get(pca_region *region, uint64_t id, pca_sub **sub, pca_error *err);
PCA_API int pca_region_cert_get(pca_region *region, uint64_t id, pca_cert **cert, pca_error *err);
PCA_API int pca_region_root_by_alias(pca_region *region, const char *alias, pca_root **root, pca_error *err);
PCA_API int pca_region_sub_by_alias(pca_region *region, const char *alias, pca_sub **sub, pca_error *err);
/* A password for an export: 26 small letters and digits, 130 random bits, usable as text. */
PCA_API int pca_region_password_new(pca_region *region, pca_blob **password, pca_error *err);
/* NOT_FOUND: the region has no certificate that is, octet for octet, this one (DER), or it was deleted. INVALID: no certificate. */
PCA_API int pca_region_cert_by_der(pca_region *region, const void *der, size_t size, pca_cert **cert, pca_error *err);

/* Pages. after: what pca_page_next said of the page before, NULL or "" for the first. limit 0..1000; 0: no rows, only counted.
 * Root CAs in order of purchase. */
PCA_API int pca_region_roots(pca_region *region, const char *after, uint64_t limit, pca_page **page, pca_error *err);
/* Certificates; deleted ones are left out. query NULL: all. */
PCA_API int pca_region_find_certs(pca_region *region, const pca_query *query, pca_page **page, pca_error *err);
/* CAs, in order of purchase. */
PCA_API int pca_region_find_cas(pca_region *region, const pca_query *query, pca_page **page, pca_error *err);
/* What is to be renewed: ISSUED certificates that have not ended and end before a date, by the day on which they end. */
PCA_API int pca_region_expiring(pca_region *region, int64_t before, const char *after, uint64_t limit, pca_page **page, pca_error *err);
/* Requests on compliance CAs that are PENDING, oldest first. */
PCA_API int pca_region_reviews(pca_region *region, const char *after, uint64_t limit, pca_page **page, pca_error *err);
/* Does what time has made due, at most so many jobs; *done (or NULL): so many were. A request whose review_days are over becomes
 * CANCELLED, and its unit goes back; so does that of a request whose token has not answered for a multiple of its timeouts. Free
 * certificates whose free_days are over leave the ledger. A CRL is made, of each key generation: the first where the CA has an address
 * for it, the next at half of the period, and policy crl_after_revoke_seconds after a revocation. One that cannot be made (its key is
 * out of reach) keeps no other from being made, and is the error in the end. */
PCA_API int pca_region_run_due(pca_region *region, uint64_t most, uint64_t *done, pca_error *err);
/* Every movement of certificates as a resource, oldest first: a page of pca_entry. */
PCA_API int pca_region_ledger(pca_region *region, const pca_query *query, pca_page **page, pca_error *err);

/* ---- pca_query, pca_page ---------------------------------------------------------------------------------------- */

/* What to look for: conditions that hold all together. 0, NULL or "" is none. A condition that the verb's objects do not have
 * is INVALID. One condition leads, the others are tried on what it finds: the first that is set of custom id (the page is in order
 * of id), serial (of CA), name, alias, tag (of id), name prefix (of name), changed since (of the last change), expires (of
 * the day of the end), or none (of id). */
PCA_API pca_query *pca_query_new(void);
PCA_API void pca_query_free(pca_query *query);
PCA_API int pca_query_reset(pca_query *query);
/* A subordinate CA's id. For find_cas: the CA directly above. For the ledger: a CA that got units or gave them. */
PCA_API int pca_query_set_issuer(pca_query *query, uint64_t ca_id);
/* For find_certs: a PCA_STATUS_, a PCA_CERT_ value. */
PCA_API int pca_query_set_status(pca_query *query, int status);
PCA_API int pca_query_set_type(pca_query *query, int type);
/* For find_cas: a PCA_CA_, a PCA_KIND_ value. */
PCA_API int pca_query_set_state(pca_query *query, int state);
PCA_API int pca_query_set_kind(pca_query *query, int kind);
/* The common name or an alternative name as text; of a CA, the common name. ASCII letters in any case, IP addresses in any
 * spelling. What such a name begins with. */
PCA_API int pca_query_set_name(pca_query *query, const char *name);
PCA_API int pca_query_set_name_prefix(pca_query *query, const char *prefix);
/* A serial number as for pca_ca_cert_by_serial; of a CA, that of its present certificate. Without an issuer, of any. */
PCA_API int pca_query_set_serial(pca_query *query, const char *serial);
/* That label. */
PCA_API int pca_query_set_alias(pca_query *query, const char *alias);
/* For find_certs. */
PCA_API int pca_query_set_custom_id(pca_query *query, const char *custom_id);
/* A tag with exactly that value, which may be "". key NULL: none. */
PCA_API int pca_query_set_tag(pca_query *query, const char *key, const char *value);
/* The certificate (of a CA: its present one) ends before that time. */
PCA_API int pca_query_set_expires(pca_query *query, int64_t before);
/* Changed after that pca_page_sequence: issued, revoked, labelled; of a CA, its counters too. Each comes once, where it changed
 * last. For the ledger: rows after it. */
PCA_API int pca_query_set_changed_since(pca_query *query, uint64_t sequence);
/* What pca_page_next said of the page before. The other conditions must be the same. */
PCA_API int pca_query_set_after(pca_query *query, const char *after);
/* 0..1000; default 100. 0: no rows, only counted. */
PCA_API int pca_query_set_limit(pca_query *query, uint64_t limit);

/* How many rows it has. */
PCA_API uint64_t pca_page_count(const pca_page *page);
/* Borrowed from the page; NULL past the end or for a page of another kind. */
PCA_API const pca_cert *pca_page_cert_at(const pca_page *page, uint64_t index);
PCA_API const pca_ca *pca_page_ca_at(const pca_page *page, uint64_t index);
PCA_API const pca_entry *pca_page_entry_at(const pca_page *page, uint64_t index);
/* Where the next page begins, a short ASCII text that may be kept; "": this was the last. A page examines at most 10,000 rows
 * and may come back short, even empty, with this set. While others write, what is there from the first page to the last comes
 * exactly once. pca_page_next(NULL) is the first page's. */
PCA_API const char *pca_page_next(const pca_page *page);
/* How many match. *exact (or NULL) 1: so many in all; known from the first page on for issuer, status and type alone, else once
 * the last page has been reached. 0: so many on this page and those before it. */
PCA_API uint64_t pca_page_total(const pca_page *page, int *exact);
/* The last change of the region that the page knows of; for pca_query_set_changed_since, next time. */
PCA_API uint64_t pca_page_sequence(const pca_page *page);
PCA_API void pca_page_free(pca_page *page);

/* A row of the ledger. What a CA has remaining is the sum of units where it is the CA, less that where they came from it, and less
 * free certificates that have lapsed since the CA's last row. */
PCA_API uint64_t pca_entry_sequence(const pca_entry *entry);
PCA_API int64_t pca_entry_time(const pca_entry *entry);
PCA_API const char *pca_entry_actor(const pca_entry *entry);
/* "certificates_purchased", "certificates_given", "assigned", "issued", "submitted", "rejected", "cancelled", "review_lapsed",
 * "certificates_lapsed"; "reserved" for what is out at a token and "given_back" when nothing comes of it. */
PCA_API const char *pca_entry_action(const pca_entry *entry);
/* The CA whose units grew, or shrank where units are negative; the CA that they came from or went back to, 0: none. */
PCA_API uint64_t pca_entry_ca_id(const pca_entry *entry);
PCA_API uint64_t pca_entry_from_id(const pca_entry *entry);
/* What it was about: the certificate that was issued, the root that gave or bought. */
PCA_API uint64_t pca_entry_object_id(const pca_entry *entry);
/* How many. */
PCA_API int64_t pca_entry_units(const pca_entry *entry);
/* The client token that it was done with, "" for none. */
PCA_API const char *pca_entry_token(const pca_entry *entry);

/* ---- pca_ca: what a root and a subordinate share ---------------------------------------------------------------- */

/* Borrowed views of the same snapshot. */
PCA_API const pca_ca *pca_root_ca(const pca_root *root);
PCA_API const pca_ca *pca_sub_ca(const pca_sub *sub);

/* Unique in its region and never used again. */
PCA_API uint64_t pca_ca_id(const pca_ca *ca);
/* The CA above; 0 for a root. */
PCA_API uint64_t pca_ca_parent_id(const pca_ca *ca);
/* The root at the top; of a root, itself. */
PCA_API uint64_t pca_ca_root_id(const pca_ca *ca);
/* A PCA_KIND_, a PCA_FAMILY_, a PCA_CA_ value. */
PCA_API int pca_ca_kind(const pca_ca *ca);
PCA_API int pca_ca_family(const pca_ca *ca);
PCA_API int pca_ca_state(const pca_ca *ca);
/* Its label, "" for none. */
PCA_API const char *pca_ca_alias(const pca_ca *ca);
/* The service that was bought: from service_start, up to but not including service_end. */
PCA_API int64_t pca_ca_service_start(const pca_ca *ca);
PCA_API int64_t pca_ca_service_end(const pca_ca *ca);
/* Months of the present unbroken term, renewals included. */
PCA_API uint64_t pca_ca_months(const pca_ca *ca);
/* The remaining getters are 0 or "" before the CA is enabled. */
PCA_API int pca_ca_key_algorithm(const pca_ca *ca);
/* As RFC 4514 writes it: "CN=Example Root,O=Example". */
PCA_API const char *pca_ca_subject(const pca_ca *ca);
/* Lower-case hexadecimal. */
PCA_API const char *pca_ca_serial(const pca_ca *ca);
/* Of its present certificate. */
PCA_API int64_t pca_ca_not_before(const pca_ca *ca);
PCA_API int64_t pca_ca_not_after(const pca_ca *ca);
/* Where its CRL is served, "": nowhere; its period. */
PCA_API const char *pca_ca_crl_url(const pca_ca *ca);
PCA_API uint64_t pca_ca_crl_days(const pca_ca *ca);
/* For the certificates that it issues (RFC 5280 4.2.2.1): where its OCSP responder answers, where its certificate is. */
PCA_API const char *pca_ca_ocsp_url(const pca_ca *ca);
PCA_API const char *pca_ca_issuer_url(const pca_ca *ca);
/* How many CAs may follow below; -1: not limited, or not enabled yet. */
PCA_API int pca_ca_path_length(const pca_ca *ca);
/* The number of its present key: 1 once it is enabled, one more with each rekey. The addresses of the CRLs of each. */
PCA_API uint64_t pca_ca_generation(const pca_ca *ca);
PCA_API const char *pca_ca_crl_url_at(const pca_ca *ca, uint64_t generation);
/* When it was revoked and why; 0 while it is not. */
PCA_API int64_t pca_ca_revoked_at(const pca_ca *ca);
PCA_API int pca_ca_reason(const pca_ca *ca);
/* Tags in order of key. The key, "" past the end; a key's value, NULL where there is no such tag. */
PCA_API uint64_t pca_ca_tag_count(const pca_ca *ca);
PCA_API const char *pca_ca_tag_at(const pca_ca *ca, uint64_t index);
PCA_API const char *pca_ca_tag(const pca_ca *ca, const char *key);

/* The CA's certificate. STATE: not enabled yet. format: PCA_FORMAT_PEM or PCA_FORMAT_DER. */
PCA_API int pca_ca_certificate(const pca_ca *ca, int format, pca_blob **blob, pca_error *err);
/* That of a key generation; 0: the present one. NOT_FOUND. */
PCA_API int pca_ca_certificate_at(const pca_ca *ca, uint64_t generation, int format, pca_blob **blob, pca_error *err);
/* PEM: the CA's certificate and those above it; the root's too with PCA_WITH_ROOT, the root's alone for a root. */
PCA_API int pca_ca_chain(const pca_ca *ca, int flags, pca_blob **blob, pca_error *err);

/* Another certificate for the same key, subject and key identifier: a new serial number, and a new validity inside the
 * issuer's (the request's; the default as when it was enabled). The request may set a path length; subject, key and CRL address
 * stay. A CA that is enabled or disabled and in term, even where its certificate has ended; those above it must be usable. */
PCA_API int pca_ca_reissue(const pca_ca *ca, const pca_request *request, pca_error *err);
/* A new key with a certificate of its own: a further key generation, which issues from now on. It has its own CRL, whose address
 * (crl_url) must differ from all that the CA has had, and is required where it had one. The CRLs of the older generations go on
 * until their certificates end. State as for a reissue. */
PCA_API int pca_ca_rekey(const pca_ca *ca, const pca_request *request, pca_error *err);
/* Where the CRL is served, and its period (1..365 days), from now on; certificates that exist keep the address that they bear.
 * NULL and 0 leave as it is, "" takes away. ENABLED or DISABLED. */
PCA_API int pca_ca_set_crl(const pca_ca *ca, const char *url, uint64_t days, pca_error *err);
/* Likewise for OCSP and the issuer's certificate. */
PCA_API int pca_ca_set_urls(const pca_ca *ca, const char *ocsp_url, const char *issuer_url, pca_error *err);

/* A label, unique among the region's CAs, at most 64 characters; "" removes it. EXISTS. */
PCA_API int pca_ca_set_alias(const pca_ca *ca, const char *alias, pca_error *err);
/* Sets a tag: a key of 1..128 characters, a value of at most 256; NULL takes it away. At most 20 (INVALID). */
PCA_API int pca_ca_tag_set(const pca_ca *ca, const char *key, const char *value, pca_error *err);
/* ENABLED -> DISABLED: it stops issuing and goes on revoking and publishing. STATE otherwise. */
PCA_API int pca_ca_disable(const pca_ca *ca, pca_error *err);
/* DISABLED -> ENABLED. STATE otherwise. */
PCA_API int pca_ca_resume(const pca_ca *ca, pca_error *err);
/* ENABLED or DISABLED -> REVOKED, for ever. A subordinate is on its parent's next CRL; a root has no CRL above it.
 * reason: any PCA_REASON_. invalidity: since when the key is suspected (RFC 5280 5.3.2), 0 for unknown. Revoking a
 * revoked CA is STATE, but for the change of its reason to key or CA compromise. */
PCA_API int pca_ca_revoke(const pca_ca *ca, int reason, int64_t invalidity, const char *token, pca_error *err);

/* Makes and stores the next complete CRL (RFC 5280 5) of each key generation, in any state from ENABLED on, until the CA's
 * certificate ends (EXPIRED); an older generation's until that generation's ends. Never run by a revocation itself. CORRUPT: a
 * revocation record is damaged or missing. LINT: the CRL would break a lint. DEVICE, PIN: a key in a container is out of reach. The
 * first failure is told, and keeps no other generation's CRL from being made. */
PCA_API int pca_ca_crl_make(const pca_ca *ca, pca_error *err);
/* The newest CRL. NOT_FOUND: none was made yet. */
PCA_API int pca_ca_crl_get(const pca_ca *ca, int format, pca_blob **blob, pca_error *err);
/* The same, fed piece by piece into a sink of driver.h. CANCELLED: the sink said so. */
PCA_API int pca_ca_crl_stream(const pca_ca *ca, int format, const struct pca_sink *sink, pca_error *err);
/* The same, into a file that is replaced at once by rename, 0644. */
PCA_API int pca_ca_crl_write(const pca_ca *ca, int format, const char *path, pca_error *err);
/* About the newest CRL; any output may be NULL. NOT_FOUND: none was made yet. */
PCA_API int pca_ca_crl_info(const pca_ca *ca, uint64_t *number, int64_t *this_update, int64_t *next_update,
                            uint64_t *entries, pca_error *err);
/* The four again for one key generation; 0: the present one, as above. NOT_FOUND: none such, or none was made yet. */
PCA_API int pca_ca_crl_get_at(const pca_ca *ca, uint64_t generation, int format, pca_blob **blob, pca_error *err);
PCA_API int pca_ca_crl_stream_at(const pca_ca *ca, uint64_t generation, int format, const struct pca_sink *sink, pca_error *err);
PCA_API int pca_ca_crl_write_at(const pca_ca *ca, uint64_t generation, int format, const char *path, pca_error *err);
PCA_API int pca_ca_crl_info_at(const pca_ca *ca, uint64_t generation, uint64_t *number, int64_t *this_update, int64_t *next_update,
                               uint64_t *entries, pca_error *err);
/* A certificate that this CA issued, by its serial number in hexadecimal (any case, leading zeros, colons or "0x"
 * allowed) or in decimal as "dec:123". */
PCA_API int pca_ca_cert_by_serial(const pca_ca *ca, const char *serial, pca_cert **cert, pca_error *err);

/* ---- Bringing in what exists ------------------------------------------------------------------------------------ */

/* A CA with its certificate, and its key unless that lives elsewhere, into a CA that was bought and not enabled: PURCHASED ->
 * ENABLED. A root's certificate is signed by itself; a subordinate's by its root or a CA below that, which becomes its parent and
 * must be usable. Refused: what is malformed, not signed by whom it says, or for another key (INVALID); no CA's certificate, one
 * without keyCertSign and cRLSign, with critical extensions that are not known here, with a name or at a depth that a CA above does
 * not allow (CONSTRAINT); a subject that is empty or cannot be read (NAME); a key of another family, or weak (ALGORITHM); one
 * that has ended (EXPIRED); an issuer that is not there (NOT_FOUND), or not usable (PARENT_STATE); a key that is a CA's of the
 * region already (EXISTS). Addresses, CRL period and alias are set afterwards. */
PCA_API int pca_ca_import(const pca_ca *ca, const pca_import *import, pca_error *err);
/* A CSR (PKCS#10) for a CA that is to be signed elsewhere. PURCHASED: a key is made and waits for the certificate; the request gives
 * the subject, the key algorithm or a container, and perhaps a path length; one more CSR replaces the key. ENABLED or DISABLED: for
 * the key and subject that the CA has; the request may give a path length. format: PCA_FORMAT_PEM or PCA_FORMAT_DER. */
PCA_API int pca_ca_csr(const pca_ca *ca, const pca_request *request, int format, pca_blob **blob, pca_error *err);
/* The certificate that was made from it, PEM or DER: PURCHASED -> ENABLED. Checked as by pca_ca_import; the subject is what the
 * issuer made of it. A root may be signed by a root elsewhere: its chains end with it, and no root certificate is among them. An
 * enabled CA whose certificate came from elsewhere takes a further one for its key and subject (EXISTS: it has this one). */
PCA_API int pca_ca_accept_certificate(const pca_ca *ca, const void *certificate, size_t size, pca_error *err);

/* A certificate by this CA for the subject and present key of another, which has one besides: for clients that trust this one.
 * The other is of this region or of another, enabled or disabled. The request gives validity (default 5 years), path length
 * (default: the other's) and whether to include the CRL address. Revoking the other revokes it too, within one region; alone it is
 * revoked by pca_ca_revoke_der or _serial. This CA must be usable, and may neither stand below the other nor right above it. */
PCA_API int pca_ca_cross_sign(const pca_ca *ca, const pca_ca *other, const pca_request *request, int format, pca_blob **blob,
                              pca_error *err);
/* The same for a CA that no region holds, by its certificate, which is checked as by pca_ca_import. STATE: policy allow_foreign_cross
 * is off. EXISTS: it is a CA of this region. */
PCA_API int pca_ca_cross_sign_certificate(const pca_ca *ca, const void *certificate, size_t size, const pca_request *request,
                                          int format, pca_blob **blob, pca_error *err);
/* PEM: all that it has cross-signed, in the order of their making. NOT_FOUND: none. */
PCA_API int pca_ca_cross_certificates(const pca_ca *ca, pca_blob **blob, pca_error *err);

/* A record of a certificate that the CA issued before it came here, PEM or DER; no unit is spent. Its signature is checked
 * (INVALID); at most 100 alternative names (SAN); the type follows from its purposes. EXISTS: its serial number is known. cert may
 * be NULL. */
PCA_API int pca_ca_import_issued(const pca_ca *ca, const void *certificate, size_t size, pca_cert **cert, pca_error *err);
/* A revocation from before, by serial number; of a certificate that is held, or not. not_after 0: unknown, and it stays on the
 * CRLs for good. EXISTS: it is revoked already. */
PCA_API int pca_ca_import_revoked(const pca_ca *ca, const char *serial, int64_t revoked_at, int reason, int64_t invalidity,
                                  int64_t not_after, pca_error *err);

/* Revokes a certificate of this CA's that is presented, PEM or DER, though the store may have lost it or never held it. Its
 * signature is checked (INVALID). One that is held is revoked as by pca_cert_revoke; the present one of a subordinate with that CA. */
PCA_API int pca_ca_revoke_der(const pca_ca *ca, const void *certificate, size_t size, int reason, int64_t invalidity,
                              const char *token, pca_error *err);
/* The same by serial number, as pca_ca_cert_by_serial takes it. One that is not held is on the CRL of every key of the CA, for good. */
PCA_API int pca_ca_revoke_serial(const pca_ca *ca, const char *serial, int reason, int64_t invalidity, const char *token,
                                 pca_error *err);

/* ---- pca_import: an existing CA to bring in --------------------------------------------------------------------- */

PCA_API pca_import *pca_import_new(void);
PCA_API void pca_import_free(pca_import *import);
PCA_API int pca_import_reset(pca_import *import);
/* The CA's certificate: PEM, one block, or DER. */
PCA_API int pca_import_set_certificate(pca_import *import, const void *certificate, size_t size);
/* Its private key: PKCS#8, encrypted or not, in PEM or DER; or RSA PRIVATE KEY or EC PRIVATE KEY in PEM. */
PCA_API int pca_import_set_key(pca_import *import, const void *key, size_t size);
/* Both in one file (PKCS#12). Of its certificates the one that the key belongs to is taken. */
PCA_API int pca_import_set_pfx(pca_import *import, const void *pfx, size_t size);
/* What opens the key or the PFX. */
PCA_API int pca_import_set_password(pca_import *import, const char *password);
/* The certificate alone: the CA neither signs nor makes CRLs here (STATE), and stands above those that do. */
PCA_API int pca_import_set_key_elsewhere(pca_import *import);
/* One more than that of its last CRL, at least. Here numbers are never below the CRL's time in seconds. */
PCA_API int pca_import_set_next_crl_number(pca_import *import, uint64_t number);

/* ---- pca_root: bought first, signs subordinates only ------------------------------------------------------------ */

/* Buys a root and its subordinate for months 1..1200. A private root's subordinate starts with 10 certificates (policy
 * free_certificates). */
PCA_API int pca_root_purchase(pca_region *region, int kind, int family, uint64_t months, const char *token,
                              pca_root **root, pca_error *err);
/* PURCHASED -> ENABLED: makes the key and the self-signed certificate. The request gives the subject (common name
 * required), the key algorithm of the root's family (default RSA 3072, P-256 or SM2), the validity (1..200 years,
 * default 10), and the CRL address and period (default 7 days). EXPIRED: the term is over. */
PCA_API int pca_root_enable(const pca_root *root, const pca_request *request, pca_error *err);
/* Adds months to the term and to that of the subordinate that came with it; from now, when it had ended. */
PCA_API int pca_root_renew(const pca_root *root, uint64_t months, const char *token, pca_error *err);
/* Buys a further subordinate, for months 1..1200 of its own, with no certificates. STATE: the root is revoked. */
PCA_API int pca_root_purchase_sub(const pca_root *root, uint64_t months, const char *token, pca_sub **sub, pca_error *err);
/* The subordinate that came with the root. */
PCA_API int pca_root_default_sub(const pca_root *root, pca_sub **sub, pca_error *err);
/* Pages of the subordinates below the root, at every depth, as pca_region_roots. */
PCA_API int pca_root_subs(const pca_root *root, const char *after, uint64_t limit, pca_page **page, pca_error *err);
/* Buys 1..10,000,000 certificates. STATE unless ENABLED, EXPIRED when out of term. receipt may be NULL. */
PCA_API int pca_root_purchase_certificates(const pca_root *root, uint64_t count, const char *token, pca_receipt **receipt,
                                           pca_error *err);
/* Sets what a subordinate has left to the absolute value `remaining`; the difference comes from the root or goes back
 * to it. expected: what the caller last saw there, else BUSY; PCA_ANY for no condition. QUOTA: the root has too few. */
PCA_API int pca_root_assign(const pca_root *root, const pca_sub *sub, uint64_t remaining, uint64_t expected,
                            const char *token, pca_error *err);
/* Certificates bought and not assigned; bought so far; of those, to be paid; of those, free of charge. */
PCA_API uint64_t pca_root_remaining(const pca_root *root);
PCA_API uint64_t pca_root_purchased(const pca_root *root);
PCA_API uint64_t pca_root_billable(const pca_root *root);
PCA_API uint64_t pca_root_waived(const pca_root *root);
PCA_API int pca_root_reload(const pca_root *root, pca_root **fresh, pca_error *err);
PCA_API void pca_root_free(pca_root *root);

/* How many were bought. */
PCA_API uint64_t pca_receipt_count(const pca_receipt *receipt);
/* Of the count: to be paid, and beyond policy fee_waiver_threshold. */
PCA_API uint64_t pca_receipt_billable(const pca_receipt *receipt);
PCA_API uint64_t pca_receipt_waived(const pca_receipt *receipt);
PCA_API void pca_receipt_free(pca_receipt *receipt);

/* ---- pca_sub: issues certificates ------------------------------------------------------------------------------- */

/* PURCHASED -> ENABLED under its root, which must be enabled. As pca_root_enable; default validity 5 years, never beyond
 * the root's (VALIDITY); path length default 0. */
PCA_API int pca_sub_enable(const pca_sub *sub, const pca_request *request, pca_error *err);
/* The same under another subordinate of its root, whose path length must leave room for it (CONSTRAINT). Either: with a CSR
 * (set_csr) the CA's key lives elsewhere: its certificate is made here, and it neither issues nor makes CRLs here (STATE). */
PCA_API int pca_sub_enable_under(const pca_sub *sub, const pca_ca *parent, const pca_request *request, pca_error *err);
/* As pca_root_renew, for one that was bought by itself. STATE for the one that came with its root. */
PCA_API int pca_sub_renew(const pca_sub *sub, uint64_t months, const char *token, pca_error *err);
/* The subordinate above it, a new handle. NOT_FOUND: the root is. */
PCA_API int pca_sub_parent(const pca_sub *sub, pca_sub **parent, pca_error *err);
/* Borrows nothing: a new handle. */
PCA_API int pca_sub_root(const pca_sub *sub, pca_root **root, pca_error *err);
/* Certificates that it may still issue; held for requests that are pending or under way; issued so far. */
PCA_API uint64_t pca_sub_remaining(const pca_sub *sub);
PCA_API uint64_t pca_sub_reserved(const pca_sub *sub);
PCA_API uint64_t pca_sub_issued(const pca_sub *sub);
/* Issues a certificate on a private CA. On a compliance CA the certificate is PENDING and holds one unit until it is decided on:
 * pca_cert_approve. Refusals in this order: INVALID and CSR, TOKEN_REUSED, CLOCK, STATE and EXPIRED, PARENT_STATE, ALGORITHM, NAME
 * and SAN, VALIDITY, INVALID (CRL address), CONSTRAINT, LINT, EXISTS (custom id), QUOTA, DEVICE (no such driver; no token), PIN,
 * DEVICE (the token failed), CRYPTO. While a token is at work the certificate's unit is reserved. */
PCA_API int pca_sub_request(const pca_sub *sub, const pca_request *request, pca_cert **cert, pca_error *err);
/* As pca_sub_request for 1..256 requests, in one durable change. PCA_OK: it happened, and each result tells how its request
 * fared; a refused one does not touch the others. Anything else: none was issued. */
PCA_API int pca_sub_request_many(const pca_sub *sub, const pca_request *const *requests, uint64_t count, pca_results **results,
                                 pca_error *err);
/* The same checks without spending anything: PCA_OK with the lint findings and the certificate as it would be, or the refusal.
 * With a token that was used with the same inputs there is nothing to check: no findings, no certificate. */
PCA_API int pca_sub_check_request(const pca_sub *sub, const pca_request *request, pca_findings **findings, pca_error *err);
PCA_API int pca_sub_reload(const pca_sub *sub, pca_sub **fresh, pca_error *err);
PCA_API void pca_sub_free(pca_sub *sub);

/* As many as there were requests. */
PCA_API uint64_t pca_results_count(const pca_results *results);
/* In the order of the requests. The certificate, borrowed, or NULL; the code, NOT_FOUND past the end; the error, borrowed. */
PCA_API const pca_cert *pca_results_cert_at(const pca_results *results, uint64_t index);
PCA_API int pca_results_code_at(const pca_results *results, uint64_t index);
PCA_API const pca_error *pca_results_error_at(const pca_results *results, uint64_t index);
PCA_API void pca_results_free(pca_results *results);

/* How many there are. */
PCA_API uint64_t pca_findings_count(const pca_findings *findings);
/* The lint's name; the field; what it saw, one line. "" past the end. */
PCA_API const char *pca_findings_name(const pca_findings *findings, uint64_t index);
PCA_API const char *pca_findings_field(const pca_findings *findings, uint64_t index);
PCA_API const char *pca_findings_message(const pca_findings *findings, uint64_t index);
/* 1: a note. 2: an error, which refuses the certificate. */
PCA_API int pca_findings_severity(const pca_findings *findings, uint64_t index);
/* What would be signed, PEM or DER, to be looked at or read by a program: a certificate with all that the request came to, but with
 * no signature (an empty BIT STRING), the serial number a stand-in, and where the key is yet to be made, that and its identifier too.
 * NOT_FOUND where there was nothing to check. Needs no region. */
PCA_API int pca_findings_certificate(const pca_findings *findings, int format, pca_blob **blob, pca_error *err);
PCA_API void pca_findings_free(pca_findings *findings);

/* ---- pca_request: what is asked for, for a CA and for a leaf ---------------------------------------------------- */

PCA_API pca_request *pca_request_new(void);
PCA_API void pca_request_free(pca_request *request);
PCA_API int pca_request_reset(pca_request *request);
/* Another with the same settings. */
PCA_API int pca_request_clone(const pca_request *request, pca_request **copy, pca_error *err);

/* A PCA_CERT_ value; required for a leaf, refused for a CA. */
PCA_API int pca_request_set_type(pca_request *request, int type);
/* Subject. Upper bounds of RFC 5280 appendix A in characters: 64, organization 64, unit 64, state and locality 128; country
 * two letters. Unset, all but the common name come from the CA, unless any of the five is set; "" leaves one out. */
PCA_API int pca_request_set_common_name(pca_request *request, const char *text);
PCA_API int pca_request_set_organization(pca_request *request, const char *text);
PCA_API int pca_request_set_unit(pca_request *request, const char *text);
PCA_API int pca_request_set_country(pca_request *request, const char *text);
PCA_API int pca_request_set_state(pca_request *request, const char *text);
PCA_API int pca_request_set_locality(pca_request *request, const char *text);
/* For requests on a compliance CA, which issues certificates of type CLIENT: whose it is, required, the common name; and that
 * person's account, the uid (0.9.2342.19200300.100.1.1, RFC 4519 2.39), at most 255 characters. Without a validity they take a
 * year, or what a shorter service allows. */
PCA_API int pca_request_set_personal_name(pca_request *request, const char *text);
PCA_API int pca_request_set_system_account(pca_request *request, const char *text);
/* Subject alternative names, at most 10 of all kinds. Lower case and A-labels for a host ("xn--..."); one "*" may be its
 * whole first label. IP addresses as text. The host of a URI is fully qualified or an IP address. */
PCA_API int pca_request_add_dns(pca_request *request, const char *name);
PCA_API int pca_request_add_ip(pca_request *request, const char *address);
PCA_API int pca_request_add_email(pca_request *request, const char *address);
PCA_API int pca_request_add_uri(pca_request *request, const char *uri);
/* For PCA_CERT_CUSTOM only; INVALID with any other type, and for a CA. Object identifiers as "1.3.6.1.5.5.7.3.8", with numbers of
 * any size (2.25 and a UUID), at most 64 octets of DER. A custom certificate bears all four kinds of alternative names, or none,
 * and its common name is no host.
 * A purpose (extended key usage), at most 16; without any there is no such extension, and the types' own are not added.
 * INVALID: anyExtendedKeyUsage, OCSPSigning. */
PCA_API int pca_request_add_eku(pca_request *request, const char *oid);
/* A certificate policy with the URI of its practice statement or NULL; at most 16. */
PCA_API int pca_request_add_policy(pca_request *request, const char *oid, const char *cps_uri);
/* A further attribute of the subject, at most 10: the types of RFC 5280 as their type demands, others 1..255 characters of
 * UTF-8. Domain components (0.9.2342.19200300.100.1.25) stand in front and may repeat, all else follows the common name.
 * INVALID for what has a setter above. */
PCA_API int pca_request_add_subject_oid(pca_request *request, const char *oid, const char *text);
/* An extension of the caller's, at most 16: its value is one element of DER of at most 4096 octets. INVALID: one that the
 * library makes itself, and any of id-ce (2.5.29) but subjectDirectoryAttributes and privateKeyUsagePeriod. LINT: critical. */
PCA_API int pca_request_add_extension(pca_request *request, const char *oid, int critical, const void *der, size_t size);
/* One form of validity: a span from now (less policy backdate_seconds), two dates, or as long as the issuer and its
 * term allow. */
PCA_API int pca_request_set_days(pca_request *request, int64_t days);
PCA_API int pca_request_set_months(pca_request *request, int64_t months);
PCA_API int pca_request_set_years(pca_request *request, int64_t years);
PCA_API int pca_request_set_dates(pca_request *request, int64_t not_before, int64_t not_after);
PCA_API int pca_request_set_longest(pca_request *request);
/* One source of the key: made by libpca (the default; algorithm a PCA_KEY_ of the CA's family, default RSA 2048, P-256 or
 * SM2), a CSR (PKCS#10, PEM or DER, at most 64 KiB), or a SubjectPublicKeyInfo (DER) that the caller vouches for, which a
 * compliance CA does not take. */
PCA_API int pca_request_set_key_algorithm(pca_request *request, int algorithm);
PCA_API int pca_request_set_csr(pca_request *request, const void *csr, size_t size);
PCA_API int pca_request_set_public_key(pca_request *request, const void *spki, size_t size);
/* Or made in a container (pca_config_add_container), in that slot, from which it never comes out. A certificate's: with the PIN of
 * set_pin, in a session of its own; the token signs a CSR, which shows that it has the key. A CA's, for enabling, rekeying and a CSR: in
 * the session of pca_region_login, in which it signs from then on; set_pin logs in. A key that another has already: CSR. */
PCA_API int pca_request_set_container(pca_request *request, const char *driver, const char *slot);
PCA_API int pca_request_set_pin(pca_request *request, const char *pin);
/* 1: an SM2 pair (GM/T 0015): beside the certificate that signs another, of the same names, for an encryption key that libpca makes,
 * seals and hands out enveloped. One certificate as far as units, status and revocation go. Default: for SM2 keys in a container. */
PCA_API int pca_request_set_dual(pca_request *request, int dual);
/* Take the subject, the alternative names, from the CSR; off by default. */
PCA_API int pca_request_use_csr_subject(pca_request *request);
PCA_API int pca_request_use_csr_san(pca_request *request);
/* 1: the issuer's CRL address must be in the certificate; 0: must not. Default: it is, where the issuer has one. */
PCA_API int pca_request_set_crl_address(pca_request *request, int include);
/* A label for people, at most 64 characters. A CA's is unique in its region. */
PCA_API int pca_request_set_alias(pca_request *request, const char *alias);
/* A name of the caller's own for a certificate, 1..64 characters: unique in the region while the certificate is there, revoked or
 * not (EXISTS). */
PCA_API int pca_request_set_custom_id(pca_request *request, const char *custom_id);
/* A client token. */
PCA_API int pca_request_set_token(pca_request *request, const char *token);
/* For CAs: where this CA's CRL will be served (an http URL, at most 1024 characters), and its period (1..365 days). */
PCA_API int pca_request_set_crl_url(pca_request *request, const char *url);
PCA_API int pca_request_set_crl_days(pca_request *request, uint64_t days);
/* For CAs: what its certificates say of its OCSP responder and of where its own certificate is (http URLs). */
PCA_API int pca_request_set_ocsp_url(pca_request *request, const char *url);
PCA_API int pca_request_set_issuer_url(pca_request *request, const char *url);
/* For subordinate CAs: how many CAs may follow below, 0..7. Default 0. */
PCA_API int pca_request_set_path_length(pca_request *request, uint64_t length);
/* For subordinate CAs, when they are enabled: the names that all below may bear and may not bear (RFC 5280 4.2.1.10), at most 64.
 * Of a kind with something permitted, names must lie in that; names of other kinds are free. Kept by reissue and rekey. They are
 * critical, and mbedTLS 2.28 refuses such a CA. Texts: DNS "example.com", itself and all below; IP "10.0.0.0/8",
 * "2001:db8::/32"; e-mail "ada@example.com", a host's "mail.example.com", those of the hosts below ".example.com"; URI
 * "www.example.com", ".example.com" likewise; DIRECTORY the last parts of a subject as RFC 4514 writes it, "O=Example,C=DE".
 * Whatever is issued below, subjects of CAs included, is checked against every CA above: CONSTRAINT. */
PCA_API int pca_request_add_permitted(pca_request *request, int type, const char *text);
PCA_API int pca_request_add_excluded(pca_request *request, int type, const char *text);

/* ---- pca_cert: a certificate or a request for one ---------------------------------------------------------------------------- */

/* Unique in its region and never used again; that of the CA that issues it. */
PCA_API uint64_t pca_cert_id(const pca_cert *cert);
PCA_API uint64_t pca_cert_issuer_id(const pca_cert *cert);
/* Lower-case hexadecimal. */
PCA_API const char *pca_cert_serial(const pca_cert *cert);
/* A PCA_CERT_, a PCA_STATUS_ value. */
PCA_API int pca_cert_type(const pca_cert *cert);
PCA_API int pca_cert_status(const pca_cert *cert);
/* As RFC 4514 writes it. */
PCA_API const char *pca_cert_subject(const pca_cert *cert);
/* How many alternative names it bears. */
PCA_API uint64_t pca_cert_san_count(const pca_cert *cert);
/* A PCA_SAN_ value, 0 past the end; and its text, "" past the end. */
PCA_API int pca_cert_san_type(const pca_cert *cert, uint64_t index);
PCA_API const char *pca_cert_san_at(const pca_cert *cert, uint64_t index);
/* Its validity. */
PCA_API int64_t pca_cert_not_before(const pca_cert *cert);
PCA_API int64_t pca_cert_not_after(const pca_cert *cert);
/* A PCA_KEY_ value; 0 for a key that libpca does not use, of a certificate that was imported. */
PCA_API int pca_cert_key_algorithm(const pca_cert *cert);
/* A PCA_CONTAINER_ value. */
PCA_API int pca_cert_container(const pca_cert *cert);
/* Of one whose private key is in a token: where; and when the certificate was written there, 0: it was not. */
PCA_API const char *pca_cert_container_driver(const pca_cert *cert);
PCA_API const char *pca_cert_container_slot(const pca_cert *cert);
PCA_API int64_t pca_cert_installed_at(const pca_cert *cert);
/* Its label, and its name of the caller's own; "" for none. */
PCA_API const char *pca_cert_alias(const pca_cert *cert);
PCA_API const char *pca_cert_custom_id(const pca_cert *cert);
/* As pca_ca_tag_count and those after it. */
PCA_API uint64_t pca_cert_tag_count(const pca_cert *cert);
PCA_API const char *pca_cert_tag_at(const pca_cert *cert, uint64_t index);
PCA_API const char *pca_cert_tag(const pca_cert *cert, const char *key);
/* When it was revoked and why; 0 while it is not. */
PCA_API int64_t pca_cert_revoked_at(const pca_cert *cert);
PCA_API int pca_cert_reason(const pca_cert *cert);
/* What the CSR asked for and did not get, one text each: "basicConstraints (2.5.29.19)". */
PCA_API uint64_t pca_cert_ignored_count(const pca_cert *cert);
PCA_API const char *pca_cert_ignored_at(const pca_cert *cert, uint64_t index);

/* Who asked, when. */
PCA_API const char *pca_cert_requester(const pca_cert *cert);
PCA_API int64_t pca_cert_requested_at(const pca_cert *cert);
/* Of a certificate that is or was reviewed, else "" and 0. What the reviewers decide on: the SHA-256, in lower-case hexadecimal, of
 * the request as it was frozen (docs/storage.md); serial number and dates are given when it is issued, and those that a pending
 * one shows are of the day it was asked for. */
PCA_API const char *pca_cert_review_digest(const pca_cert *cert);
/* When it lapses if nobody decides; 0: never. */
PCA_API int64_t pca_cert_review_lapses_at(const pca_cert *cert);
/* When it was issued, rejected or cancelled, 0 while it is pending; by whom, "" where it lapsed; why it was rejected. */
PCA_API int64_t pca_cert_decided_at(const pca_cert *cert);
PCA_API const char *pca_cert_decided_by(const pca_cert *cert);
PCA_API const char *pca_cert_review_reason(const pca_cert *cert);
/* The approvals so far: who, "" past the end; when. */
PCA_API uint64_t pca_cert_approval_count(const pca_cert *cert);
PCA_API const char *pca_cert_approval_by(const pca_cert *cert, uint64_t index);
PCA_API int64_t pca_cert_approval_at(const pca_cert *cert, uint64_t index);

/* A certificate that is PENDING cannot be handed out (PENDING), nor one that was never issued (STATE); so below. */
PCA_API int pca_cert_der(const pca_cert *cert, pca_blob **blob, pca_error *err);
PCA_API int pca_cert_pem(const pca_cert *cert, pca_blob **blob, pca_error *err);
/* The certificate, the chain and the private key as files. PCA_WITH_CHAIN adds the CAs above in their order, PCA_WITH_ROOT
 * the root too. A private key comes with a password, which encrypts it, or with PCA_PLAIN_KEY; with neither there is none.
 *   PEM, PKCS8  NAME.pem (certificate, then chain), NAME.key (PKCS#8)
 *   CRT         NAME_public.crt, NAME_chain.crt if there is a chain, NAME.key; PEM all three
 *   DER         NAME.der, chain-1.der and so on, NAME.key; DER all
 *   PKCS7       NAME.p7b (PEM), NAME.key
 *   PFX         NAME.pfx, key inside under the required password, named by the alias, or else the common name or the serial
 *   JKS         NAME.jks likewise; its alias is NAME in small letters
 * Always root.pem (DER: root.der), the trust anchor. Of an SM2 pair NAME_enc.pem (DER: NAME_enc.der), the encryption certificate, and
 * until it is revoked NAME_enc.envelope, its private key as pca_cert_enveloped_key gives it. With PCA_WITH_PASSWORD_FILE also
 * NAME_password.txt. NAME is the common name or, failing that, the serial number, with _ for what a file name should not hold, and
 * after a name that the other files bear. password: 1..128 (JKS 6..128) printable ASCII characters, of which some readers of PFX
 * take 31 (mbedTLS) or 32 (Windows of old). Encryption: PBES2, AES-256-CBC, PBKDF2-HMAC-SHA256 with 100,000 rounds.
 * INVALID: no password for PFX or JKS, a password together with PCA_PLAIN_KEY, PCA_PLAIN_KEY for PFX or JKS. When a private
 * key is asked for: NOT_EXPORTABLE where it was not made here, STATE once the certificate is revoked. NOT_EXPORTABLE altogether: an
 * SM2 certificate of a compliance CA whose key is on a token, since it is installed there. UNSUPPORTED: SM2 in a JKS. */
PCA_API int pca_cert_export(const pca_cert *cert, int format, int flags, const char *password, pca_files **files,
                            pca_error *err);
/* The private key alone, PKCS#8, PEM or DER: encrypted under the password, or plain with PCA_PLAIN_KEY and no password.
 * INVALID, NOT_EXPORTABLE, STATE as above. */
PCA_API int pca_cert_export_key(const pca_cert *cert, int format, int flags, const char *password, pca_blob **blob,
                                pca_error *err);
/* A label for people, at most 64 characters, any number of certificates may have the same; "" removes it. */
PCA_API int pca_cert_set_alias(const pca_cert *cert, const char *alias, pca_error *err);
/* As pca_ca_tag_set. Tags stay when it is revoked, and go when it is deleted. */
PCA_API int pca_cert_tag_set(const pca_cert *cert, const char *key, const char *value, pca_error *err);
/* The handle's actor approves the request with that digest. The last approval that policy approvers asks for issues: the state of
 * the CAs, dates, key and lints are judged as for a new request, and where they refuse it stays PENDING; STATE too where the CA was
 * rekeyed. REVIEW: it is decided already, has lapsed or has another digest; this actor has approved it, or may not (policy
 * reviewer_differs), or is not set where policies tell people apart. */
PCA_API int pca_cert_approve(const pca_cert *cert, const char *digest, pca_error *err);
/* PENDING -> REJECTED, its unit given back, the private key that was made for it destroyed. reason: 1..256 characters. REVIEW. */
PCA_API int pca_cert_reject(const pca_cert *cert, const char *reason, pca_error *err);
/* PENDING -> CANCELLED likewise, by the actor who asked for it. REVIEW. */
PCA_API int pca_cert_cancel(const pca_cert *cert, pca_error *err);
/* Takes a REJECTED or CANCELLED request away. STATE. */
PCA_API int pca_cert_purge(const pca_cert *cert, pca_error *err);
/* Of an SM2 pair: the encryption certificate's serial number, "" otherwise; its DER. NOT_FOUND: it is no pair. */
PCA_API const char *pca_cert_encryption_serial(const pca_cert *cert);
PCA_API int pca_cert_encryption_der(const pca_cert *cert, pca_blob **blob, pca_error *err);
/* Its private key, for the holder of the signing key: SM2EnvelopedKey (GM/T 0009 7.4), DER. STATE once it is revoked. */
PCA_API int pca_cert_enveloped_key(const pca_cert *cert, pca_blob **blob, pca_error *err);
/* Writes an issued certificate to the token where its key is, after a look whether that is the key; again if need be. Of a pair also
 * the encryption certificate and its enveloped key. Each missing
 * part is its own error: STATE (its key is not in a container), DEVICE (driver, token, key), PIN. */
PCA_API int pca_cert_install(const pca_cert *cert, const char *pin, pca_error *err);
/* Final, and true for every reader when it returns; the next CRL shows it. reason: any PCA_REASON_ but CA compromise.
 * invalidity: since when the key is suspected, 0 for unknown. STATE: revoked already, but for the one change to
 * KEY_COMPROMISE. Works in every state of the CA until its certificate ends (EXPIRED). */
PCA_API int pca_cert_revoke(const pca_cert *cert, int reason, int64_t invalidity, const char *token, pca_error *err);
/* Destroys a revoked certificate's key, names and bytes. Its serial number stays on the CRL. STATE: not revoked. */
PCA_API int pca_cert_delete(const pca_cert *cert, pca_error *err);
PCA_API int pca_cert_reload(const pca_cert *cert, pca_cert **fresh, pca_error *err);
PCA_API void pca_cert_free(pca_cert *cert);

#ifdef __cplusplus
}
#endif
#endif
