/*
 * The desk: work that this worker holds, from its arrival until its result is sent.
 *
 *     WAITING ──analyse──► READY ──sinks flushed──► KEPT ──RESULT sent──► gone
 *        └── cannot be read, or no sink can take it ──► REFUSED ──NACK sent──► gone
 *
 * A sink that fails leaves everything READY: it is put again later, and the leases are touched
 * meanwhile. What is KEPT is safe; when its result cannot be sent any more it comes again, and the
 * sinks know it by its key.
 */
#ifndef DATELINE_DESK_H
#define DATELINE_DESK_H

#include "record.h"
#include "sink.h"

#define DESK_REASON 160

enum desk_state { DESK_WAITING, DESK_READY, DESK_KEPT, DESK_REFUSED };

struct desk_item {
    uint64_t lease;
    const void *owner; /* the session that it came over */
    enum desk_state state;
    struct buf text; /* the work; from READY on the record */
    json_t *record;  /* READY: what sinks key it by */
    char reason[DESK_REASON];
    struct desk_item *prev, *next;
};

struct desk {
    struct analyze *analyzers; /* lent */
    struct sink **sinks;       /* lent */
    size_t sink_count;
    struct desk_item *items; /* in order of arrival */
    size_t count;
    uint64_t done;       /* results that were kept */
    int64_t retry_at;    /* monotonic; 0: sinks are well */
    int64_t retry_pause; /* µs */
    size_t batch_max;    /* halved by a failure, doubled by a success: a sink that is too slow for
                                  many items in its time gets few, and one that is left is to blame */
    char trouble[DESK_REASON]; /* of the sinks, "" when they are well */
};

/* A copy of the work. */
void desk_add(struct desk *d, const void *owner, uint64_t lease, struct str work);
/* One batch: analyses what waits, puts and flushes what is ready, unless the sinks rest. It ends
 * early when its time is over (DESK_STEP_US of analysis, by the clock): a caller that holds many
 * large items must still be heard between two batches. True when it changed anything. */
#define DESK_STEP_US 250000LL
bool desk_step(struct desk *d, int64_t now_mono);
/* What the sinks' policies have due when there is nothing to put. */
void desk_idle(struct desk *d);
void desk_remove(struct desk *d, struct desk_item *item);
/* Forgets all of this owner's, or the one with this lease. */
void desk_forget(struct desk *d, const void *owner);
void desk_forget_lease(struct desk *d, const void *owner, uint64_t lease);
size_t desk_count(const struct desk *d, const void *owner);
/* True when desk_step() has something to do now. */
bool desk_busy(const struct desk *d, int64_t now_mono);
void desk_done(struct desk *d);

#endif
