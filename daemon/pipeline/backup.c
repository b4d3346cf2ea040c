/* Backups while the daemon runs: one at a time, on a thread of its own. */
#include "inside.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sysexits.h>

#include "clock.h"
#include "log.h"
#include "upkeep.h"

#define KEEP_MOST 10000

/* The thread writes `error` to `wrong` and ends; from then on they are the loop's. */
struct backup {
    struct pipeline *pipeline;
    pthread_t thread;
    ev_async over;
    bool running; /* the loop's: a thread is to be joined */
    char *dir;
    unsigned keep;
    bool verify;
    int64_t started_at, took_us;
    int error;
    char why[STORE_WHY];
    struct upkeep_backup made;
};

static void *backup_main(void *arg)
{
    struct backup *b = arg;
    static const struct upkeep_told quiet;
    int64_t start = clock_mono();
    b->error = store_backup(b->pipeline->store, b->dir, b->keep, &b->made, b->why);
    if (b->error == 0 && b->verify)
        b->error = store_backup_verify(b->dir, b->made.id, &quiet, b->why);
    b->took_us = clock_mono() - start;
    ev_async_send(b->pipeline->loop, &b->over);
    return NULL;
}

static void end(struct backup *b)
{
    pthread_join(b->thread, NULL);
    ev_async_stop(b->pipeline->loop, &b->over);
    b->running = false;
    if (b->error == 0)
        log_info("backup: made dir=%s id=%u bytes=%llu seconds=%.1f", log_safez(b->dir), b->made.id,
                 (unsigned long long)b->made.bytes, (double)b->took_us / USEC_PER_SEC);
    else
        log_error("backup: failed why=%s", log_safez(b->why));
}

static void on_over(struct ev_loop *loop, ev_async *w, int events)
{
    (void)loop;
    (void)events;
    end(w->data);
}

/* Signals belong to the loop. */
static int start_thread(struct backup *b)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int error = pthread_create(&b->thread, NULL, backup_main, b);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return error;
}

static json_t *state_of(const struct backup *b)
{
    char at[CLOCK_TEXT];
    json_t *state = json_pack("{s:s, s:b, s:s}", "dir", b->dir, "running", (int)b->running,
                              "started", clock_format(b->started_at, at));
    if (b->running)
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

/* An absolute path, or NULL with the refusal sent. */
static const char *dir_of(const json_t *request, struct control_call *call)
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
    ev_async_init(&b->over, on_over);
    b->over.data = b;
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
    const char *dir = dir_of(request, call);
    if (!dir)
        return;
    if (p->backup && p->backup->running) {
        control_fail(call, EX_TEMPFAIL, "a backup into %s is under way", log_safez(p->backup->dir));
        return;
    }
    struct backup *b = backup_new(p, request, dir);
    store_settle(p->store);
    ev_async_start(p->loop, &b->over);
    int error = start_thread(b);
    if (error) {
        ev_async_stop(p->loop, &b->over);
        backup_free(b);
        control_fail(call, EX_OSERR, "no thread for a backup: %s", strerror(error));
        return;
    }
    b->running = true;
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

static json_t *backup_json(const struct upkeep_backup *backup)
{
    char at[CLOCK_TEXT];
    return json_pack("{s:I, s:s, s:I, s:I}", "id", (json_int_t)backup->id, "at",
                     clock_format(backup->at, at), "bytes", (json_int_t)backup->bytes, "files",
                     (json_int_t)backup->files);
}

void backup_list(struct pipeline *p, const json_t *request, struct control_call *call)
{
    struct upkeep_backup *all;
    size_t count;
    char why[STORE_WHY];
    const char *dir = dir_of(request, call);
    (void)p;
    if (!dir)
        return;
    if (store_backup_list(dir, &all, &count, why) < 0) {
        control_fail(call, EX_NOINPUT, "%s", why);
        return;
    }
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(list, backup_json(&all[i]));
    free(all);
    control_answer(call, json_pack("{s:b, s:o}", "ok", 1, "backups", list));
}

/* RocksDB cannot be told to stop one: it is waited for, before the store is closed. */
void backup_stop(struct pipeline *p)
{
    if (p->backup && p->backup->running) {
        log_info("backup: waiting for its end");
        end(p->backup);
    }
    backup_free(p->backup);
    p->backup = NULL;
}
