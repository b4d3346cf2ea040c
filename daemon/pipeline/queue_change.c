/*
 * What an operator orders: dead items are queued again, items are purged.
 *
 * One request is one atomic change of at most LIMIT_QUEUE_CHANGE items, answered when it is durable, with
 * the id to go on from; who wants all of a million goes on until there is none. Requests are taken
 * one after the other, so that each finds in the store what the one before has left there.
 *
 * The balance: accepted = ready + leased + delayed + dead + done.
 *   requeue    dead -> ready, with its tries forgotten
 *   purge      dead -> done, or ready and delayed -> done: nothing is recorded or published of it, and
 *              it is counted as purged besides
 */
#include "inside.h"

#include <errno.h>
#include <stdlib.h>
#include <sysexits.h>

#include "limits.h"
#include "list.h"
#include "log.h"

struct queue_change {
    struct pipeline *pipeline;
    struct control_call *call; /* NULL: the one who asked is answered no more */
    json_t *request;
    const char *verb;
    void (*queued)(struct queue_change *c, uint64_t id); /* NULL: only dead items are meant */
    void (*dead)(struct queue_change *c, uint64_t id, const struct store_dead *dead);
    struct batch *batch; /* NULL in a dry run, which only counts */
    json_t *missing, *busy;
    uint64_t changed, looked, looked_bytes;
    uint64_t go_on; /* the id to go on from; 0: that was all */
    struct queue_change *prev, *next;
};

static void change_next(struct pipeline *p);

static void change_free(struct queue_change *c)
{
    json_decref(c->request);
    json_decref(c->missing);
    json_decref(c->busy);
    free(c);
}

/* ------------------------------------------------------------------------------------ one item */

static void requeue_dead(struct queue_change *c, uint64_t id, const struct store_dead *dead)
{
    c->changed++;
    if (!c->batch)
        return;
    struct dispatch_item item = work_item(id, dead->work, 0, 0);
    item.release_at = 0; /* over, or it would not have been delivered and died */
    store_dead_drop(c->batch->change, id);
    store_queue_put(c->batch->change, id, dead->work);
    batch_add_item(c->batch, &item);
    c->batch->revived++;
    c->pipeline->numbers.dead--;
}

static void purge_dead(struct queue_change *c, uint64_t id, const struct store_dead *dead)
{
    (void)dead;
    c->changed++;
    if (!c->batch)
        return;
    store_dead_drop(c->batch->change, id);
    c->batch->purged++;
    c->batch->dirty = true;
    c->pipeline->numbers.dead--;
    c->pipeline->numbers.done++;
}

/* It waits. */
static void purge_queued(struct queue_change *c, uint64_t id)
{
    c->changed++;
    if (c->batch && dispatch_withdraw(c->pipeline->dispatch, id) == 0)
        batch_finish(c->batch, id, true);
}

/* ------------------------------------------------------------------------------------- which ones */

/* 0, -EBUSY a worker holds it, -ENOENT it is not in the queue (any more). */
static int is_waiting(const struct queue_change *c, uint64_t id)
{
    json_t *known = dispatch_explain(c->pipeline->dispatch, id);
    const char *state = json_string_value(json_object_get(known, "state"));
    int rc = !state                                                         ? -ENOENT
             : strcmp(state, "ready") == 0 || strcmp(state, "delayed") == 0 ? 0
                                                                            : -EBUSY;
    json_decref(known);
    return rc;
}

/* True when this row is for the next request. */
static bool is_enough(struct queue_change *c, uint64_t id, size_t bytes)
{
    if (c->changed < LIMIT_QUEUE_CHANGE && c->looked < LIMIT_QUEUE_SCAN &&
        c->looked_bytes < LIMIT_QUEUE_SCAN_BYTES) {
        c->looked++;
        c->looked_bytes += bytes;
        return false;
    }
    c->go_on = id;
    return true;
}

static int walk_dead(void *ctx, uint64_t id, const struct store_dead *dead)
{
    struct queue_change *c = ctx;
    if (is_enough(c, id, dead->work.len))
        return 1;
    if (queue_reason_matches(c->request, dead))
        c->dead(c, id, dead);
    return 0;
}

static int walk_queued(void *ctx, uint64_t id, struct str row)
{
    struct queue_change *c = ctx;
    if (is_enough(c, id, row.len))
        return 1;
    if (is_waiting(c, id) == 0)
        c->queued(c, id);
    return 0;
}

struct one {
    struct queue_change *change;
    uint64_t id;
    bool found;
};

static int one_dead(void *ctx, uint64_t id, const struct store_dead *dead)
{
    struct one *one = ctx;
    if (id == one->id) {
        one->found = true;
        one->change->dead(one->change, id, dead);
    }
    return 1;
}

static void pick(struct queue_change *c, uint64_t id)
{
    struct one one = {c, id, false};
    queue_each_dead(c->pipeline, id, one_dead, &one);
    if (one.found)
        return;
    int waiting = c->queued ? is_waiting(c, id) : -ENOENT;
    if (waiting == 0)
        c->queued(c, id);
    else
        json_array_append_new(waiting == -EBUSY ? c->busy : c->missing,
                              json_integer((json_int_t)id));
}

