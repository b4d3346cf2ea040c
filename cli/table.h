/*
 * Tables. On a terminal the columns are aligned and cut to its width, with colours where they are
 * wanted; anywhere else fields are separated by tabs and nothing is cut, so that cut(1) and awk(1) can
 * read them. Cells are text from outside: control characters come out as escapes (base/show.h).
 */
#ifndef DATELINE_TABLE_H
#define DATELINE_TABLE_H

#include "human.h"
#include "str.h"

struct table;

struct table_column {
    const char *title;
    bool right;   /* numbers */
    bool shrinks; /* gives way when the terminal is too narrow */
};

/* `columns` is lent for as long as the table lives. */
struct table *table_new(const struct table_column *columns, size_t count);
void table_free(struct table *table);
/* The next cell of the row; rows fill themselves from left to right. Copies. */
void table_put(struct table *table, enum human_tone tone, struct str text);
/* Appends the rows that were put since the last time, and forgets them; the titles the first time. Columns
 * never get narrower from one part to the next. `width` of the terminal in columns, 0: tabs. */
void table_render(struct table *table, size_t width, bool colours, struct buf *out);
/* The same to `to`, as it can show it. */
void table_print(struct table *table, FILE *to);

#endif
