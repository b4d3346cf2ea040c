/*
 * From a batch that a program handed in to items that are durable in the queue, and the answer.
 *
 *     waiting ── documents ──► parser ── items ──► accept.c ── last change durable ──► TAKEN
 *        ▲
 *        └ held (flow.c): the parser is given nothing, so nothing new is answered
 *
 * The ninjs documents of a batch go to one child as one text (RFC 7464), so that the way there is
 * paid once. When that text costs the child its life its documents go one by one, and the culprit
 * alone is refused. The last change of a batch carries its source's state, so it is never empty; and
 * as changes become durable in order, everything of the batch is durable with it, also what was
 * found known because a batch before it brought it.
 */
#include "carrier.h"

#include <errno.h>
#include <stdlib.h>

#include "clock.h"
#include "crash.h"
#include "limits.h"
#include "list.h"
#include "log.h"

#define ITEMS_A_TURN     64
#define RECORD_SEPARATOR '\x1e' /* begins each text of a sequence; no JSON text holds it */

struct reading { /* documents that are one text for the parser */
    struct reading *prev, *next;
    struct push *push;
    size_t first, count; /* of the batch's documents */
    int64_t fetched_at;
    struct parser_job *job;
    struct item **items; /* not looked at yet from next_item on */
    size_t item_count, next_item;
    ev_timer slice;
};

struct push {
    struct push *prev, *next, **list;
    struct pipeline *pipeline;
    struct intake_batch *batch;
    const struct wire_intake *given; /* the batch's */
    struct source *source;
    enum dispatch_lane lane;
    enum parse_type type;
    bool apart;           /* each document by itself */
    bool settling;        /* the last change is on its way to the disk */
    size_t next_document; /* that the parser was not given yet */
    struct reading *readings;
    uint32_t items;
    struct wire_intake taken;
    char *why[LIMIT_BATCH_ITEMS]; /* what taken.told lends */
};

static const char *push_id(const struct push *push)
{
    return source_def(push->source)->id;
}

/* Onto the list that says where it stands. */
static void push_place(struct push *push)
{
    struct pipeline *p = push->pipeline;
    bool waits = push->next_document < push->given->count;
    struct push **list = waits ? &p->push.waiting[push->lane] : &p->push.under_way;
    if (list == push->list)
        return;
    if (push->list)
        DL_DELETE(*push->list, push);
    push->list = list;
    DL_APPEND(*list, push);
}

/* ------------------------------------------------------------------------------- end of a batch */

static void reading_free(struct reading *reading)
{
    struct pipeline *p = reading->push->pipeline;
    DL_DELETE(reading->push->readings, reading);
    ev_timer_stop(p->loop, &reading->slice);
    if (reading->job) {
        parser_cancel(reading->job);
        p->push.reading--;
    }
    for (size_t i = reading->next_item; i < reading->item_count; i++)
        item_free(reading->items[i]);
    free(reading->items);
    free(reading);
}

static void push_free(struct push *push)
{
    DL_DELETE(*push->list, push);
    while (push->readings)
        reading_free(push->readings);
    for (size_t i = 0; i < ARRAY_LEN(push->why); i++)
        free(push->why[i]);
    free(push);
}

/* Everything of it is on the disk. */
static void on_durable(void *ctx)
{
    struct push *push = ctx;
    struct pipeline *p = push->pipeline;
    const struct wire_intake *taken = &push->taken;
    p->push.accepted += taken->accepted;
    p->push.known += taken->known;
    p->push.refused += taken->refused;
    log_debug("pipeline: batch taken source=%s documents=%zu accepted=%llu known=%llu refused=%llu",
              push_id(push), push->given->count, (unsigned long long)taken->accepted,
              (unsigned long long)taken->known, (unsigned long long)taken->refused);
    CRASH_POINT("before-taken");
    intake_taken(push->batch, taken);
    CRASH_POINT("taken-sent");
    push_free(push);
}

/* The last of its documents has been looked through: `batch` is its last change. */
static void push_settle(struct push *push, struct batch *batch)
{
    struct buf state = BUF_NONE;
    source_pushed(push->source, push->items, (uint32_t)push->taken.accepted,
                  (uint32_t)push->taken.refused);
    source_state(push->source, &state);
    store_put_source(batch->change, str_of(push_id(push)), buf_str(&state));
    buf_free(&state);
    batch->dirty = true;
    batch->then = on_durable;
    batch->then_ctx = push;
    push->settling = true;
}

/* ------------------------------------------------------------------------------------- refusals */

/* A document, or a line of one, is not taken. The first ones are told by name. */
static void refuse(struct push *push, size_t at, uint32_t line, const char *reason, const char *why)
{
    struct wire_intake *taken = &push->taken;
    taken->refused++;
    push->pipeline->seen.documents_refused++;
    log_info("pipeline: document refused source=%s at=%zu line=%u reason=%s why=%s", push_id(push),
             at, line, reason, log_safez(why));
    if (taken->count == ARRAY_LEN(push->why))
        return;
    char *kept = push->why[taken->count] = xstrdup(why ? why : "");
    taken->told[taken->count++] = (struct wire_told){
        .at = (uint32_t)at, .line = line, .reason = str_of(reason), .why = str_of(kept)};
}

