/* What an operator asks of the queue. Answers are bounded: one looks at LIMIT_QUEUE_SCAN rows at most and
 * says where to go on ("next"), so that a million rows are as easy to walk as ten. */
#include "inside.h"

#include <errno.h>
#include <sysexits.h>

#include "clock.h"
#include "limits.h"
#include "log.h"
#include "utf8.h"

#define LISTED 50 /* unless asked for another number */

static void set(json_t *object, const char *key, json_t *value)
{
    json_object_set_new(object, key, value);
}

/* Text that a worker or an older version wrote: made valid UTF-8, for JSON takes nothing else. */
static json_t *text(struct str s)
{
    struct buf valid = BUF_NONE;
    utf8_repair(s, &valid);
    json_t *json = json_stringn(valid.at ? valid.at : "", valid.len);
    buf_free(&valid);
    return json;
}

uint64_t request_number(const json_t *request, const char *key, uint64_t otherwise)
{
    const json_t *value = json_object_get(request, key);
    json_int_t n = json_integer_value(value);
    return json_is_integer(value) && n >= 0 ? (uint64_t)n : otherwise;
}

bool queue_reason_matches(const json_t *request, const struct store_dead *dead)
{
    const char *wanted = request_text(request, "reason");
    return !wanted || str_find(dead->reason, str_of(wanted)) != SIZE_MAX;
}

void queue_each_dead(struct pipeline *p, uint64_t from,
                     int (*each)(void *ctx, uint64_t id, const struct store_dead *dead), void *ctx)
{
    if (p->numbers.dead > 0) /* a million that were purged are crossed for a second and more */
        store_each_dead(p->store, from, each, ctx);
}

/* ------------------------------------------------------------------------------------ one row */

static void say_work(json_t *line, struct str row)
{
    struct str work = work_of_row(row);
    json_t *record = json_loadb(work.at, work.len, 0, NULL);
    json_t *item = json_object_get(record, "item");
    json_t *headline =
        json_object_get(json_array_get(json_object_get(item, "headlines"), 0), "value");
    json_object_set(line, "uri", json_object_get(item, "uri"));
    json_object_set(line, "version", json_object_get(item, "version"));
    json_object_set(line, "event", json_object_get(record, "event"));
    json_object_set(line, "source", json_object_get(json_object_get(record, "source"), "id"));
    if (headline)
        json_object_set(line, "headline", headline);
    set(line, "bytes", json_integer((json_int_t)work.len));
    json_decref(record);
}

static void say_row(json_t *line, uint64_t id, struct str row)
{
    struct dispatch_item item = work_item(id, row, 0, 0);
    set(line, "lane", json_string(item.lane == LANE_LIVE ? "live" : "backfill"));
    set(line, "language", json_string(item.language[0] ? item.language : "und"));
    say_work(line, row);
}

static json_t *dead_line(uint64_t id, const struct store_dead *dead)
{
    char at[CLOCK_TEXT];
    json_t *line = json_pack("{s:I, s:s}", "id", (json_int_t)id, "state", "dead");
    set(line, "reason", text(dead->reason));
    set(line, "worker", dead->worker.len ? text(dead->worker) : json_null());
    set(line, "at", dead->at ? json_string(clock_format(dead->at, at)) : json_null());
    set(line, "deliveries", json_integer(dead->deliveries));
    set(line, "deaths", json_integer(dead->deaths));
    say_row(line, id, dead->work);
    return line;
}

/* `known`: what dispatch says of it. */
static json_t *queued_line(json_t *known, uint64_t id, struct str row)
{
    json_t *line = json_pack("{s:I}", "id", (json_int_t)id);
    json_object_update(line, known);
    say_row(line, id, row);
    return line;
}

/* ----------------------------------------------------------------------------------- many rows */

struct listing {
    struct pipeline *pipeline;
    const json_t *request;
    const char *state; /* NULL: any */
    json_t *list;
    uint64_t room, looked, looked_bytes, next;
};

static void listing_begin(struct listing *l, struct pipeline *p, const json_t *request)
{
    uint64_t room = request_number(request, "limit", LISTED);
    *l = (struct listing){.pipeline = p,
                          .request = request,
                          .state = request_text(request, "state"),
                          .list = json_array(),
                          .room = room < LIMIT_QUEUE_PAGE ? room : LIMIT_QUEUE_PAGE};
}

