#include "cli.h"

#include <stdio.h>

static int info(struct session *s)
{
    uint64_t number = 0, entries = 0;
    int64_t this_update = 0, next_update = 0;
    int rc = pca_ca_crl_info(s->ca, &number, &this_update, &next_update, &entries, s->err);
    if (rc != PCA_OK)
        return rc;
    s->out = json_object_new_object();
    put_number(s->out, "ca", (int64_t)pca_ca_id(s->ca));
    put_text(s->out, "issuer", pca_ca_subject(s->ca));
    put_number(s->out, "number", (int64_t)number);
    put_time(s->out, "this_update", this_update);
    put_time(s->out, "next_update", next_update);
    put_number(s->out, "entries", (int64_t)entries);
    put_text(s->out, "crl_url", pca_ca_crl_url(s->ca));
    if (opt.out)
        put_text(s->out, "file", opt.out);
    output_object(s->out);
    return PCA_OK;
}

static int write_file(struct session *s, int format)
{
    uint64_t generation = opt.generation < 0 ? 0 : (uint64_t)opt.generation;
    return pca_ca_crl_write_at(s->ca, generation, format, opt.out, s->err);
}

static int make(struct session *s)
{
    int format = PCA_FORMAT_PEM;
    int rc = word_value(s, formats, "--format", opt.format, &format);
    if (rc == PCA_OK)
        rc = find_ca(s, s->args[0]);
    if (rc == PCA_OK)
        rc = pca_ca_crl_make(s->ca, s->err);
    if (rc == PCA_OK && opt.out)
        rc = write_file(s, format);
    return rc ? rc : info(s);
}

static int to_stdout(void *context, const uint8_t *data, size_t size, pca_error *err)
{
    (void)err;
    return fwrite(data, 1, size, context) == size ? PCA_OK : PCA_E_STORAGE;
}

static int write_crl(struct session *s)
{
    const pca_sink sink = {PCA_SINK_VERSION, stdout, to_stdout};
    int format = PCA_FORMAT_PEM;
    int rc = word_value(s, formats, "--format", opt.format, &format);
    if (rc == PCA_OK)
        rc = find_ca(s, s->args[0]);
    if (rc == PCA_OK && !opt.out)
        return pca_ca_crl_stream_at(s->ca, opt.generation < 0 ? 0 : (uint64_t)opt.generation, format, &sink, s->err);
    if (rc == PCA_OK)
        rc = write_file(s, format);
    return rc ? rc : info(s);
}

static int show(struct session *s)
{
    int rc = find_ca(s, s->args[0]);
    return rc ? rc : info(s);
}

static const struct poptOption write_options[] = {
    {"out", 'o', POPT_ARG_STRING, &opt.out, 0, "The file, replaced at once", "FILE"},
    {"format", 0, POPT_ARG_STRING, &opt.format, 0, "pem (default) or der", "FORMAT"},
    {"generation", 0, POPT_ARG_LONGLONG, &opt.generation, 0, "That of an older key", "N"},
    POPT_TABLEEND};

const struct command crl_commands[] = {
    {"crl", "make", "CA", "Make the CA's next CRL, and write it with --out", 1, 1, WRITES, write_options, make},
    {"crl", "write", "CA", "Write the newest CRL, without --out to standard output", 1, 1, READS, write_options, write_crl},
    {"crl", "show", "CA", "About the newest CRL", 1, 1, READS, no_options, show},
    {0},
};
