/* Certificates by the rows of a CSV (RFC 4180) whose first row names the columns. */
#include "cli.h"

#include <csv.h>

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define COLUMNS_MAX 32
#define SLICE_MOST 256  /* pca_sub_request_many */
#define SLICE_FIRST 16
#define SLICE_SECONDS 1 /* about so long a slice may take: so long an interrupt waits */
#define TOKEN_SIZE 65

struct bulk {
    struct session *s;
    char *names[COLUMNS_MAX];
    size_t columns, column;              /* named; of the present field */
    uint64_t row, first, next;           /* the present one, 1 is the first below the names; the first wanted; where to go on */
    uint64_t issued, refused;
    uint64_t slice, slice_size;
    pca_request *requests[SLICE_MOST];
    uint64_t rows[SLICE_MOST];
    char keys[SLICE_MOST][80];           /* the row's directory below --out */
    int started, has_validity, has_token, has_name, has_san;
    char *csr;                           /* the file that the present row names */
    int bad;                             /* why the present row is refused before it is asked for */
    int rc;
};

/* ---- A row ---- */

/* A field's names, separated by blanks. */
static void add_words(pca_request *r, char *text, int (*add)(pca_request *, const char *))
{
    char *rest = NULL;
    for (char *word = strtok_r(text, " ", &rest); word; word = strtok_r(NULL, " ", &rest))
        add(r, word);
}

enum form { TEXT, WORDS, NUMBER, WORD, CSR };

static const struct column_type {
    const char *name;
    enum form form;
    int (*set_text)(pca_request *, const char *);
    int (*set_number)(pca_request *, int64_t);
    int (*set_word)(pca_request *, int);
    const struct word *words;
} column_types[] = {{"type", WORD, NULL, NULL, pca_request_set_type, types},
                    {"key", WORD, NULL, NULL, pca_request_set_key_algorithm, keys},
                    {"common_name", TEXT, pca_request_set_common_name, NULL, NULL, NULL},
                    {"organization", TEXT, pca_request_set_organization, NULL, NULL, NULL},
                    {"unit", TEXT, pca_request_set_unit, NULL, NULL, NULL},
                    {"country", TEXT, pca_request_set_country, NULL, NULL, NULL},
                    {"state", TEXT, pca_request_set_state, NULL, NULL, NULL},
                    {"locality", TEXT, pca_request_set_locality, NULL, NULL, NULL},
                    {"personal_name", TEXT, pca_request_set_personal_name, NULL, NULL, NULL},
                    {"account", TEXT, pca_request_set_system_account, NULL, NULL, NULL},
                    {"dns", WORDS, pca_request_add_dns, NULL, NULL, NULL},
                    {"ip", WORDS, pca_request_add_ip, NULL, NULL, NULL},
                    {"email", WORDS, pca_request_add_email, NULL, NULL, NULL},
                    {"uri", WORDS, pca_request_add_uri, NULL, NULL, NULL},
                    {"alias", TEXT, pca_request_set_alias, NULL, NULL, NULL},
                    {"custom_id", TEXT, pca_request_set_custom_id, NULL, NULL, NULL},
                    {"token", TEXT, pca_request_set_token, NULL, NULL, NULL},
                    {"days", NUMBER, NULL, pca_request_set_days, NULL, NULL},
                    {"months", NUMBER, NULL, pca_request_set_months, NULL, NULL},
                    {"years", NUMBER, NULL, pca_request_set_years, NULL, NULL},
                    {"csr", CSR, NULL, NULL, NULL, NULL}};

_Static_assert(sizeof column_types / sizeof column_types[0] <= COLUMNS_MAX, "each column may be named once");

static const struct column_type *column_type(const char *name)
{
    for (size_t i = 0; i < sizeof column_types / sizeof column_types[0]; i++)
        if (strcmp(column_types[i].name, name) == 0)
            return &column_types[i];
    return NULL;
}

