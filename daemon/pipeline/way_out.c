/*
 * From a worker's record to a result that is durable and then live. Results and tries of one turn of
 * the loop are one change.
 */
#include "inside.h"

#include <stdlib.h>

#include "clock.h"
#include "hash.h"
#include "limits.h"
#include "log.h"
#include "topics.h"

struct topic_row { /* the newest result of each topic, durable or on its way */
    char *topic;
    uint64_t seq;
    UT_hash_handle hh;
};

static struct batch *out_batch(struct pipeline *p)
{
    if (!p->out)
        p->out = batch_new(p);
    p->out->dirty = true;
    return p->out;
}

void way_out_flush(struct pipeline *p)
{
    struct batch *batch = p->out;
    p->out = NULL;
    if (batch)
        batch_commit(batch);
}

void way_out_stop(struct pipeline *p)
{
    struct topic_row *row, *next;
    way_out_flush(p);
    HASH_ITER(hh, p->topics, row, next) {
        HASH_DEL(p->topics, row);
        free(row->topic);
        free(row);
    }
}

/* --------------------------------------------------------------------------------------- topics */

static struct topic_row *topic_row(struct pipeline *p, struct str topic)
{
    struct topic_row *row = NULL;
    HASH_FIND(hh, p->topics, topic.at, topic.len, row);
    if (row)
        return row;
    row = xcalloc(1, sizeof *row);
    row->topic = str_dup(topic);
    if (store_topic_last(p->store, topic, &row->seq) != 0)
        row->seq = 0;
    HASH_ADD_KEYPTR(hh, p->topics, row->topic, topic.len, row);
    return row;
}

/* A part of a topic: lower case letters, digits and '-', never empty, no dots. */
static void put_part(struct buf *topic, const char *text, const char *otherwise)
{
    size_t from = topic->len;
    for (const char *c = text ? text : ""; *c && topic->len - from < LIMIT_SOURCE_ID; c++) {
        if ((*c >= 'a' && *c <= 'z') || (*c >= '0' && *c <= '9') || *c == '-' || *c == '_')
            buf_putc(topic, *c);
        else if (*c >= 'A' && *c <= 'Z')
            buf_putc(topic, (char)(*c | 0x20));
    }
    if (topic->len == from)
        buf_putz(topic, otherwise);
}

static const char *text_at(const json_t *object, const char *key)
{
    return json_string_value(json_object_get(object, key));
}

static const char *best_topic(const json_t *analysis)
{
    const json_t *best = json_array_get(json_object_get(analysis, "topics"), 0);
    const struct topic *topic = topic_by_uri(str_of(text_at(best, "uri")));
    return topic ? topic->slug : NULL;
}

/* "en" of "en-GB": a topic is filtered by prefix, so its parts are kept short and few. */
static void put_language(struct buf *topic, const json_t *record, const json_t *analysis)
{
    const char *code = text_at(json_object_get(analysis, "language"), "code");
    if (!code)
        code = text_at(json_object_get(record, "item"), "language");
    char primary[9];
    snprintf(primary, sizeof primary, "%s", code ? code : "");
    primary[strcspn(primary, "-_")] = '\0';
    put_part(topic, primary, "und");
}

static void put_topic(struct buf *topic, const json_t *record)
{
    const json_t *analysis = json_object_get(record, "analysis");
    put_part(topic, text_at(record, "event"), "new");
    buf_putc(topic, '.');
    put_language(topic, record, analysis);
    buf_putc(topic, '.');
    put_part(topic, best_topic(analysis), "none");
    buf_putc(topic, '.');
    put_part(topic, text_at(json_object_get(record, "source"), "id"), "none");
}

/* --------------------------------------------------------------------------------------- results */

