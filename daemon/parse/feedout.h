/*
 * The feed around its items, for XML and JSON alike: collects what it says of itself, gives items
 * what they inherit from it, and hands them out. Items that come before the feed's title wait for
 * it.
 */
#ifndef DATELINE_FEEDOUT_H
#define DATELINE_FEEDOUT_H

#include "draft.h"

struct feedout {
    struct document *document;
    struct arena feed_arena; /* lives as long as the feed */
    struct arena arena;      /* lives as long as the item, or the items that wait */
    struct draft feed;       /* its headline, summary, link, guid, … are the feed's own */
    struct draft item;       /* the one being read */
    struct draft_dates dates;
    bool author_inherits;
    struct str said[ABOUT_FIELDS]; /* what it says of itself beyond what `feed` holds */
    unsigned said_rank[ABOUT_FIELDS];
    struct buf hubs, hours, days, contributors; /* as struct about has them */
    uint32_t ttl_s, period_s, frequency, flags;
    /* inside */
    struct item *waiting;
    size_t waiting_count, waiting_cap;
};

void feedout_init(struct feedout *out, struct document *document);
void feedout_done(struct feedout *out);

/* Hands out->item on. 0, -EMSGSIZE, or what on_item returned. */
int feedout_item(struct feedout *out);
/* The end of the feed: the items that still wait, then what the feed says of itself, unless rc says
 * that the reader above wants no more. Returns rc, or what the waiting items came to. */
int feedout_finish(struct feedout *out, int rc);

/* Keeps the first text of the highest rank, from 1, for a field. */
void feedout_say(struct feedout *out, enum about_field field, unsigned rank, struct str text);
/* The same for an address, which is made absolute. */
void feedout_say_url(struct feedout *out, enum about_field field, unsigned rank, struct str base,
                     struct str url);
void feedout_add_contributor(struct feedout *out, struct str name);
/* "start=2026-01-05T09:00Z;end=…" (https://www.dublincore.org/specifications/dublin-core/dcmi-period/) */
void feedout_set_valid(struct feedout *out, struct str period);
void feedout_add_hub(struct feedout *out, struct str url);
void feedout_add_hour(struct feedout *out, struct str hour);     /* 0 to 24, 24 is 0 */
void feedout_add_day(struct feedout *out, struct str day);       /* an English weekday */
void feedout_set_period(struct feedout *out, struct str period); /* sy:updatePeriod */

#endif
