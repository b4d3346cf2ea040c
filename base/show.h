/*
 * Text from outside for human eyes: what could move a cursor, change colours, ring, break the line or
 * turn the direction of writing is written as an escape (\x1b, \u202e); ill-formed UTF-8 becomes
 * U+FFFD. Widths are columns of a terminal after Unicode East Asian Width (UAX #11, by utf8proc).
 */
#ifndef DATELINE_SHOW_H
#define DATELINE_SHOW_H

#include "str.h"

/* Appends all of it. */
void show_put(struct buf *out, struct str text);
/* Appends at most `columns` columns of it, the last one "…" when something was left out. */
void show_fit(struct buf *out, struct str text, size_t columns);
/* Columns that show_put() would take. */
size_t show_columns(struct str text);

#endif