static void add_result(struct pipeline *p, uint64_t id, const json_t *record, struct str bytes)
{
    struct batch *batch = out_batch(p);
    struct buf topic = BUF_NONE;
    put_topic(&topic, record);
    struct topic_row *row = topic_row(p, buf_str(&topic));
    batch->results = xrealloc(batch->results, (batch->result_count + 1) * sizeof *batch->results);
    struct batch_result *result = &batch->results[batch->result_count++];
    *result = (struct batch_result){.id = id, .seq = p->numbers.next_seq++, .prev = row->seq};
    result->topic = xstrdup(row->topic);
    buf_puts(&result->record, bytes);
    row->seq = result->seq;

    const json_t *item = json_object_get(record, "item");
    struct store_result stored = {
        .seq = result->seq,
        .prev = result->prev,
        .at = clock_now(),
        .topic = buf_str(&topic),
        .uri = str_of(text_at(item, "uri")),
        .version = str_of(text_at(item, "version")),
        .record = bytes,
    };
    store_put_result(batch->change, &stored);
    buf_free(&topic);
}

/* The queue row goes in the same change that logs the result, so a second result of the same item
 * and version can only come of an item that an operator queued again: its first result stands. */
static void settle(struct pipeline *p, uint64_t id, const json_t *record, struct str bytes)
{
    const json_t *item = json_object_get(record, "item");
    uint64_t seq;
    if (store_result_of(p->store, str_of(text_at(item, "uri")), str_of(text_at(item, "version")),
                        &seq) == 0) {
        struct batch *batch = out_batch(p);
        batch->results = xrealloc(batch->results, (batch->result_count + 1) * sizeof *batch->results);
        batch->results[batch->result_count++] = (struct batch_result){.id = id};
    } else {
        add_result(p, id, record, bytes);
    }
    store_queue_drop(out_batch(p)->change, id);
    p->numbers.done++;
}

static const char *record_fault(struct pipeline *p, uint64_t id, const json_t *record)
{
    const json_t *item = json_object_get(record, "item");
    const char *uri = text_at(item, "uri"), *version = text_at(item, "version");
    if (!json_is_object(record) || !uri || !version || !text_at(record, "event"))
        return "record-malformed";
    struct buf row = BUF_NONE;
    const char *fault = NULL;
    if (store_queue_get(p->store, id, &row) != 0)
        fault = "not-queued";
    else if (!work_is(buf_str(&row), uri, version))
        fault = "record-of-another-item";
    buf_free(&row);
    return fault;
}

static void on_result(struct pipeline *p, const struct dispatch_event *event)
{
    json_error_t error;
    json_t *record = json_loadb(event->record.at, event->record.len, JSON_REJECT_DUPLICATES, &error);
    const char *fault = record_fault(p, event->id, record);
    if (fault) {
        log_warning("pipeline: result refused queue=%llu worker=%s why=%s",
                    (unsigned long long)event->id, log_safez(event->worker), fault);
        dispatch_refuse(p->dispatch, event->id, fault);
    } else if (json_object_get(record, "seq")) { /* the daemon's to give */
        json_object_del(record, "seq");
        char *text = json_dumps(record, JSON_COMPACT);
        settle(p, event->id, record, str_of(text));
        free(text);
    } else {
        settle(p, event->id, record, event->record);
    }
    json_decref(record);
}

static void on_load(struct pipeline *p, struct dispatch_event *event)
{
    struct buf row = BUF_NONE;
    if (store_queue_get(p->store, event->id, &row) == 0)
        buf_puts(event->load, work_of_row(buf_str(&row)));
    buf_free(&row);
}

static void on_dead(struct pipeline *p, const struct dispatch_event *event)
{
    struct batch *batch = out_batch(p);
    struct buf row = BUF_NONE;
    if (store_queue_get(p->store, event->id, &row) != 0)
        buf_reset(&row);
    store_queue_bury(batch->change, event->id, buf_str(&row), str_of(event->reason));
    buf_free(&row);
    p->numbers.dead++;
    log_warning("pipeline: item is dead queue=%llu worker=%s why=%s", (unsigned long long)event->id,
                log_safez(event->worker), log_safez(event->reason));
}

void way_out_dispatch(void *ctx, struct dispatch_event *event)
{
    struct pipeline *p = ctx;
    switch (event->type) {
    case DISPATCH_LOAD:
        on_load(p, event);
        break;
    case DISPATCH_TRIES:
        store_queue_tries(out_batch(p)->change, event->id,
                          (struct store_tries){event->deliveries, event->deaths});
        break;
    case DISPATCH_RESULT:
        on_result(p, event);
        break;
    case DISPATCH_DEAD:
        on_dead(p, event);
        break;
    }
}
