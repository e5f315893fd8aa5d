/* The pca command line: what its files share. A command fills a JSON value and prints it, as a table or as it is. */
#ifndef PCA_CLI_H
#define PCA_CLI_H

#include <pca/driver.h>

#include <json-c/json.h>
#include <popt.h>

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* All of a file, wiped and freed by file_free. */
struct file {
    char *data;
    size_t size;
};

/* What one call holds; session_end frees all of it. */
struct session {
    pca_error *err;
    pca_config *config;
    pca_region *region;
    pca_root *root;
    pca_sub *sub;
    const pca_ca *ca; /* borrowed from root or sub */
    pca_cert *cert;
    pca_request *request;
    json_object *out;
    const char **args;
    int count; /* of args */
    const struct command *command;
    struct file pin, password; /* once they are asked for */
    uint64_t next_row;         /* where a bulk that stopped goes on */
    int64_t now; /* region_now */
};

enum access { NO_REGION, READS, WRITES, CREATES, RESTORES };

struct command {
    const char *noun, *verb; /* verb NULL: the noun alone */
    const char *arguments;   /* as the usage line shows them */
    const char *text;
    int least, most; /* arguments */
    enum access access;
    const struct poptOption *options;
    int (*run)(struct session *s);
};

/* Where a storage key comes from. */
struct key_source {
    char *key_file, *passphrase_file;
    int passphrase_fd, plain_keys;
};

/* Every option of every command; which command knows which, its table of options says. Numbers: below 0 is not given. */
extern struct options {
    struct key_source key_of_region, fresh_key;
    char *region, *actor;
    int json, yes, version, list;
    long long map_limit;
    char **driver, **login, *container, *pin_file;
    int pin_fd;
    char *kind, *family, *key, *token, *alias, *ca, *root, *sub, *parent, *ca_state;
    char *personal_name, *account, *common_name, *organization, *unit, *country, *state, *locality;
    char **subject_oid, **eku, **policy, **extension, **permitted, **excluded;
    char *crl_url, *ocsp_url, *issuer_url, *not_before, *not_after, *public_key, *custom_id;
    long long months, years, days, crl_days, path_length, expected, limit, generation, within, first_row, next_crl_number, changed_since;
    char **dns, **ip, **email, **uri;
    char *type, *csr, *bulk, *out, *format, *password_file, *reason, *invalidity, *at, *name, *name_prefix, *serial, *tag, *status;
    char *before, *expires, *certificate, **certificates, *private_key, *pfx;
    int longest, plain_key, new_password, with_root, legacy, dry_run, dual, with_crl, key_elsewhere;
} opt;

extern const struct poptOption region_options[], no_options[];

