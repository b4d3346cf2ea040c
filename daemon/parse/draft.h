/*
 * A feed, an item or an item's source while its elements come in, in any order and often more than
 * once: each field remembers how good the element was that filled it, and a better one replaces it.
 */
#ifndef DATELINE_DRAFT_H
#define DATELINE_DRAFT_H

#include "arena.h"
#include "date.h"
#include "format.h"

/* What "05/01/2026" means in one document: looked for when the first such date is met. */
struct draft_dates {
    struct str text;            /* of the document */
    const struct str *language; /* its own, when it says one */
    enum date_order order;
    bool asked;
};

struct draft {
    struct arena *arena;       /* lent: where the texts live */
    struct draft_dates *dates; /* lent, NULL: ambiguous dates are refused */
    struct str field[ITEM_FIELDS];
    unsigned rank[ITEM_FIELDS];
    int64_t published_at, updated_at;
    unsigned published_rank, updated_rank;
    uint32_t flags;
    bool touched;        /* something that we know stood in it */
    struct buf keywords; /* one a line */
    size_t keyword_count;
    size_t media_count;
    struct item_media media[ITEM_MEDIA_MAX];
};

/* Empties it for the next item; the arena and what is known of dates are left alone. */
void draft_reset(struct draft *draft, struct arena *arena);
void draft_done(struct draft *draft);

/* Sets a field when text is not empty and rank is above that of what stands there. */
void draft_set(struct draft *draft, enum item_field field, unsigned rank, struct str text);
/* One more author: joined by ", ", once each, those of the best rank only. */
void draft_add_author(struct draft *draft, unsigned rank, struct str name);
/* One more line of captions. */
void draft_add_caption(struct draft *draft, struct str text);
void draft_add_keyword(struct draft *draft, struct str word);
/* "a, b, c" */
void draft_add_keywords(struct draft *draft, struct str words);
void draft_set_published(struct draft *draft, unsigned rank, struct str date);
void draft_set_updated(struct draft *draft, unsigned rank, struct str date);
/* Made absolute against base; a type that is not given is read off the address. Returns the entry,
 * that of the same address if there is one, or NULL when it is no web address or there are enough.
 */
struct item_media *draft_add_media(struct draft *draft, struct str base, struct str url,
                                   struct str type);
/* An address as it is when it is absolute, made absolute when not. Appends; -EINVAL when it leads
 * to no web page. */
int draft_absolute(struct str base, struct str url, struct buf *out);
/* As draft_set, for an address. */
void draft_set_url(struct draft *draft, enum item_field field, unsigned rank, struct str base,
                   struct str url);
/* Lends everything of the draft to the item, and notes when the summary is all the text there is.
 */
void draft_item(const struct draft *draft, struct item *out);

#endif