/* Of the item that was just refused. */
static void refuse_item(struct push *push, size_t at, const char *why)
{
    bool empty = strcmp(why, CARRIER_EMPTY) == 0;
    refuse(push, at, 0, empty ? "empty" : "over-limit", why);
    push->pipeline->seen.documents_refused--; /* counted as an item already */
}

static const char *reason_of(int error)
{
    switch (error) {
    case -EBADMSG:
        return "not-understood";
    case -EMSGSIZE:
        return "over-limit";
    default:
        return "given-up";
    }
}

/* Lines that were refused by themselves, then what is wrong with all of it. */
static void refuse_parts(struct reading *reading, const struct parser_answer *answer)
{
    const struct parse_report *report = &answer->report;
    struct push *push = reading->push;
    bool lines = report->refused_count > 0;
    for (size_t i = 0; i < report->refused_count; i++) {
        const struct parse_refused *refused = &report->refused[i];
        if (refused->document < reading->count)
            refuse(push, reading->first + refused->document, refused->line, "not-understood",
                   parse_fault_text(refused->fault));
    }
    if (lines)
        push->taken.refused += report->bad_items - report->refused_count;
    if (answer->error && !(lines && answer->error == -EBADMSG))
        refuse(push, reading->first, 0, reason_of(answer->error), report->reason);
}

/* ---------------------------------------------------------------------------------------- items */

static void take_item(struct reading *reading, struct carrier *carrier, struct batch *batch,
                      const struct item *item)
{
    struct push *push = reading->push;
    size_t at = reading->first + (item->document < reading->count ? item->document : 0);
    uint32_t refused = carrier->refused;
    struct str given = push->given->document[at].url;
    char *url = given.len ? str_dup(given) : NULL;
    carrier->url = url;
    carrier_take(carrier, batch, item);
    carrier->url = NULL;
    free(url);
    if (carrier->refused > refused)
        refuse_item(push, at, carrier->why);
    push->items++;
}

/* Some items a turn; the last slice of the last document ends the batch. */
static void take_slice(struct reading *reading)
{
    struct push *push = reading->push;
    struct pipeline *p = push->pipeline;
    struct batch *batch = batch_new(p);
    struct carrier carrier = {.pipeline = p,
                              .source = push->source,
                              .fetched_at = reading->fetched_at,
                              .lane = push->lane};
    for (int left = ITEMS_A_TURN; left > 0 && reading->next_item < reading->item_count; left--) {
        struct item *item = reading->items[reading->next_item++];
        take_item(reading, &carrier, batch, item);
        item_free(item);
    }
    push->taken.accepted += carrier.fresh;
    push->taken.known += carrier.known;
    if (reading->next_item < reading->item_count)
        ev_timer_start(p->loop, &reading->slice);
    else
        reading_free(reading);
    if (!push->readings && push->next_document == push->given->count)
        push_settle(push, batch);
    batch_commit(batch);
    pipeline_weigh(p);
    push_go(p);
}

static void on_slice(struct ev_loop *loop, ev_timer *w, int events)
{
    (void)loop;
    (void)events;
    take_slice(w->data);
}

/* ---------------------------------------------------------------------------------- the reading */

static void steal_items(struct reading *reading, const struct parser_answer *answer)
{
    reading->items = xcalloc(answer->count, sizeof(*reading->items));
    reading->item_count = answer->count;
    for (size_t i = 0; i < answer->count; i++) {
        reading->items[i] = answer->items[i];
        answer->items[i] = NULL;
    }
}

/* The text of several documents was too much for its child, or for a limit. */
static void read_apart(struct reading *reading)
{
    struct push *push = reading->push;
    log_info("pipeline: a batch is read document by document source=%s documents=%zu",
             push_id(push), reading->count);
    push->apart = true;
    push->next_document = 0;
    reading_free(reading);
    push_place(push);
    push_go(push->pipeline);
}

static void on_parsed(void *ctx, const struct parser_answer *answer)
{
    struct reading *reading = ctx;
    reading->job = NULL;
    reading->push->pipeline->push.reading--;
    if (answer->error && answer->error != -EBADMSG && reading->count > 1) {
        read_apart(reading);
        return;
    }
    refuse_parts(reading, answer);
    if (reading->count == 1) /* of several together the pusher is told which it was */
        quarantine_take(reading->push->pipeline->quarantine, push_id(reading->push),
                        reading->push->given->document[reading->first].url, answer);
    if (way_in_is_bare(answer))
        refuse(reading->push, reading->first, 0, "not-understood", "a sitemap without headlines");
    else if (answer->error == 0)
        steal_items(reading, answer);
    take_slice(reading);
}

/* Whether the next documents, all that are left, may go as one text. */
static bool fit_together(const struct push *push)
{
    const struct wire_intake *given = push->given;
    if (push->type != PARSE_NINJS || push->apart || given->count == 1)
        return false;
    for (size_t i = 1; i < given->count; i++)
        if (!str_eq(given->document[i].url, given->document[0].url))
            return false;
    return true;
}

