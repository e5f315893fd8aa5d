/* The rows of a CSV (RFC 4180), read with libcsv. */
#ifndef EXAMPLES_ROWS_H
#define EXAMPLES_ROWS_H

#include <stdio.h>

#define ROWS_COLUMNS 2
#define ROWS_TEXT 64

/* Calls on_row for each row after the first, which must hold the names of the columns. fields is NULL where a row has more columns or
 * fewer, or a longer text; the first row is number 1. Ends when on_row answers other than 0, with that; -1: the file is no such CSV. */
int rows_read(FILE *file, const char *const names[ROWS_COLUMNS],
              int (*on_row)(void *context, long long number, char (*fields)[ROWS_TEXT + 1]), void *context);

#endif
