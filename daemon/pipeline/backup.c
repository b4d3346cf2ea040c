/* Backups while the daemon runs: one at a time, on a thread of its own. */
#include "inside.h"

#include <stdlib.h>
#include <sysexits.h>

#include "aside.h"
#include "clock.h"
#include "log.h"
#include "upkeep.h"

#define KEEP_MOST 10000
#define STOP_US   (3 * USEC_PER_SEC) /* that a stop waits for one: all of it takes less than 15 s */

struct backup {
    struct pipeline *pipeline;
    struct aside aside;
    char *dir;
    unsigned keep;
    bool verify;
    int64_t started_at;
    /* the thread's, until it is over */
    int64_t took_us;
    int error;
    char why[STORE_WHY];
    struct upkeep_backup made;
};

static void make(void *ctx)
{
    struct backup *b = ctx;
    static const struct upkeep_told quiet;
    int64_t start = clock_mono();
    b->error = store_backup(b->pipeline->store, b->dir, b->keep, &b->made, b->why);
    if (b->error == 0 && b->verify)
        b->error = store_backup_verify(b->dir, b->made.id, &quiet, b->why);
    b->took_us = clock_mono() - start;
}

static void tell(void *ctx)
{
    const struct backup *b = ctx;
    if (b->error == 0)
        log_info("backup: made dir=%s id=%u bytes=%llu seconds=%.1f", log_safez(b->dir), b->made.id,
                 (unsigned long long)b->made.bytes, (double)b->took_us / USEC_PER_SEC);
    else
        log_error("backup: failed why=%s", log_safez(b->why));
}

static json_t *state_of(const struct backup *b)
{
    char at[CLOCK_TEXT];
    json_t *state = json_pack("{s:s, s:b, s:s}", "dir", b->dir, "running", (int)b->aside.running,
                              "started", clock_format(b->started_at, at));
    if (b->aside.running)
        return state;
    json_object_set_new(state, "seconds", json_real((double)b->took_us / USEC_PER_SEC));
    if (b->error < 0) {
        json_object_set_new(state, "error", json_string(b->why));
        return state;
    }
    json_object_set_new(state, "id", json_integer(b->made.id));
    json_object_set_new(state, "bytes", json_integer((json_int_t)b->made.bytes));
    json_object_set_new(state, "files", json_integer(b->made.files));
    json_object_set_new(state, "verified", json_boolean(b->verify));
    return state;
}

static void answer_state(const struct backup *b, struct control_call *call)
{
    control_answer(call, json_pack("{s:b, s:o}", "ok", 1, "backup", state_of(b)));
}

const char *backup_dir(const json_t *request, struct control_call *call)
{
    const char *dir = request_text(request, "dir");
    if (dir && dir[0] == '/')
        return dir;
    control_fail(call, EX_USAGE, "a backup needs a directory, as an absolute path");
    return NULL;
}

static struct backup *backup_new(struct pipeline *p, const json_t *request, const char *dir)
{
    struct backup *b = xcalloc(1, sizeof *b);
    json_int_t keep = json_integer_value(json_object_get(request, "keep"));
    b->pipeline = p;
    b->dir = xstrdup(dir);
    b->keep = keep > 0 && keep <= KEEP_MOST ? (unsigned)keep : 0;
    b->verify = json_is_true(json_object_get(request, "verify"));
    b->started_at = clock_now();
    b->aside = (struct aside){.work = make, .then = tell, .ctx = b};
    return b;
}

static void backup_free(struct backup *b)
{
    if (!b)
        return;
    free(b->dir);
    free(b);
}

void backup_start(struct pipeline *p, const json_t *request, struct control_call *call)
{
    const char *dir = backup_dir(request, call);
    if (!dir)
        return;
    if (p->backup && p->backup->aside.running) {
        control_fail(call, EX_TEMPFAIL, "a backup into %s is under way", log_safez(p->backup->dir));
        return;
    }
    if (!store_settle(p->store)) {
        control_fail(call, EX_TEMPFAIL, "the store is busy writing what came before; try again");
        return;
    }
    struct backup *b = backup_new(p, request, dir);
    int error = aside_start(&b->aside, p->loop);
    if (error < 0) {
        backup_free(b);
        control_fail(call, EX_OSERR, "no thread for a backup: %s", strerror(-error));
        return;
    }
    backup_free(p->backup);
    p->backup = b;
    log_info("backup: begun dir=%s", log_safez(dir));
    answer_state(b, call);
}

void backup_state(struct pipeline *p, const json_t *request, struct control_call *call)
{
    (void)request;
    if (p->backup)
        answer_state(p->backup, call);
    else
        control_fail(call, EX_NOINPUT, "no backup was asked for since the start");
}

/* The store has no way to tell one to stop. What it has not finished by then is no backup. */
bool backup_stop(struct pipeline *p)
{
    struct backup *b = p->backup;
    if (!b)
        return true;
    bool was_running = b->aside.running;
    if (was_running)
        log_info("backup: waiting for its end");
    if (!aside_stop(&b->aside, STOP_US)) {
        log_warning("backup: given up unfinished dir=%s", log_safez(b->dir));
        return false;
    }
    if (was_running)
        tell(b);
    backup_free(b);
    p->backup = NULL;
    return true;
}
