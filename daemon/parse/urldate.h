/* The day that many sites write into an article's address: /2026/03/05/, /2026/mar/5/, /2026-03-05-. */
#ifndef DATELINE_URLDATE_H
#define DATELINE_URLDATE_H

#include "str.h"

/* Appends the day in a form that date_parse() takes; nothing when the address has none. */
void urldate_read(struct str url, struct buf *out);

#endif