/* What a setter refuses stays in the request; what is no number, word or file, in the session's error. */
static int set_field(struct bulk *b, pca_request *r, const struct column_type *column, char *text)
{
    uint64_t value = 0;
    int word = 0, rc = PCA_OK;
    if (strcmp(column->name, "custom_id") == 0 && !strchr(text, '/') && *text != '.')
        snprintf(b->keys[b->slice], sizeof b->keys[0], "%s", text);
    b->has_token |= strcmp(column->name, "token") == 0;
    b->has_validity |= column->form == NUMBER;
    b->has_name |= column->set_text == pca_request_set_common_name;
    b->has_san |= column->form == WORDS;
    switch (column->form) {
    case TEXT:
        column->set_text(r, text);
        break;
    case WORDS:
        add_words(r, text, column->set_text);
        break;
    case NUMBER:
        rc = number(b->s, text, column->name, &value);
        if (rc == PCA_OK)
            column->set_number(r, value > INT64_MAX ? INT64_MAX : (int64_t)value);
        break;
    case WORD:
        rc = word_value(b->s, column->words, column->name, text, &word);
        if (rc == PCA_OK)
            column->set_word(r, word);
        break;
    case CSR:
        b->csr = strdup(text); /* its own names count where the rest of the row gives none */
        rc = b->csr ? PCA_OK : PCA_E_NO_MEMORY;
        break;
    }
    return rc;
}

static void start_row(struct bulk *b)
{
    pca_request *r = pca_request_new();
    b->requests[b->slice] = r;
    b->rows[b->slice] = b->row;
    b->started = 1;
    b->bad = PCA_OK;
    b->has_validity = b->has_token = b->has_name = b->has_san = 0;
    snprintf(b->keys[b->slice], sizeof b->keys[0], "%" PRIu64, b->row);
    b->rc = r ? set_shared(b->s, r, PCA_CERT_CLIENT) : PCA_E_NO_MEMORY;
}

/* What the command line says of every row, where the row says nothing. A token of the command line gets the row's number. */
static int complete_row(struct bulk *b, pca_request *r)
{
    char token[TOKEN_SIZE];
    if (opt.token && !b->has_token) {
        if ((size_t)snprintf(token, sizeof token, "%s-%" PRIu64, opt.token, b->row) >= sizeof token)
            return refuse(b->s, PCA_E_INVALID, "--token is too long: with the row's number behind it has at most %d characters", TOKEN_SIZE - 1);
        pca_request_set_token(r, token);
    }
    int rc = b->csr ? set_csr(b->s, r, b->csr, b->has_name, b->has_san) : PCA_OK;
    return rc || b->has_validity ? rc : set_validity(b->s, r);
}

/* ---- Results ---- */

static void put_refusal(struct bulk *b, json_object *row, uint64_t number, int code, const pca_error *error)
{
    b->refused++;
    put_number(row, "row", (int64_t)number);
    put_text(row, "code", pca_code_name(code));
    put_text(row, "field", pca_error_field(error));
    put_text(row, "message", pca_error_message(error));
    json_object_array_add(b->s->out, row);
}

static int row_result(struct bulk *b, const pca_results *results, uint64_t i)
{
    const pca_cert *cert = pca_results_cert_at(results, i);
    char path[4096];
    int rc = PCA_OK;
    if (!cert) {
        put_refusal(b, json_object_new_object(), b->rows[i], pca_results_code_at(results, i), pca_results_error_at(results, i));
        return PCA_OK;
    }
    json_object *row = cert_object(cert, 0);
    b->issued++;
    put_number(row, "row", (int64_t)b->rows[i]);
    put_text(row, "code", pca_code_name(PCA_OK));
    snprintf(path, sizeof path, "%s/%s", opt.out ? opt.out : "", b->keys[i]);
    if (opt.out && b->rc == PCA_OK && pca_cert_status(cert) == PCA_STATUS_ISSUED)
        rc = write_export(b->s, cert, path, row);
    if (opt.json)
        json_object_array_add(b->s->out, row);
    else
        json_object_put(row);
    return rc;
}

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Each row checked, none issued. */
static void check_slice(struct bulk *b)
{
    for (uint64_t i = 0; i < b->slice; i++) {
        pca_findings *findings = NULL;
        int rc = pca_sub_check_request(b->s->sub, b->requests[i], &findings, b->s->err);
        pca_findings_free(findings);
        json_object *row = json_object_new_object();
        if (rc != PCA_OK) {
            put_refusal(b, row, b->rows[i], rc, b->s->err);
            continue;
        }
        b->issued++;
        put_number(row, "row", (int64_t)b->rows[i]);
        put_text(row, "code", pca_code_name(PCA_OK));
        if (opt.json)
            json_object_array_add(b->s->out, row);
        else
            json_object_put(row);
    }
}

