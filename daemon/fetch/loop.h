/*
 * curl's multi interface on libev. This file alone knows its traps: the timer is in milliseconds
 * and may be zero, curl must not be called from its own callbacks, and only the message queue says
 * which transfers have ended.
 */
#ifndef DATELINE_LOOP_H
#define DATELINE_LOOP_H

#include <curl/curl.h>
#include <ev.h>

struct loop;

/* on_done: a transfer has ended and is off the multi; `private` is its CURLOPT_PRIVATE. From the
 * loop. */
int loop_open(struct ev_loop *ev, void (*on_done)(void *private, CURLcode code), struct loop **out);
void loop_close(struct loop *loop);          /* all transfers are removed. NULL is fine */
int loop_add(struct loop *loop, CURL *easy); /* 0, -EIO */
void loop_remove(struct loop *loop, CURL *easy);

#endif
