/*
 * Every date form that news sources send: RFC 822/2822 (two-digit years, named zones), RFC 3339 and
 * ISO 8601 subsets, asctime, "2 January 2026", "Jan. 5, 2026 14:05 GMT", "05.01.2026 14:05", month names
 * in other languages, a weekday in front or not, a zone behind or not. What makes no sense is refused, never guessed.
 */
#ifndef DATELINE_DATE_H
#define DATELINE_DATE_H

#include "str.h"

/* µs UTC. A missing zone is UTC, a missing time is 00:00. 24:00 is the next day's 00:00. 0, or -EINVAL. Years 1970 to 2199. */
int date_parse(struct str text, int64_t *out_us);
/* A month's name or abbreviation at the start of text (any language we know): 1..12, its length in
 * *len_out; 0 when there is none. */
int date_month(struct str text, size_t *len_out);

#endif
