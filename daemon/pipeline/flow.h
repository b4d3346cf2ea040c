/*
 * When sources are asked no more and pushes wait, and why. Each reason has a high-water mark at which it
 * begins and a lower one at which it ends by itself, so that it does not flutter.
 *
 * The decision is a function of the levels alone; flow.c measures them.
 */
#ifndef DATELINE_FLOW_H
#define DATELINE_FLOW_H

#include <stdbool.h>
#include <stdint.h>

enum flow_reason {
    FLOW_ITEMS,     /* queue.max_items are unfinished */
    FLOW_BYTES,     /* queue.max_bytes of work are unfinished */
    FLOW_DISK,      /* less than queue.min_free is left where the state lies */
    FLOW_FULL,      /* a write found the disk full */
    FLOW_UNWRITTEN, /* LIMIT_WRITE_BACKLOG bytes wait for the disk */
    FLOW_UNREAD,    /* LIMIT_PARSE_BACKLOG documents wait for a parser child */
    FLOW_DRAINING,  /* the daemon is stopping */
    FLOW_REASONS
};

struct flow_levels {
    uint64_t items, max_items;
    uint64_t bytes, max_bytes;
    uint64_t disk_free, disk_wanted;
    uint64_t unwritten, unread;
    bool full, draining;
};

/* A bit a reason. `before`: what it gave last; a reason that holds already ends a tenth beyond the mark
 * at which it began. */
unsigned flow_judge(const struct flow_levels *levels, unsigned before);
/* "items", "bytes", "disk", "full", "unwritten", "unread", "draining". */
const char *flow_name(enum flow_reason reason);

static inline bool flow_has(unsigned reasons, enum flow_reason reason)
{
    return reasons >> reason & 1;
}

#endif