static int by_number(const void *a, const void *b)
{
    const uint64_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

/* Each once, however often it is named. */
static void pick_all(struct queue_change *c, const json_t *ids)
{
    uint64_t sorted[LIMIT_QUEUE_IDS];
    size_t count = json_array_size(ids);
    for (size_t i = 0; i < count; i++)
        sorted[i] = (uint64_t)json_integer_value(json_array_get(ids, i));
    qsort(sorted, count, sizeof *sorted, by_number);
    for (size_t i = 0; i < count; i++)
        if (i == 0 || sorted[i] != sorted[i - 1])
            pick(c, sorted[i]);
}

static void choose(struct queue_change *c)
{
    const json_t *ids = json_object_get(c->request, "ids");
    const char *state = request_text(c->request, "state");
    uint64_t from = request_number(c->request, "from", 0);
    if (ids)
        pick_all(c, ids);
    else if (state && strcmp(state, "ready") == 0)
        store_each_work(c->pipeline->store, from, walk_queued, c);
    else
        queue_each_dead(c->pipeline, from, walk_dead, c);
}

/* ---------------------------------------------------------------------------- one after the other */

static void change_answer(struct queue_change *c)
{
    json_t *next = c->go_on ? json_integer((json_int_t)c->go_on) : json_null();
    if (!c->call)
        return;
    control_answer(c->call, json_pack("{s:b, s:I, s:O, s:O, s:o}", "ok", 1, "changed",
                                      (json_int_t)c->changed, "missing", c->missing, "busy",
                                      c->busy, "next", next));
}

static void change_end(void *ctx)
{
    struct queue_change *c = ctx;
    struct pipeline *p = c->pipeline;
    bool dry = json_is_true(json_object_get(c->request, "dry"));
    if (c->changed && !dry) {
        if (strcmp(c->verb, "purged") == 0)
            p->seen.purged += c->changed;
        log_info("pipeline: items %s by command items=%llu", c->verb,
                 (unsigned long long)c->changed);
    }
    change_answer(c);
    DL_DELETE(p->changes, c);
    change_free(c);
    change_next(p);
}

/* The first of the line. */
static void change_next(struct pipeline *p)
{
    struct queue_change *c = p->changes;
    if (!c)
        return;
    if (!json_is_true(json_object_get(c->request, "dry")))
        c->batch = batch_new(p);
    choose(c);
    struct batch *batch = c->batch;
    if (!batch || !batch->dirty) {
        if (batch)
            batch_commit(batch); /* nothing in it: freed */
        change_end(c);
        return;
    }
    batch->then = change_end;
    batch->then_ctx = c;
    batch_commit(batch);
}

/* "ids" is an array of positive numbers, and not too many. */
static bool are_ids(const json_t *ids)
{
    size_t i, count = json_array_size(ids);
    const json_t *id;
    if (!json_is_array(ids) || count == 0 || count > LIMIT_QUEUE_IDS)
        return false;
    json_array_foreach (ids, i, id)
        if (json_integer_value(id) <= 0)
            return false;
    return true;
}

/* What is meant has to be said: an empty request changes nothing. */
static const char *fault_of(const json_t *request, bool may_be_ready)
{
    const json_t *ids = json_object_get(request, "ids");
    const char *state = request_text(request, "state");
    if (ids)
        return are_ids(ids) ? NULL : "ids is an array of 1 to 32 ids";
    if (state && strcmp(state, "dead") == 0)
        return NULL;
    if (state && may_be_ready && strcmp(state, "ready") == 0)
        return NULL;
    return may_be_ready ? "which items? ids, or state: dead or ready"
                        : "which items? ids, or state: dead";
}

static struct queue_change *change_new(struct pipeline *p, const json_t *request,
                                       struct control_call *call, bool may_be_ready)
{
    const char *fault = fault_of(request, may_be_ready);
    if (fault) {
        control_fail(call, EX_USAGE, "%s", fault);
        return NULL;
    }
    struct queue_change *c = xcalloc(1, sizeof *c);
    c->pipeline = p;
    c->call = call;
    c->request = json_deep_copy(request);
    c->missing = json_array();
    c->busy = json_array();
    return c;
}

static void change_enqueue(struct queue_change *c)
{
    struct pipeline *p = c->pipeline;
    bool first = p->changes == NULL;
    DL_APPEND(p->changes, c);
    if (first)
        change_next(p);
}

void queue_requeue(struct pipeline *p, const json_t *request, struct control_call *call)
{
    struct queue_change *c = change_new(p, request, call, false);
    if (!c)
        return;
    c->verb = "queued again";
    c->dead = requeue_dead;
    change_enqueue(c);
}

void queue_purge(struct pipeline *p, const json_t *request, struct control_call *call)
{
    struct queue_change *c = change_new(p, request, call, true);
    if (!c)
        return;
    c->verb = "purged";
    c->dead = purge_dead;
    c->queued = purge_queued;
    change_enqueue(c);
}

/* The first one's change may be on its way to the disk: it is freed when it is there. */
void queue_stop(struct pipeline *p)
{
    struct queue_change *c, *next;
    DL_FOREACH_SAFE (p->changes, c, next) {
        c->call = NULL;
        if (c == p->changes && c->batch)
            continue;
        DL_DELETE(p->changes, c);
        change_free(c);
    }
}
