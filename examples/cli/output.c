#include "cli.h"

#include <libsmartcols/libsmartcols.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* How many octets the character has; 0: it is no UTF-8 (RFC 3629 4). */
static size_t character_size(const unsigned char *c)
{
    size_t size = *c < 0x80 ? 1 : *c < 0xC2 ? 0 : *c < 0xE0 ? 2 : *c < 0xF0 ? 3 : *c < 0xF5 ? 4 : 0;
    int least = *c == 0xE0 ? 0xA0 : *c == 0xF0 ? 0x90 : 0x80, most = *c == 0xED ? 0x9F : *c == 0xF4 ? 0x8F : 0xBF;
    for (size_t i = 1; i < size; i++, least = 0x80, most = 0xBF)
        if (c[i] < least || c[i] > most)
            return 0;
    return size;
}

json_object *text_new(const char *text)
{
    static const char replacement[] = "\xEF\xBF\xBD"; /* U+FFFD */
    char *valid = malloc(3 * strlen(text) + 1), *end = valid;
    for (size_t size; valid && *text; text += size ? size : 1) {
        size = character_size((const unsigned char *)text);
        end = mempcpy(end, size ? text : replacement, size ? size : 3);
    }
    json_object *value = valid ? json_object_new_string_len(valid, (int)(end - valid)) : NULL;
    free(valid);
    return value;
}

void put_text(json_object *object, const char *key, const char *text)
{
    if (text && *text)
        json_object_object_add(object, key, text_new(text));
}

void put_number(json_object *object, const char *key, int64_t value)
{
    json_object_object_add(object, key, json_object_new_int64(value));
}

void put_time(json_object *object, const char *key, int64_t seconds)
{
    char text[32];
    time_t time = (time_t)seconds;
    struct tm tm;
    if (seconds && gmtime_r(&time, &tm) && strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &tm))
        json_object_object_add(object, key, json_object_new_string(text));
}

static const char *colour_of(const char *text)
{
    static const struct {
        const char *begins, *colour;
    } colours[] = {{"enabled, ", "yellow"}, {"enabled", "green"},  {"issued", "green"},  {"disabled", "yellow"}, {"pending", "yellow"},
                   {"purchased", "cyan"},   {"revoked", "red"},    {"rejected", "red"},  {"cancelled", "brown"}};
    for (size_t i = 0; i < sizeof colours / sizeof colours[0]; i++)
        if (strncmp(text, colours[i].begins, strlen(colours[i].begins)) == 0)
            return colours[i].colour;
    return NULL;
}

static struct libscols_table *table_new(void)
{
    struct libscols_table *table = scols_new_table();
    const char *no_color = getenv("NO_COLOR");
    if (table)
        scols_table_enable_minout(table, 1);
    if (table)
        scols_table_enable_colors(table, isatty(STDOUT_FILENO) && !(no_color && *no_color));
    return table;
}

static void set_cell(struct libscols_line *line, size_t index, const json_object *value, int flags)
{
    char day[11];
    if (!value)
        return;
    const char *text = json_object_get_string((json_object *)value);
    if (flags & DATE) {
        snprintf(day, sizeof day, "%s", text);
        text = day;
    }
    scols_line_set_data(line, index, text);
    if (flags & COLOUR)
        scols_cell_set_color(scols_line_get_cell(line, index), colour_of(text));
}

static const json_object *member(const json_object *object, const char *key)
{
    json_object *value = NULL;
    json_object_object_get_ex(object, key, &value);
    return value;
}

static int64_t member_number(const json_object *object, const char *key)
{
    return json_object_get_int64(member(object, key));
}

/* The line of the row that is this one's parent: the rows come in order of purchase, parents first. */
static struct libscols_line *line_above(struct libscols_table *table, const json_object *rows, size_t below)
{
    const json_object *parent = member(json_object_array_get_idx(rows, below), "parent");
    for (size_t i = 0; parent && i < below; i++)
        if (member_number(json_object_array_get_idx(rows, i), "id") == json_object_get_int64(parent))
            return scols_table_get_line(table, i);
    return NULL;
}

/* A terminal too narrow for all of a table. */
static int is_narrow(const struct libscols_table *table)
{
    enum { WHOLE_TABLE = 100 };
    return isatty(STDOUT_FILENO) && scols_table_get_termwidth(table) < WHOLE_TABLE;
}

static int scols_flags(int flags)
{
    return (flags & RIGHT ? SCOLS_FL_RIGHT : 0) | (flags & TREE ? SCOLS_FL_TREE : 0) | (flags & CUT ? SCOLS_FL_TRUNC : 0);
}

static void print_rows(const json_object *rows, const struct column *columns)
{
    struct libscols_table *table = table_new();
    int tree = 0, narrow = table && is_narrow(table);
    size_t count = 0;
    for (; table && columns[count].key; count++) {
        int left_out = narrow && columns[count].flags & WIDE ? SCOLS_FL_HIDDEN : 0;
        tree |= columns[count].flags & TREE;
        scols_table_new_column(table, columns[count].heading, 0, scols_flags(columns[count].flags) | left_out);
    }
    for (size_t r = 0; table && r < json_object_array_length(rows); r++) {
        struct libscols_line *line = scols_table_new_line(table, tree ? line_above(table, rows, r) : NULL);
        for (size_t c = 0; line && c < count; c++)
            set_cell(line, c, member(json_object_array_get_idx(rows, r), columns[c].key), columns[c].flags);
    }
    if (table)
        scols_print_table(table);
    scols_unref_table(table);
}

static void add_field(struct libscols_table *table, const char *label, const json_object *value)
{
    struct libscols_line *line = scols_table_new_line(table, NULL);
    if (!line)
        return;
    scols_line_set_data(line, 0, label);
    set_cell(line, 1, value, COLOUR);
}

static void add_values(struct libscols_table *table, const char *label, json_object *value)
{
    size_t count = json_object_is_type(value, json_type_array) ? json_object_array_length(value) : 0;
    for (size_t i = 0; i < count; i++)
        add_field(table, i ? "" : label, json_object_array_get_idx(value, i));
    if (json_object_is_type(value, json_type_object)) {
        json_object_object_foreach(value, key, text) {
            char line[2048];
            snprintf(line, sizeof line, "%s=%s", key, json_object_get_string(text));
            json_object *pair = json_object_new_string(line);
            add_field(table, label, pair);
            json_object_put(pair);
            label = "";
        }
    } else if (!json_object_is_type(value, json_type_array)) {
        add_field(table, label, value);
    }
}

static void print_object(const json_object *object)
{
    struct libscols_table *table = table_new();
    if (!table)
        return;
    scols_table_enable_noheadings(table, 1);
    scols_table_new_column(table, "", 0, 0);
    scols_table_new_column(table, "", 0, 0);
    scols_table_set_column_separator(table, "  ");
    json_object_object_foreach((json_object *)object, key, value) {
        char label[64];
        snprintf(label, sizeof label, "%s", key);
        for (char *c = label; *c; c++)
            if (*c == '_')
                *c = ' ';
        add_values(table, label, value);
    }
    scols_print_table(table);
    scols_unref_table(table);
}

static int output_json(const json_object *value)
{
    if (opt.json)
        puts(json_object_to_json_string_ext((json_object *)value, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_NOSLASHESCAPE));
    return opt.json;
}

void output_rows(json_object *rows, const struct column *columns)
{
    if (!output_json(rows))
        print_rows(rows, columns);
}

void output_object(json_object *object)
{
    if (!output_json(object))
        print_object(object);
}
