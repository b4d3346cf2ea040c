/*
 * What the command line talks to: a ROUTER socket, one JSON request, one JSON answer. The room
 * moves messages and keeps their limits; what a request means is decided above, through `up`.
 *
 *   request  {"do": "status", …}
 *   answer   {"ok": true, …} or {"ok": false, "error": "…", "code": 64..78}
 */
#ifndef DATELINE_CONTROL_H
#define DATELINE_CONTROL_H

#include "keyring.h"

#include <ev.h>
#include <jansson.h>

struct control;
struct control_call; /* an answer that is owed */

struct control_options {
    struct ev_loop *loop;
    void *zmq;
    const char *bind;
    const struct keyring *keys; /* or NULL: anybody who reaches it */
    /* Takes `call`: it must be answered once, now or later. `request` is lent. */
    void (*up)(void *ctx, const json_t *request, struct control_call *call);
    void *ctx;
};

/* 0, -EADDRINUSE, -EACCES, -EINVAL not an endpoint, -ENAMETOOLONG a socket path over 107 bytes. The
 * socket file of ipc:// is for owner and group alone (0660); one that a dead process left is
 * replaced. */
int control_open(const struct control_options *options, struct control **out);
/* Calls that are still owed an answer are freed: their pointers are dead afterwards. Not from `up`.
 */
void control_close(struct control *control);
/* Steals `answer`. */
void control_answer(struct control_call *call, json_t *answer);
/* {"ok": false, "error": …, "code": …}; `code` by sysexits.h. */
void control_fail(struct control_call *call, int code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
