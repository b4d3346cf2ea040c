/*
 * Every date form that news sources send: RFC 822/2822 (two-digit years, named zones), RFC 3339 and
 * ISO 8601 subsets, asctime, "2 January 2026", "Jan. 5, 2026 14:05 GMT", "05.01.2026 14:05", month names
 * in other languages, a weekday in front or not, a zone behind or not. What makes no sense is refused, never guessed.
 */
#ifndef DATELINE_DATE_H
#define DATELINE_DATE_H

#include "str.h"

/* What "05/01/2026" means where it stands. */
enum date_order { DATE_ORDER_UNKNOWN, DATE_DAY_FIRST, DATE_MONTH_FIRST };

struct date {
    int64_t us;     /* UTC. A missing zone is UTC, a missing time is 00:00 */
    int offset_min; /* east of Greenwich, as the text has it, 0 when it has none */
    bool has_time;
};

/* 24:00 is the next day's 00:00. Years 1970 to 2199; those of Thailand, Iran, Japan's eras and Taiwan are
 * converted where the text shows that they are meant. 0; -EINVAL; -EDOM when day and month could be
 * either way round and `order` does not say. */
int date_read(struct str text, enum date_order order, struct date *out);
/* The same without the zone; what is ambiguous is refused. */
int date_parse(struct str text, int64_t *out_us);
/* The custom of a language ("en-GB"), where it has one. */
enum date_order date_order_of(struct str language);
/* The order of the slashed dates of a text in which a number above twelve shows it; unknown when
 * none does, or when they differ. */
enum date_order date_order_in(struct str text);
/* A month's name or abbreviation at the start of text (any language we know): 1..12, its length in
 * *len_out; 0 when there is none. */
int date_month(struct str text, size_t *len_out);

#endif
