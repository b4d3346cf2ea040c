/*
 * Items that are queued under an embargo, as far as their way in has to do with them. What is so was seen by
 * nobody. So the next version takes its place: it is the new one, and when it is a withdrawal, there is
 * nothing to tell anybody of. Inside the pipeline only.
 *
 * One that is still on its way to the disk cannot be taken out of the queue: it is passed over when its time
 * comes, because a newer version is known then (way_out.c).
 */
#ifndef DATELINE_PIPELINE_EMBARGO_H
#define DATELINE_PIPELINE_EMBARGO_H

#include "carrier.h"

struct embargo_held {
    uint64_t id; /* in the queue */
    bool found;
    bool on_way;    /* to the disk */
    bool was_new;   /* no version before it was handed out */
    struct buf row; /* when it is not on its way */
};

/* The end of the item's embargo; 0 when there is none, or it is over. */
int64_t embargo_of(const struct item *item);
/* The version that is queued under one. The caller frees out->row. */
void embargo_find(struct pipeline *pipeline, const struct link_identity *identity,
                  struct embargo_held *out);
/* Out of the queue, without a record. */
void embargo_replace(struct carrier *carrier, struct batch *batch,
                     const struct link_identity *identity, const struct embargo_held *held);
/* The same text came again; its publisher names another time, or none any more. False: it is on its way
 * to the disk and cannot be moved yet. */
bool embargo_move(struct carrier *carrier, struct batch *batch, const struct item *item,
                  const struct link_identity *identity, struct embargo_held *held);

/* The batch holds one that is under an embargo. event: its own, a static text. */
void embargo_queued(struct batch *batch, uint64_t id, const char *event);
/* All batches up to this generation are durable. */
void embargo_settled(struct pipeline *pipeline, uint64_t generation);

#endif
