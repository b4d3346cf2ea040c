/*
 * Politeness towards one host, which is an address and a port, loopback included: so many requests
 * at once, so long from the start of one to the start of the next, and nobody asks it while it
 * wants to be left alone (Retry-After). Each host has a line of its own, first come, first served;
 * a host that is slow or asks for rest holds up nobody else. Over all hosts at most
 * LIMIT_CONNECTIONS are on the wire; those whose turn has come wait for that in one more line.
 *
 *     host_queue() ─► host's line ─► on_turn() ─► host_leave()
 *                                 └► on_held()
 */
#ifndef DATELINE_HOST_H
#define DATELINE_HOST_H

#include "names.h"

#include <stdint.h>

struct hosts;
struct host;

struct host_turn { /* embedded in who waits; zeroed at first */
    /* One of these comes, from the loop; after on_held the turn stands in no line any more: the
     * host wants to be left alone for longer than LIMIT_HOLD_WAIT_MS. */
    void (*on_turn)(struct host_turn *turn);
    void (*on_held)(struct host_turn *turn, int64_t held_us);
    /* inside */
    struct host *host; /* NULL: neither waiting nor on the wire */
    struct host_turn *next, *prev;
    bool on_wire;
};

struct hosts_options {
    struct ev_loop *loop;
    unsigned per_host, most; /* on the wire: to one host, to all */
    int64_t spacing_us;
};

void hosts_open(const struct hosts_options *options, struct hosts **out);
void hosts_close(struct hosts *hosts); /* all turns have left. NULL is fine */
/* Waits in the host's line; on_turn comes later. */
void host_queue(struct hosts *hosts, const union names_address *address, struct host_turn *turn);
/* Out of the line, or off the wire. Does nothing when it is in neither. */
void host_leave(struct host_turn *turn);
/* The host of a turn on the wire asked to be left alone for so long. */
void host_hold(struct host_turn *turn, int64_t hold_us);
struct hosts_counts {
    uint32_t hosts, waiting, active;
};
void hosts_counts(const struct hosts *hosts, struct hosts_counts *out);

#endif
