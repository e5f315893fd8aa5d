/* The pca command line: what its files share. A command fills a JSON value and prints it, as a table or as it is. */
#ifndef PCA_CLI_H
#define PCA_CLI_H

#include <pca/driver.h>

#include <json-c/json.h>
#include <popt.h>

#include <stddef.h>
#include <stdint.h>

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

/* Every option of every command; which command knows which, its table of options says. */
extern struct options {
    char *region, *key_file, *passphrase_file, *actor;
    int passphrase_fd, plain_keys, json, yes, version, list;
    char *kind, *family, *key, *token, *alias, *ca, *root, *sub, *parent;
    char *personal_name, *account, *common_name, *organization, *unit, *country, *state, *locality;
    char *crl_url, *ocsp_url, *issuer_url;
    long long months, years, days, crl_days, path_length, expected, limit, generation;
    char **dns, **ip, **email, **uri;
    char *type, *csr, *bulk, *custom_id, *out, *format, *password_file, *reason, *name, *status;
    int longest, plain_key, new_password, with_root, legacy, dry_run;
} opt;

extern const struct poptOption region_options[], no_options[];

/* ---- session.c: the region, its key, questions, files ---- */
int session_open(struct session *s);
void session_end(struct session *s);
/* Sets the session's error and returns the code. */
int refuse(struct session *s, int code, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* Asks before what cannot be undone, unless --yes. */
int confirm(struct session *s, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* All of a file of at most `most` octets, wiped and freed by file_free. */
struct file {
    char *data;
    size_t size;
};
int file_read(struct session *s, const char *path, size_t most, struct file *file);
void file_free(struct file *file);
int number(struct session *s, const char *text, const char *what, uint64_t *value);
/* progress: on a terminal only, one line that is written over. */
int progress(void *context, uint64_t done, uint64_t total, pca_error *err);

/* ---- error.c ---- */
void error_print(const struct session *s, int code);
int exit_status(int code);

/* ---- output.c ---- */
enum { RIGHT = 1, DATE = 2, COLOUR = 4, TREE = 8 };
struct column {
    const char *key, *heading;
    int flags;
};
/* A table of the objects in an array; with TREE in a column, each below the one whose "id" is its "parent". */
void print_rows(const json_object *rows, const struct column *columns, size_t count);
void print_object(const json_object *object);
/* Columns end with a key of NULL. --json prints the value as it is. */
void output_rows(json_object *rows, const struct column *columns);
void output_object(json_object *object);
void put_text(json_object *object, const char *key, const char *text); /* "" is left out */
void put_number(json_object *object, const char *key, int64_t value);
void put_time(json_object *object, const char *key, int64_t seconds); /* 0 is left out */

/* ---- names.c: the numbers of the header as words ---- */
struct word {
    int value;
    const char *text;
};
extern const struct word kinds[], families[], keys[], states[], types[], statuses[], containers[], reasons[], formats[], sans[];
const char *word_of(const struct word *words, int value);
/* INVALID names the words there are. text NULL leaves *value. */
int word_value(struct session *s, const struct word *words, const char *what, const char *text, int *value);

/* ---- find.c: which CA, which certificate ---- */
/* An id or an alias; NULL: the only one there is. Fills s->root or s->sub, and s->ca. */
int find_root(struct session *s, const char *name);
int find_sub(struct session *s, const char *name);
int find_ca(struct session *s, const char *name);
/* An id, serial:HEX or custom:ID. Fills s->cert. */
int find_cert(struct session *s, const char *name);
/* Reads s->root, s->sub, s->cert anew after a change. */
int reload(struct session *s);
/* Every CA of the region (those below root_id, if it is not 0), in order of purchase. */
int each_ca(struct session *s, int (*visit)(struct session *s, const pca_ca *ca));

/* ---- What the tables of commands name ---- */
json_object *ca_object(struct session *s, const pca_ca *ca, int long_form);
json_object *cert_object(const pca_cert *cert, int long_form);
/* What the options of both a CA's and a certificate's request say. */
void set_subject(pca_request *r);
void set_validity(pca_request *r);
int write_export(struct session *s, const pca_cert *cert, const char *directory, json_object *out);
extern const struct poptOption export_options[], validity_options[], subject_options[];

extern const struct command region_commands[], ca_commands[], quota_commands[], request_commands[], cert_commands[],
    crl_commands[];

#endif
