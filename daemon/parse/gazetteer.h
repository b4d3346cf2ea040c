/*
 * The places that datelines name: every country, its capital and main cities, regions that stand
 * behind a city. Written from common knowledge; spelled without accents, as wires do.
 */
#ifndef DATELINE_GAZETTEER_H
#define DATELINE_GAZETTEER_H

#include "str.h"

enum place_kind { PLACE_CITY = 1, PLACE_COUNTRY = 2, PLACE_REGION = 4 };

#define PLACE_MAX 64 /* bytes of a name, folded */

struct place {
    const char *name; /* as a dateline may write it, not in capitals */
    char country[3];  /* ISO 3166-1 alpha-2; XK for Kosovo, as is usual */
    unsigned kind;    /* of enum place_kind; a city state is both */
    const char *full; /* what it stands for, if not the name: "Kuwait" the city, "Ga." */
};

/* By name, whatever its case, accents, hyphens and full stops. NULL when not known. */
const struct place *place_find(struct str name);
const struct place *region_find(struct str name);

/* What both search by: lower case, without accents, full stops and apostrophes, hyphens as blanks.
 * The length, 0 when it does not fit `size` bytes or is not in Latin letters. */
size_t place_fold(struct str name, char *out, size_t size);

/* The whole tables, in the order of their folded names. */
const struct place *place_table(size_t *count);
const struct place *region_table(size_t *count);

#endif