/* A document with a separator in it is none; an empty text in its place keeps the numbers right, and
 * is refused. */
static void put_text(struct buf *out, struct str document)
{
    buf_putc(out, RECORD_SEPARATOR);
    if (str_chr(document, RECORD_SEPARATOR) == SIZE_MAX)
        buf_puts(out, document);
    buf_putc(out, '\n');
}

/* One document as it is, several as a sequence. */
static void put_texts(struct buf *out, const struct wire_document *document, size_t count)
{
    size_t len = 0;
    for (size_t i = 0; i < count; i++)
        len += document[i].bytes.len + 2;
    buf_reserve(out, len);
    if (count == 1)
        buf_puts(out, document->bytes);
    for (size_t i = 0; count > 1 && i < count; i++)
        put_text(out, document[i].bytes);
}

static void read_next(struct push *push)
{
    struct pipeline *p = push->pipeline;
    const struct wire_document *document = &push->given->document[push->next_document];
    struct reading *reading = xcalloc(1, sizeof *reading);
    struct buf text = BUF_NONE;
    reading->push = push;
    reading->first = push->next_document;
    reading->count = fit_together(push) ? push->given->count : 1;
    reading->fetched_at = clock_now();
    ev_timer_init(&reading->slice, on_slice, 0, 0);
    reading->slice.data = reading;
    put_texts(&text, document, reading->count);
    struct parse_request request = {.type = push->type,
                                    .url = document->url,
                                    .charset = document->charset,
                                    .fetched_at = reading->fetched_at};
    DL_APPEND(push->readings, reading);
    push->next_document += reading->count;
    p->push.reading++;
    push_place(push);
    reading->job = parser_submit(p->parser, &request, &text, on_parsed, reading);
}

void push_go(struct pipeline *p)
{
    for (int lane = 0; lane < DISPATCH_LANES; lane++)
        while (p->push.waiting[lane] && p->push.reading < LIMIT_PUSH_READING && !p->held)
            read_next(p->push.waiting[lane]);
}

/* ------------------------------------------------------------------------------- start of a batch */

static int type_of(struct str name, enum parse_type *out)
{
    *out = PARSE_AUTO;
    return name.len ? parse_type_of(name, out) : 0;
}

static enum dispatch_lane lane_of(struct str name, const struct source *source)
{
    if (name.len)
        return str_is(name, "backfill") ? LANE_BACKFILL : LANE_LIVE;
    return source_def(source)->lane == SOURCE_BACKFILL ? LANE_BACKFILL : LANE_LIVE;
}

void push_up(void *ctx, struct intake_batch *batch)
{
    struct pipeline *p = ctx;
    const struct wire_intake *given = intake_push(batch);
    struct source *source = catalog_push_source(p, given->source);
    enum parse_type type;
    if (!source) {
        intake_refuse(batch, WIRE_BAD_SOURCE, "no source of kind push has this id");
    } else if (source_health(source) == SOURCE_PAUSED) {
        intake_refuse(batch, WIRE_UNAVAILABLE, "the source is paused by command");
    } else if (type_of(given->type, &type) != 0) {
        intake_refuse(batch, WIRE_BAD_TYPE, "dateline parse --help lists the types");
    } else {
        CRASH_POINT("pushed");
        struct push *push = xcalloc(1, sizeof *push);
        push->pipeline = p;
        push->batch = batch;
        push->given = given;
        push->source = source;
        push->lane = lane_of(given->lane, source);
        push->type = type;
        push_place(push);
        push_go(p);
    }
}

/* ----------------------------------------------------------------------------------- stopping */

void push_drain(struct pipeline *p)
{
    struct push *push, *next;
    for (int lane = 0; lane < DISPATCH_LANES; lane++)
        DL_FOREACH_SAFE (p->push.waiting[lane], push, next) {
            if (push->readings || push->next_document)
                continue;
            intake_refuse(push->batch, WIRE_DRAINING, NULL);
            push_free(push);
        }
}

static void forget(struct push *list, bool settling_too)
{
    struct push *push, *next;
    DL_FOREACH_SAFE (list, push, next)
        if (settling_too || !push->settling)
            push_free(push);
}

void push_stop(struct pipeline *p)
{
    for (int lane = 0; lane < DISPATCH_LANES; lane++)
        forget(p->push.waiting[lane], false);
    forget(p->push.under_way, false);
}

void push_forget(struct pipeline *p)
{
    forget(p->push.under_way, true);
}

/* -------------------------------------------------------------------------------------- status */

json_t *push_json(struct pipeline *p)
{
    struct intake_counts c = {0};
    if (p->intake)
        intake_counts(p->intake, &c);
    return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:i, s:b}", "batches",
                     (json_int_t)c.batches, "documents", (json_int_t)c.documents, "accepted",
                     (json_int_t)p->push.accepted, "known", (json_int_t)p->push.known, "refused",
                     (json_int_t)p->push.refused, "refused_batches", (json_int_t)c.refused,
                     "unanswered", (json_int_t)c.unanswered, "bytes", (json_int_t)c.bytes, "peers",
                     (int)c.peers, "reading", (int)c.reading);
}
