/*
 * Datelines: `MOSCOW, February 8. /TASS/. `, `BEIJING, Jan. 5 (Xinhua) -- `, `WASHINGTON (AP) — `.
 * The forms are listed in dateline.c. Only at the start of one of a text's first three paragraphs.
 */
#ifndef DATELINE_DATELINE_H
#define DATELINE_DATELINE_H

#include "str.h"

struct dateline {
    /* "Moscow", or "City, Region" when the region is given; as the gazetteer writes it; or empty. */
    char place[96];
    char country[3]; /* ISO 3166-1 alpha-2, empty when not known */
    char date[11];   /* "2026-02-08", empty when there is none */
    char agency[48]; /* "TASS", empty when none */
    char byline[96]; /* a byline before or in it, empty when none */
    size_t at, len;  /* bytes of the text that the dateline takes, separator included */
};

/* False when there is none; *out is then untouched. fetched_at (µs UTC, 0 unknown) bounds an inferred year:
 * the nearest such day that is not after it (a day's grace for time zones). */
bool dateline_find(struct str text, int64_t fetched_at, struct dateline *out);

#endif
