/*
 * What an article page says of itself, apart from its text: JSON-LD (schema.org), OpenGraph, Dublin
 * Core and the other <meta> names in use, microdata, <link>, <title>, <time> and bylines on the page.
 *
 * Pages contradict themselves, so every value is offered with the rank of its source, and the best
 * ranked one stays. All texts live as long as the tree.
 */
#ifndef DATELINE_METADATA_H
#define DATELINE_METADATA_H

#include "date.h"
#include "html.h"
#include "item.h"

enum meta_field {
    META_HEADLINE,
    META_BYLINE, /* names, comma-separated */
    META_SAID,   /* names behind a "By" right below the headline */
    META_PUBLISHED,
    META_UPDATED, /* both as the page writes them; a time that date_parse() refuses is not taken */
    META_SHOWN,   /* the day that readers see below the headline as that of publication */
    META_LANGUAGE,
    META_CANONICAL,
    META_IMAGE,
    META_IMAGE_ALT,
    META_IMAGE_WIDTH,
    META_IMAGE_HEIGHT,
    META_SUMMARY,
    META_PUBLISHER,
    META_COPYRIGHT,
    META_BODY,  /* JSON-LD articleBody: text or HTML */
    META_TITLE, /* <title> */
    META_FIELDS
};

/* Lower is better. */
enum meta_rank {
    RANK_JSONLD = 10,
    RANK_OPENGRAPH = 20,
    RANK_MICRODATA = 30,
    RANK_META = 40,
    RANK_PAGE = 50,    /* guessed from the visible page */
    RANK_ADDRESS = 55, /* the day in the URL: lines by the headline may have the hour */
    RANK_LATER = 56,   /* guessed as well, but not beside the headline */
    RANK_HOUSE = 62,   /* the author is the site itself, or an account of it */
    RANK_NONE = 255
};

struct metadata {
    struct html *html;
    struct str field[META_FIELDS];
    unsigned char rank[META_FIELDS];
    unsigned char from[META_FIELDS]; /* enum item_source of what stands there */
    enum item_source source;         /* of what is being read */
    struct buf keywords;             /* one a line, each once */
    size_t keyword_count;
    unsigned char keywords_from; /* enum item_source of the first */
    struct str host;             /* letters and digits of the page's host name, folded */
    struct str page;             /* all of it: shows the order of day and month, if anything does */
    enum date_order order;       /* of "05/01/2026" on this page */
    bool order_sought;
    char author_label; /* n of the last "twitter:label<n>" that is "Written by", or '\0' */
};

/* A date of this page, read by its language and its other dates where it could be two days. 0 or a
 * negative errno, as date_read(). */
int metadata_date(struct metadata *m, struct str text, struct date *out);
/* All but what stands on the page for its readers (visible.h). page: its text. url: where the page was found, or
 * empty. */
void metadata_read(struct html *html, struct str page, struct str url, struct metadata *out);
void metadata_done(struct metadata *metadata);

/* For the readers of the single sources. `value` is copied; empty values are not taken. */
void metadata_offer(struct metadata *m, enum meta_field field, unsigned rank, struct str value);
/* Does text name the site: its publisher, or its address? "The Daily Example", thedailyexample.org. */
bool metadata_names_site(struct metadata *m, struct str text);
void metadata_keyword(struct metadata *m, struct str word);
void metadata_keywords(struct metadata *m, struct str list); /* comma-separated */

/* One <script type="application/ld+json">. What is not JSON after repair is passed over. */
void jsonld_read(struct metadata *m, struct str script);

#endif