/* All rows of a slice that was issued have their result, even where the files of one cannot be written. */
static void issue_slice(struct bulk *b)
{
    pca_results *results = NULL;
    double began = seconds();
    int rc = pca_sub_request_many(b->s->sub, (const pca_request *const *)b->requests, b->slice, &results, b->s->err);
    if (rc != PCA_OK) {
        b->rc = rc;
        return;
    }
    b->next = b->row;
    for (uint64_t i = 0; i < pca_results_count(results); i++) {
        rc = row_result(b, results, i);
        b->rc = b->rc ? b->rc : rc;
    }
    pca_results_free(results);
    double took = seconds() - began;
    if (took < SLICE_SECONDS / 2.0 && b->slice_size < SLICE_MOST)
        b->slice_size *= 2;
    else if (took > SLICE_SECONDS && b->slice_size > 1)
        b->slice_size /= 2;
}

static void flush_slice(struct bulk *b)
{
    if (b->rc == PCA_OK && b->slice && opt.dry_run)
        check_slice(b);
    else if (b->rc == PCA_OK && b->slice)
        issue_slice(b);
    for (uint64_t i = 0; i < SLICE_MOST && b->requests[i]; i++) {
        pca_request_free(b->requests[i]);
        b->requests[i] = NULL;
    }
    b->slice = 0;
    if (b->rc == PCA_OK)
        b->next = b->row;
    if (b->rc == PCA_OK && interrupted())
        b->rc = refuse(b->s, PCA_E_CANCELLED, "interrupted");
}

/* ---- The CSV ---- */

static void name_column(struct bulk *b, const char *text)
{
    static const char bom[] = "\xef\xbb\xbf";
    if (b->columns == 0 && strncmp(text, bom, 3) == 0)
        text += 3;
    int known = column_type(text) != NULL, twice = 0;
    for (size_t i = 0; i < b->columns; i++)
        twice |= strcmp(b->names[i], text) == 0;
    if (!known || twice)
        b->rc = refuse(b->s, PCA_E_INVALID, "%s: %s column is called \"%s\"", opt.bulk, known ? "more than one" : "no", text);
    else
        b->names[b->columns++] = strdup(text);
}

static void on_field(void *data, size_t size, void *context)
{
    struct bulk *b = context;
    char *text = data;
    if (b->rc != PCA_OK)
        return;
    if (b->row == 0) {
        name_column(b, text);
        return;
    }
    if (b->row < b->first)
        return;
    if (!b->started)
        start_row(b);
    if (b->rc == PCA_OK && b->bad == PCA_OK && *text) {
        if (strlen(text) != size) /* CSV_APPEND_NULL */
            b->bad = refuse(b->s, PCA_E_INVALID, "a field holds a NUL");
        else if (b->column >= b->columns)
            b->bad = refuse(b->s, PCA_E_INVALID, "more fields than the first row has names");
        else
            b->bad = set_field(b, b->requests[b->slice], column_type(b->names[b->column]), text);
    }
    b->column++;
}

static void on_row(int end, void *context)
{
    struct bulk *b = context;
    (void)end;
    if (b->rc != PCA_OK)
        return;
    pca_request *r = b->started ? b->requests[b->slice] : NULL;
    if (r && b->bad == PCA_OK)
        b->bad = complete_row(b, r);
    if (r && b->bad != PCA_OK) {
        put_refusal(b, json_object_new_object(), b->row, b->bad, b->s->err);
        pca_request_free(r);
        b->requests[b->slice] = NULL;
    } else if (r) {
        b->slice++;
    }
    free(b->csr);
    b->csr = NULL;
    b->started = 0;
    b->column = 0;
    b->row++;
    if (b->slice >= b->slice_size)
        flush_slice(b);
}

