/*
 * Inside the dateline's reading only: the parts of one, as dateline_read.c finds them at the start
 * of a paragraph. Whether they make a dateline is for dateline.c to judge.
 */
#ifndef DATELINE_DATELINE_READ_H
#define DATELINE_DATELINE_READ_H

#include "gazetteer.h"

enum separator { SEP_NONE, SEP_STOP, SEP_COLON, SEP_DASH };

struct reading {
    struct str s; /* the paragraph */
    size_t at;
    struct str byline, place, region, agency_text;
    const struct place *city, *area; /* as found, or NULL */
    const char *agency;
    bool aboard, weekday, iso;
    int year, month, day; /* 0: not given */
    enum separator separator;
};

/* Reads as far as the grammar goes; r->at is where the text would begin. False when it is no
 * dateline's beginning at all, or longer than one may be. */
bool reading_paragraph(struct str paragraph, struct reading *r);

struct str reading_rest(const struct reading *r);
/* The word at s: up to white space, punctuation or a dash. A full stop inside belongs to it. */
struct str reading_word(struct str s);
bool reading_starts_upper(struct str s);
bool reading_is_capitals(struct str s); /* letters, all of them capitals; at least two */
bool reading_starts_by(struct str s);   /* "By " */
char reading_char(const struct reading *r, size_t at); /* NUL behind the end */
void reading_skip_blanks(struct reading *r);

/* ---- dateline_date.c: each leaves r->at where it was when there is none */

bool reading_is_day(int year, int month, int day); /* of the calendar; year 0: of a leap year */
bool reading_starts_date(struct str s);            /* a month and a number */
bool reading_date(struct reading *r); /* "February 8", "Jan. 5, 2026", "8 February 2026" */
bool reading_iso_date(struct reading *r);
bool reading_weekday(struct reading *r);

#endif
