#include "rows.h"

#include <csv.h>

#include <string.h>

struct reader {
    char fields[ROWS_COLUMNS][ROWS_TEXT + 1];
    const char *const *names;
    int (*on_row)(void *context, long long number, char (*fields)[ROWS_TEXT + 1]);
    void *context;
    long long number;
    size_t column;
    int too_long, rc;
};

static void end_of_field(void *data, size_t size, void *context)
{
    struct reader *r = context;
    r->too_long |= size > ROWS_TEXT;
    if (r->column < ROWS_COLUMNS && size <= ROWS_TEXT) {
        memcpy(r->fields[r->column], data, size);
        r->fields[r->column][size] = '\0';
    }
    r->column++;
}

static void end_of_row(int end, void *context)
{
    struct reader *r = context;
    int whole = r->column == ROWS_COLUMNS && !r->too_long;
    (void)end;
    r->column = 0;
    r->too_long = 0;
    if (r->rc != 0)
        return;
    if (++r->number > 1) {
        r->rc = r->on_row(r->context, r->number, whole ? r->fields : NULL);
        return;
    }
    for (size_t i = 0; whole && i < ROWS_COLUMNS; i++)
        whole = strcmp(r->fields[i], r->names[i]) == 0;
    r->rc = whole ? 0 : -1;
}

int rows_read(FILE *file, const char *const names[ROWS_COLUMNS],
              int (*on_row)(void *context, long long number, char (*fields)[ROWS_TEXT + 1]), void *context)
{
    struct reader r = {.names = names, .on_row = on_row, .context = context};
    struct csv_parser parser;
    char buffer[4096];
    size_t got;
    if (csv_init(&parser, CSV_STRICT) != 0)
        return -1;
    while (r.rc == 0 && (got = fread(buffer, 1, sizeof buffer, file)) > 0)
        if (csv_parse(&parser, buffer, got, end_of_field, end_of_row, &r) != got)
            r.rc = -1;
    if (r.rc == 0)
        csv_fini(&parser, end_of_field, end_of_row, &r);
    csv_free(&parser);
    return ferror(file) || !r.number ? -1 : r.rc;
}