/* True when this row is for the next answer. */
static bool is_enough(struct listing *l, uint64_t id, size_t bytes)
{
    if (json_array_size(l->list) < l->room && l->looked < LIMIT_QUEUE_SCAN &&
        l->looked_bytes < LIMIT_QUEUE_SCAN_BYTES) {
        l->looked++;
        l->looked_bytes += bytes;
        return false;
    }
    l->next = id;
    return true;
}

/* A result that is on its way to the disk counts as leased, as it does in the counts. */
static bool has_state(const json_t *known, const char *wanted)
{
    const char *state = json_string_value(json_object_get(known, "state"));
    return state && (!wanted || strcmp(state, wanted) == 0 ||
                     (strcmp(wanted, "leased") == 0 && strcmp(state, "settling") == 0));
}

static int list_queued(void *ctx, uint64_t id, struct str row)
{
    struct listing *l = ctx;
    if (is_enough(l, id, row.len))
        return 1;
    json_t *known = dispatch_explain(l->pipeline->dispatch, id);
    if (has_state(known, l->state))
        json_array_append_new(l->list, queued_line(known, id, row));
    json_decref(known);
    return 0;
}

static int list_dead(void *ctx, uint64_t id, const struct store_dead *dead)
{
    struct listing *l = ctx;
    if (is_enough(l, id, dead->work.len))
        return 1;
    if (queue_reason_matches(l->request, dead))
        json_array_append_new(l->list, dead_line(id, dead));
    return 0;
}

static json_t *listing_answer(const struct listing *l)
{
    return json_pack("{s:b, s:o, s:o}", "ok", 1, "items", l->list, "next",
                     l->next ? json_integer((json_int_t)l->next) : json_null());
}

void queue_list(struct pipeline *p, const json_t *request, struct control_call *call)
{
    struct listing l;
    const char *state = request_text(request, "state");
    if (state && strcmp(state, "dead") == 0) {
        queue_dead(p, request, call);
        return;
    }
    listing_begin(&l, p, request);
    store_each_work(p->store, request_number(request, "from", 0), list_queued, &l);
    control_answer(call, listing_answer(&l));
}

void queue_dead(struct pipeline *p, const json_t *request, struct control_call *call)
{
    struct listing l;
    listing_begin(&l, p, request);
    queue_each_dead(p, request_number(request, "from", 0), list_dead, &l);
    json_t *answer = listing_answer(&l);
    set(answer, "dead", json_integer((json_int_t)p->durable.dead));
    control_answer(call, answer);
}

/* The counts, and the first rows that are not done. */
void queue_summary(struct pipeline *p, const json_t *request, struct control_call *call)
{
    struct listing l;
    listing_begin(&l, p, request);
    store_each_work(p->store, 0, list_queued, &l);
    json_t *answer = listing_answer(&l);
    set(answer, "queue", status_queue(p));
    control_answer(call, answer);
}

/* ------------------------------------------------------------------------------------- one item */

static json_t *whole_work(struct str row)
{
    struct str work = work_of_row(row);
    json_t *record = json_loadb(work.at, work.len, 0, NULL);
    return record ? record : json_null();
}

static int show_dead(void *ctx, uint64_t id, const struct store_dead *dead)
{
    struct listing *l = ctx;
    if (id == l->next) {
        json_t *line = dead_line(id, dead);
        set(line, "work", whole_work(dead->work));
        json_array_append_new(l->list, line);
    }
    return 1;
}

static void show_queued(struct listing *l)
{
    struct buf row = BUF_NONE;
    if (store_queue_get(l->pipeline->store, l->next, &row) == 0) {
        json_t *known = dispatch_explain(l->pipeline->dispatch, l->next);
        if (known) {
            json_t *line = queued_line(known, l->next, buf_str(&row));
            set(line, "work", whole_work(buf_str(&row)));
            json_array_append_new(l->list, line);
        }
        json_decref(known);
    }
    buf_free(&row);
}

void queue_show(struct pipeline *p, const json_t *request, struct control_call *call)
{
    struct listing l = {.pipeline = p, .next = request_number(request, "id", 0)};
    l.list = json_array();
    show_queued(&l);
    if (json_array_size(l.list) == 0)
        queue_each_dead(p, l.next, show_dead, &l);
    json_t *item = json_incref(json_array_get(l.list, 0));
    json_decref(l.list);
    if (item)
        control_answer(call, json_pack("{s:b, s:o}", "ok", 1, "item", item));
    else
        control_fail(call, EX_NOINPUT,
                     "no item %llu is in the queue or dead: it is done, or never was",
                     (unsigned long long)l.next);
}