/* The rows before a fault of the CSV itself are issued, and none from there on. */
static void read_rows(struct bulk *b, FILE *file, uint64_t total)
{
    struct csv_parser parser;
    char buffer[4096];
    uint64_t read = 0;
    size_t got;
    if (csv_init(&parser, CSV_APPEND_NULL | CSV_STRICT | CSV_STRICT_FINI) != 0) {
        b->rc = refuse(b->s, PCA_E_NO_MEMORY, "out of memory");
        return;
    }
    int bad = 0;
    while (b->rc == PCA_OK && !bad && (got = fread(buffer, 1, sizeof buffer, file)) > 0) {
        bad = csv_parse(&parser, buffer, got, on_field, on_row, b) != got;
        read += got;
        progress((void *)"issue", total ? read : b->issued, total, NULL);
    }
    if (b->rc == PCA_OK && !bad)
        bad = csv_fini(&parser, on_field, on_row, b) != 0;
    if (b->started) {
        pca_request_free(b->requests[b->slice]);
        b->requests[b->slice] = NULL;
    }
    flush_slice(b);
    if (b->rc == PCA_OK && bad)
        b->rc = refuse(b->s, PCA_E_INVALID, "%s: row %" PRIu64 " is no CSV: %s", opt.bulk, b->row, csv_strerror(csv_error(&parser)));
    if (b->rc == PCA_OK && b->columns == 0)
        b->rc = refuse(b->s, PCA_E_INVALID, "%s: there is no row that names the columns", opt.bulk);
    if (b->rc == PCA_OK && ferror(file))
        b->rc = refuse(b->s, PCA_E_STORAGE, "cannot read on in %s: %s", opt.bulk, strerror(errno));
    csv_free(&parser);
}

static int by_row(const void *one, const void *other)
{
    json_object *a = NULL, *b = NULL;
    json_object_object_get_ex(*(json_object *const *)one, "row", &a);
    json_object_object_get_ex(*(json_object *const *)other, "row", &b);
    return (json_object_get_int64(a) > json_object_get_int64(b)) - (json_object_get_int64(a) < json_object_get_int64(b));
}

static int report(struct bulk *b)
{
    static const struct column columns[] = {
        {"row", "ROW", RIGHT}, {"code", "CODE", 0}, {"field", "FIELD", 0}, {"message", "MESSAGE", 0}, {NULL, NULL, 0}};
    json_object_array_sort(b->s->out, by_row);
    if (opt.json || b->refused)
        output_rows(b->s->out, columns);
    if (!opt.json)
        printf("%" PRIu64 " %s, %" PRIu64 " refused\n", b->issued, opt.dry_run ? "would be issued" : "issued", b->refused);
    b->s->next_row = b->rc ? b->next : 0;
    if (b->s->next_row && !opt.json)
        fprintf(stderr, "pca: it stopped before row %" PRIu64 "; --from %" PRIu64 " goes on there\n", b->next, b->next);
    if (b->rc == PCA_OK && b->refused)
        b->rc = refuse(b->s, PCA_E_LINT, "%" PRIu64 " of the rows were refused", b->refused);
    return b->rc;
}

/* What can be true of one certificate only. */
static int is_of_one(void)
{
    return opt.csr || opt.public_key || opt.common_name || opt.personal_name || opt.account || opt.dns || opt.ip || opt.email || opt.uri ||
           opt.alias || opt.custom_id;
}

int bulk(struct session *s)
{
    if (is_of_one())
        return refuse(s, PCA_E_INVALID, "names, CSR, key, alias and id are of one certificate: with --bulk they stand in a row of %s", opt.bulk);
    int standard = strcmp(opt.bulk, "-") == 0;
    FILE *file = standard ? stdin : fopen(opt.bulk, "rb");
    struct bulk *b = calloc(1, sizeof *b);
    struct stat about = {0};
    if (!file || !b) {
        int rc = file ? refuse(s, PCA_E_NO_MEMORY, "out of memory") : refuse(s, errno_code(), "cannot read %s: %s", opt.bulk, strerror(errno));
        if (file && !standard)
            fclose(file);
        free(b);
        return rc;
    }
    b->s = s;
    b->slice_size = SLICE_FIRST;
    b->first = opt.first_row < 1 ? 1 : (uint64_t)opt.first_row;
    s->out = json_object_new_array();
    fstat(fileno(file), &about);
    if (opt.out)
        mkdir(opt.out, 0700); /* pca_files_write says what is wrong */
    interrupts_note();
    read_rows(b, file, S_ISREG(about.st_mode) ? (uint64_t)about.st_size : 0);
    if (!standard)
        fclose(file);
    int rc = report(b);
    for (size_t i = 0; i < b->columns; i++)
        free(b->names[i]);
    free(b->csr);
    free(b);
    return rc;
}