/* ---- session.c: the region, its key, questions ---- */
int session_open(struct session *s);
void session_end(struct session *s);
/* A fresh storage key: --new-key-file and its like. */
int fresh_key(struct session *s, pca_config *config);
/* Sets the session's error and returns the code. */
int refuse(struct session *s, int code, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* Asks before what cannot be undone, unless --yes. */
int confirm(struct session *s, const char *format, ...) __attribute__((format(printf, 2, 3)));
int number(struct session *s, const char *text, const char *what, uint64_t *value);
/* 2027-01-31 or 2027-01-31T12:00:00Z; text NULL leaves *seconds. */
int moment(struct session *s, const char *text, const char *what, int64_t *seconds);
/* The time that the region goes by, asked once. */
int region_now(struct session *s, int64_t *seconds);

/* ---- file.c: "-" is standard input, standard output ---- */
/* The code of a failure of the operating system's. */
int errno_code(void);
/* At most `most` octets. */
#define PASSWORD_MAX 1024
#define CERTIFICATE_MAX (1 << 20) /* of a file that holds a certificate, key, PFX */
int file_read(struct session *s, const char *path, size_t most, struct file *file);
void file_free(struct file *file);
/* A secret, the first line of a file or, where path is NULL, of a descriptor. */
int secret_read(struct session *s, const char *path, int descriptor, const char *what, size_t most, struct file *file);
/* The first block of PEM, else the octets as they are. Freed by file_free. */
int file_decode_pem(struct session *s, const char *path, const struct file *file, struct file *der);
/* Asked for on the terminal without echo; instead: the options to give where there is none. */
int prompt_secret(struct session *s, const char *prompt, const char *instead, struct file *file);
extern const pca_sink stdout_sink;
/* To --out, else to standard output, for --json as the member `name` of an object. mode: of a new file. */
int output_blob(struct session *s, const pca_blob *blob, int format, const char *name, int mode);
extern const struct poptOption blob_options[]; /* --out, --format */

/* ---- progress.c ---- */
/* A bar, on a terminal only, one line that is written over; total 0: not known. CANCELLED after SIGINT or SIGTERM. */
int progress(void *context, uint64_t done, uint64_t total, pca_error *err);
/* Long work that cannot say how far it is: the seconds, on a terminal, from the second on. */
void busy_begin(const char *what);
void busy_end(void);
/* From here on the first SIGINT or SIGTERM is only noted, for work that stops in good order; the second one ends the program. */
void interrupts_note(void);
int interrupted(void);

/* ---- driver.c: key containers, PINs ---- */
int drivers_load(struct session *s);
/* After the region is closed. */
void drivers_unload(void);
int drivers_login(struct session *s);
/* --container into the request, with its PIN. */
int set_container(struct session *s, pca_request *r);
/* The PIN of --pin-file, --pin-fd or the prompt, asked for once. */
int pin_of(struct session *s, const char *slot, const char **pin);
extern const struct poptOption pin_options[], container_options[];

/* ---- error.c ---- */
/* next_row: where a bulk goes on, for --json; 0: it is none. */
void error_print(const pca_error *error, int code, const char *hint, uint64_t next_row);
int exit_status(int code);

/* ---- output.c ---- */
enum { RIGHT = 1, DATE = 2, COLOUR = 4, TREE = 8, CUT = 16, WIDE = 32 };
struct column {
    const char *key, *heading;
    int flags;
};
/* A table of the objects in an array; with TREE in a column, each below the one whose "id" is its "parent"; on a narrow
 * terminal CUT is cut off and WIDE left out. Columns end with a key of NULL. --json prints the value as it is. */
void output_rows(json_object *rows, const struct column *columns);
void output_object(json_object *object);
/* What is no UTF-8, as names of files may be, becomes U+FFFD: JSON has nothing else. */
json_object *text_new(const char *text);
void put_text(json_object *object, const char *key, const char *text); /* "" is left out */
void put_number(json_object *object, const char *key, int64_t value);
void put_time(json_object *object, const char *key, int64_t seconds); /* 0 is left out */

/* ---- names.c: the numbers of the header as words ---- */
struct word {
    int value;
    const char *text;
};
extern const struct word kinds[], families[], keys[], states[], types[], statuses[], containers[], reasons[], formats[], encodings[],
    sans[], constraint_kinds[];
const char *word_of(const struct word *words, int value);
/* INVALID names the words there are. text NULL leaves *value. */
int word_value(struct session *s, const struct word *words, const char *what, const char *text, int *value);
/* The words that an option takes; NULL: any text. */
const struct word *words_of_option(const char *option);

/* ---- find.c: which CA, which certificate ---- */
/* An id or an alias; NULL: the only one there is. Fills s->root or s->sub, and s->ca. */
int find_root(struct session *s, const char *name);
int find_sub(struct session *s, const char *name);
int find_ca(struct session *s, const char *name);
/* An id, serial:HEX, custom:ID or file:PATH. Fills s->cert. */
int find_cert(struct session *s, const char *name);
/* Reads s->root, s->sub, s->cert anew after a change. */
int reload(struct session *s);
/* Every CA of the region that the query (NULL: all) finds, in order of purchase. */
int each_ca(struct session *s, pca_query *query, int (*visit)(struct session *s, const pca_ca *ca));
/* What the options of lists say of CAs, of certificates. */
int query_of_cas(struct session *s, pca_query *query);
int query_of_certs(struct session *s, pca_query *query);
/* --limit, or what is usual. */
uint64_t limit_or(uint64_t usual);
extern const struct poptOption ca_query_options[], cert_query_options[];

/* ---- What the tables of commands name ---- */
json_object *ca_object(struct session *s, const pca_ca *ca, int long_form);
/* A visit of each_ca: a row of s->out. */
int add_ca_row(struct session *s, const pca_ca *ca);
/* What is there after a verb that went well. */
int ca_shown(struct session *s, int rc);
json_object *cert_object(const pca_cert *cert, int long_form);
/* What the options of both a CA's and a certificate's request say. */
void set_subject(pca_request *r);
int set_validity(struct session *s, pca_request *r);
/* Subject and names are the CSR's own, where none are given. */
int set_csr(struct session *s, pca_request *r, const char *path, int subject_given, int names_given);
/* What a CA's request says. */
int ca_request(struct session *s);
/* What every certificate of a bulk may share: all but alternative names, keys of others and what is unique. type: PCA_CERT_. */
int set_shared(struct session *s, pca_request *r, int type);
int bulk(struct session *s);
/* What is wrong with the options of an export, told before a certificate is issued for it. */
int export_ready(struct session *s, int *format);
int write_export(struct session *s, const pca_cert *cert, const char *directory, json_object *out);
/* KEY=VALUE sets a tag, KEY alone takes it away. */
int each_tag(struct session *s, int (*set)(struct session *s, const char *key, const char *value));
int revocation(struct session *s, int *reason, int64_t *invalidity);
/* The option of a repeatable NAME=VALUE in its parts; value NULL: there is no '='. Freed by free(*name). */
int split(struct session *s, const char *text, char **name, char **value);
#define TOKEN_OPTION {"token", 0, POPT_ARG_STRING, &opt.token, 0, "Makes the command safe to repeat", "TOKEN"}
#define LIMIT_OPTION {"limit", 0, POPT_ARG_LONGLONG, &opt.limit, 0, "At most so many; 0: all", "N"}
#define CRL_ADDRESS_OPTIONS                                                                                                            \
    {"with-crl", 0, POPT_ARG_VAL, &opt.with_crl, 1, "The issuer's CRL address must be in it", NULL},                                   \
        {"without-crl", 0, POPT_ARG_VAL, &opt.with_crl, 0, "The issuer's CRL address must not be in it", NULL}
#define REASON_OPTIONS                                                                                                                 \
    {"reason", 0, POPT_ARG_STRING, &opt.reason, 0, "unspecified (default), key-compromise, superseded...", "REASON"},                  \
        {"invalidity", 0, POPT_ARG_STRING, &opt.invalidity, 0, "Since when the key is suspected", "DATE"}
extern const struct poptOption export_options[], validity_options[], subject_options[], ca_options[];

extern const struct command region_commands[], ca_commands[], join_commands[], quota_commands[], request_commands[], cert_commands[],
    crl_commands[];

#endif
