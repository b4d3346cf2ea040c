/*
 * The three questions asked of every item on arrival: is it the same item as one seen before, is it
 * the same text, is it the same story?
 *
 * Same item: by the publisher's id, else the canonical link, else the link, else the text; within one
 * source, so that an item keeps its uri when its source moves. Same text: by hash of the folded text.
 * A story is, for now, the set of items with the same text, whoever published them.
 *
 * The room knows no store: it is given two look-ups and gives back the entries to write. Entries that
 * were given back and are not durable yet are kept here, so that an item that comes twice before the
 * disk has answered is still the same item. Dates play no part: a publisher's date is never the test
 * for "new".
 */
#ifndef DATELINE_LINK_H
#define DATELINE_LINK_H

#include "item.h"

#include <stdint.h>

struct link_room;

struct link_options {
    /* 0 with the entry appended, or -ENOENT. */
    int (*get_seen)(void *ctx, const uint8_t id[16], struct buf *out);
    int (*get_text)(void *ctx, const uint8_t hash[16], struct buf *out);
    void *ctx;
};

struct link_room *link_new(const struct link_options *options);
void link_free(struct link_room *room);

enum link_verdict {
    LINK_NEW,
    LINK_UPDATE,     /* known, its text or headline changed */
    LINK_RETRACTION, /* known, withdrawn by its publisher */
    LINK_KNOWN       /* nothing to do: its source has sent this before, under this id or another */
};

#define LINK_URI 128 /* bytes of a uri of ours, NUL included */

/* Who an item is: cheap, needs no text of its page. */
struct link_identity {
    uint8_t id[16];
    uint8_t listing[16]; /* hash of what the source's own list says of it */
    char uri[LINK_URI];  /* urn:dateline:SOURCE:32 hex digits */
};
void link_identify(struct str source_id, const struct item *item, struct link_identity *out);
/* The listing is known and unchanged: its page need not be fetched. */
bool link_is_listed(struct link_room *room, const struct link_identity *identity);

struct link_answer {
    enum link_verdict verdict;
    bool same; /* KNOWN as the newest version there is, not as one that was replaced since */
    uint32_t version;
    int64_t first_created;
    char duplicate_of[LINK_URI]; /* uri of the first item with this text, elsewhere; or empty */
    char story[LINK_URI];
    uint32_t story_size;
    bool story_first;
    /* inside */
    int64_t judged_at;
    bool alias; /* known by its text only: its own id was not seen */
    uint8_t content[16], text[16];
    /* markers: this source has sent this text too; what this version takes the place of */
    uint8_t sent_text[16], superseded[16];
    uint32_t text_count; /* items known with this text, and the first of them */
    int64_t text_first_seen;
    char text_uri[LINK_URI];
};

/* Asks all three. `item` is final: its page has been read. `now` in µs UTC. */
void link_judge(struct link_room *room, struct str source_id, const struct link_identity *identity,
                const struct item *item, int64_t now, struct link_answer *out);

/* What has to be written with the item, through `put_seen` and `put_text`; remembered here under
 * `generation` until link_settled() says that it is durable. For LINK_KNOWN too (a changed listing):
 * nothing is written when nothing changed. queue_id 0: none. True when something was written. */
struct link_writer {
    void (*put_seen)(void *ctx, const uint8_t id[16], struct str entry);
    void (*put_text)(void *ctx, const uint8_t hash[16], struct str entry);
    void *ctx;
};
bool link_remember(struct link_room *room, const struct link_identity *identity,
                   const struct link_answer *answer, uint64_t queue_id, uint64_t generation,
                   const struct link_writer *writer);
/* There is nothing to hand on of this item: listed from now on, so that its page is not asked for again
 * until the list says something else of it. */
void link_ignore(struct link_room *room, const struct link_identity *identity, int64_t now,
                 uint64_t generation, const struct link_writer *writer);
/* All that was remembered under this generation or an earlier one is durable. */
void link_settled(struct link_room *room, uint64_t generation);

/* For explain. 0, -ENOENT. */
struct link_known {
    uint32_t version;
    int64_t first_created, last_changed;
    uint64_t queue_id;
};
int link_lookup(struct link_room *room, const uint8_t id[16], struct link_known *out);
/* The id inside a uri of ours. 0, -EINVAL. */
int link_id_of(struct str uri, uint8_t id[16]);
/* Key of a URL for finding an item by its link; `identity` as url_identity() gives it. */
void link_url_key(struct str identity, uint8_t key[16]);

#endif
