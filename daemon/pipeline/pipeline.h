/*
 * The only room that sees all the others. It carries data from one to the next and decides nothing
 * that a room can decide:
 *
 *     source ─ask─► fetch ─bytes─► parser ─items─► link ─► store ─durable─► dispatch ═► workers
 *                                                                               │
 *                              live ◄─durable─ store ◄─record─ dispatch ◄═ result
 *
 * way_in.c and poll_item.c are the first line of the picture, way_out.c the second; status.c, answers.c,
 * catalog.c and explain.c are what people ask. Each accepted item and each result is one entry of one
 * atomic change; what must happen after it is durable hangs on that change.
 */
#ifndef DATELINE_PIPELINE_H
#define DATELINE_PIPELINE_H

#include "config.h"

#include <ev.h>
#include <stdbool.h>

struct pipeline;

#define PIPELINE_WHY 512

/* Opens every room. 0 or an exit status of sysexits.h with one line in `why`: what, where, what to do. */
int pipeline_open(const struct config *config, struct ev_loop *loop, struct pipeline **out,
                  char why[PIPELINE_WHY]);
/* Asks nobody any more, sends out no work, waits for what is under way; `on_drained` comes once. */
void pipeline_drain(struct pipeline *pipeline, void (*on_drained)(void *ctx), void *ctx);
/* False: a backup under way did not end in time and still uses the state; all that was accepted is durable,
 * and the process has to end by _exit(), freeing nothing. */
bool pipeline_close(struct pipeline *pipeline);
/* False when everything stands still though it could go on: then only a new start helps, and the watchdog
 * is not fed. A slow disk, an empty queue or workers that are away are no such thing. */
bool pipeline_moves(const struct pipeline *pipeline, const char **why_not_out);
/* The store has failed: the process must end and start again. */
bool pipeline_failed(const struct pipeline *pipeline);
/* One line for the service manager's status. Static. */
const char *pipeline_summary(struct pipeline *pipeline);
const char *pipeline_web_address(const struct pipeline *pipeline);

/* SIGHUP: reads the authorised keys again; a bad file keeps the old ones. What was done stands in the log. */
void pipeline_reload(struct pipeline *pipeline);

/* `datelined -t`: the files of security:. As pipeline_open(). */
int pipeline_check_keys(const struct config *config, char why[PIPELINE_WHY]);
/* `datelined -t`: the state read-only, beside a running daemon too. */
int pipeline_check_state(const struct config *config, char why[PIPELINE_WHY]);

#endif
