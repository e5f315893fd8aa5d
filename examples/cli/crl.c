#include "cli.h"

#include <string.h>
#include <unistd.h>

static uint64_t generation(void)
{
    return opt.generation < 0 ? 0 : (uint64_t)opt.generation;
}

static int info(struct session *s)
{
    uint64_t number = 0, entries = 0;
    int64_t this_update = 0, next_update = 0;
    int rc = pca_ca_crl_info_at(s->ca, generation(), &number, &this_update, &next_update, &entries, s->err);
    if (rc != PCA_OK)
        return rc;
    s->out = json_object_new_object();
    put_number(s->out, "ca", (int64_t)pca_ca_id(s->ca));
    put_text(s->out, "issuer", pca_ca_subject(s->ca));
    put_number(s->out, "number", (int64_t)number);
    put_time(s->out, "this_update", this_update);
    put_time(s->out, "next_update", next_update);
    put_number(s->out, "entries", (int64_t)entries);
    put_text(s->out, "crl_url", generation() ? pca_ca_crl_url_at(s->ca, generation()) : pca_ca_crl_url(s->ca));
    if (opt.out)
        put_text(s->out, "file", opt.out);
    output_object(s->out);
    return PCA_OK;
}

/* What can be wrong with where it goes is told before it is made. stream: to standard output. */
static int find_destination(struct session *s, int *format, int stream)
{
    *format = PCA_FORMAT_PEM;
    int rc = word_value(s, encodings, "--format", opt.format, format);
    if (rc == PCA_OK && stream && (opt.json || (*format == PCA_FORMAT_DER && isatty(STDOUT_FILENO))))
        rc = refuse(s, PCA_E_INVALID, "a CRL is not for JSON, nor in DER for a terminal: give --out FILE");
    return rc ? rc : find_ca(s, s->args[0]);
}

static int write_newest(struct session *s, int format, int stream)
{
    if (stream)
        return pca_ca_crl_stream_at(s->ca, generation(), format, &stdout_sink, s->err);
    busy_begin("CRL");
    int rc = opt.out ? pca_ca_crl_write_at(s->ca, generation(), format, opt.out, s->err) : PCA_OK;
    busy_end();
    return rc ? rc : info(s);
}

static int make(struct session *s)
{
    int format, stream = opt.out && strcmp(opt.out, "-") == 0;
    int rc = find_destination(s, &format, stream);
    busy_begin("CRL");
    if (rc == PCA_OK)
        rc = pca_ca_crl_make(s->ca, s->err);
    busy_end();
    return rc ? rc : write_newest(s, format, stream);
}

static int write_crl(struct session *s)
{
    int format, stream = !opt.out || strcmp(opt.out, "-") == 0;
    int rc = find_destination(s, &format, stream);
    return rc ? rc : write_newest(s, format, stream);
}

/* A CA that has made none has an empty row. */
static int add_crl(struct session *s, const pca_ca *ca)
{
    uint64_t number = 0, entries = 0;
    int64_t this_update = 0, next_update = 0;
    if (pca_ca_state(ca) == PCA_CA_PURCHASED)
        return PCA_OK;
    json_object *row = json_object_new_object();
    int rc = pca_ca_crl_info(ca, &number, &this_update, &next_update, &entries, s->err);
    json_object_array_add(s->out, row);
    put_number(row, "ca", (int64_t)pca_ca_id(ca));
    put_text(row, "issuer", pca_ca_subject(ca));
    if (rc == PCA_OK) {
        put_number(row, "number", (int64_t)number);
        put_time(row, "this_update", this_update);
        put_time(row, "next_update", next_update);
        put_number(row, "entries", (int64_t)entries);
    }
    return rc == PCA_E_NOT_FOUND || rc == PCA_E_STATE ? PCA_OK : rc;
}

static int list(struct session *s)
{
    static const struct column columns[] = {{"ca", "CA", RIGHT},           {"issuer", "ISSUER", CUT},     {"number", "NUMBER", RIGHT},
                                            {"this_update", "FROM", 0},    {"next_update", "UNTIL", 0},   {"entries", "ENTRIES", RIGHT},
                                            {NULL, NULL, 0}};
    s->out = json_object_new_array();
    int rc = each_ca(s, NULL, add_crl);
    if (rc == PCA_OK)
        output_rows(s->out, columns);
    return rc;
}

static int show(struct session *s)
{
    int rc = find_ca(s, s->args[0]);
    return rc ? rc : info(s);
}

static const struct poptOption make_options[] = {
    {"out", 'o', POPT_ARG_STRING, &opt.out, 0, "Write it into that file, replaced at once", "FILE"},
    {"format", 0, POPT_ARG_STRING, &opt.format, 0, "pem (default) or der", "FORMAT"},
    POPT_TABLEEND};
static const struct poptOption show_options[] = {
    {"generation", 0, POPT_ARG_LONGLONG, &opt.generation, 0, "That of an older key", "N"}, POPT_TABLEEND};
static const struct poptOption write_options[] = {
    {"out", 'o', POPT_ARG_STRING, &opt.out, 0, "The file, replaced at once", "FILE"},
    {"format", 0, POPT_ARG_STRING, &opt.format, 0, "pem (default) or der", "FORMAT"},
    {"generation", 0, POPT_ARG_LONGLONG, &opt.generation, 0, "That of an older key", "N"},
    POPT_TABLEEND};

const struct command crl_commands[] = {
    {"crl", "make", "CA", "Make the CA's next CRL, and write it with --out", 1, 1, WRITES, make_options, make},
    {"crl", "write", "CA", "Write the newest CRL, without --out to standard output", 1, 1, READS, write_options, write_crl},
    {"crl", "list", "", "About the newest CRL of every CA that is enabled", 0, 0, READS, no_options, list},
    {"crl", "show", "CA", "About the newest CRL", 1, 1, READS, show_options, show},
    {0},
};
