/*
 * Inside of visible.c: the page on which dates (visible_dates.c) and names (visible_names.c) are
 * looked for, and what counts more by where it stands.
 */
#ifndef DATELINE_VISIBLE_PAGE_H
#define DATELINE_VISIBLE_PAGE_H

#include "metadata.h"

#define VISIBLE_LINE_MAX 90 /* bytes of a text that may be a date or a byline */
#define VISIBLE_CLOSE    40 /* nodes around the headline: its own date and byline */

/* Ranks behind RANK_PAGE: what it is; where it stands is added. */
enum { VISIBLE_NAMED = 1, VISIBLE_BYLINE = 2, VISIBLE_DATE_LINE = 3, VISIBLE_UPDATED_LINE = 4 };

struct visible_page {
    struct metadata *m;
    const struct html *html;
    size_t headline; /* its <h1>, 0 when there is none */
};

size_t visible_find_headline(const struct html *html, struct str headline);
unsigned visible_rank(const struct visible_page *p, size_t i, unsigned rank);
/* Names stand below the headline: above it are those of other articles. */
unsigned visible_name_rank(const struct visible_page *p, size_t i, unsigned rank);
bool visible_is_shown(const struct visible_page *p, size_t i);
bool visible_wanted(const struct visible_page *p, enum meta_field field, unsigned rank);
/* A text's line, and one byte more than that of a text that is too long for one. */
struct str visible_line(const struct html_node *text);
struct str visible_text(const struct visible_page *p, size_t node);
bool visible_says(struct str name, const char *word);

/* ---- visible_dates.c */
bool visible_is_date(const struct visible_page *p, struct str text);
bool visible_wants_date(const struct visible_page *p, size_t i);
void visible_offer_date(const struct visible_page *p, size_t i, enum meta_field field,
                        unsigned rank, struct str when);
void visible_read_time(const struct visible_page *p, size_t i); /* a <time> */
bool visible_speaks_of_publishing(struct str text);
void visible_read_original(const struct visible_page *p, struct str text);
void visible_read_date_line(const struct visible_page *p, size_t i, struct str text);

/* ---- visible_names.c */
void visible_read_byline(const struct visible_page *p, size_t i, struct str text);
void visible_read_author_box(const struct visible_page *p, size_t i, bool says_name);
void visible_read_author_link(const struct visible_page *p, size_t i);
void visible_read_name_in_line(const struct visible_page *p, size_t i, struct str line);
void visible_settle_byline(struct metadata *m);

#endif
