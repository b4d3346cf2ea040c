/*
 * From a worker's record to a result that is durable and then live. Results and tries of one turn of
 * the loop are one change.
 *
 * Acknowledgements without a result are waited for by nobody: they go with the next change, so that they cost
 * the disk no sync of their own, or by themselves after ACKS_WAIT_S.
 */
#include "inside.h"

#include <errno.h>
#include <stdlib.h>

#include "clock.h"
#include "crash.h"
#include "hash.h"
#include "jsonscan.h"
#include "limits.h"
#include "log.h"
#include "topics.h"

#define ACKS_WAIT_S 0.002
#define ACKS_HELD   1024  /* then they go at once */
#define TOPICS_KEPT 65536 /* 200 bytes each; publishers' languages and sources make more of them */

struct topic_row { /* the newest result of a topic, durable or on its way */
    char *topic;
    uint64_t seq;
    UT_hash_handle hh;
};

static struct batch *patient_batch(struct pipeline *p)
{
    if (!p->out)
        p->out = batch_new(p);
    p->out->dirty = true;
    return p->out;
}

static struct batch *out_batch(struct pipeline *p)
{
    struct batch *batch = patient_batch(p);
    batch->urgent = true;
    return batch;
}

static void on_acks_waited(struct ev_loop *loop, ev_timer *w, int events)
{
    (void)loop;
    (void)events;
    way_out_flush(w->data);
}

void way_out_start(struct pipeline *p)
{
    ev_timer_init(&p->acks, on_acks_waited, ACKS_WAIT_S, 0);
    p->acks.data = p;
}

void way_out_turn(struct pipeline *p)
{
    if (!p->out)
        return;
    if (p->out->urgent || p->out->result_count >= ACKS_HELD || p->draining)
        way_out_flush(p);
    else if (!ev_is_active(&p->acks))
        ev_timer_start(p->loop, &p->acks);
}

void way_out_flush(struct pipeline *p)
{
    struct batch *batch = p->out;
    if (batch && batch->result_count)
        CRASH_POINT("before-settle-commit");
    p->out = NULL;
    ev_timer_stop(p->loop, &p->acks);
    if (batch)
        batch_commit(batch);
}

static void topic_forget(struct pipeline *p, struct topic_row *row)
{
    HASH_DEL(p->topics, row);
    free(row->topic);
    free(row);
}

void way_out_stop(struct pipeline *p)
{
    struct topic_row *row, *next;
    way_out_flush(p);
    HASH_ITER (hh, p->topics, row, next)
        topic_forget(p, row);
}

/* --------------------------------------------------------------------------------------- topics */

/* The one that was added first, when there are many: the store knows what is durable. */
static void forget_first(struct pipeline *p)
{
    if (HASH_COUNT(p->topics) >= TOPICS_KEPT && p->topics->seq < p->durable.next_seq)
        topic_forget(p, p->topics);
}

/* NULL: what came before in this topic cannot be read. To guess would be to lie to subscribers. */
static struct topic_row *topic_row(struct pipeline *p, struct str topic)
{
    struct topic_row *row = NULL;
    uint64_t seq = 0;
    HASH_FIND(hh, p->topics, topic.at, topic.len, row);
    if (row)
        return row;
    int rc = store_topic_last(p->store, topic, &seq);
    if (rc != 0 && rc != -ENOENT)
        return NULL;
    forget_first(p);
    row = xcalloc(1, sizeof *row);
    row->topic = str_dup(topic);
    row->seq = seq;
    HASH_ADD_KEYPTR(hh, p->topics, row->topic, topic.len, row);
    return row;
}

/* A part of a topic: lower case letters, digits and '-', never empty, no dots. */
static void put_part(struct buf *topic, struct str text, const char *otherwise)
{
    size_t from = topic->len;
    for (size_t i = 0; i < text.len && topic->len - from < LIMIT_SOURCE_ID; i++) {
        char c = text.at[i];
        if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_')
            buf_putc(topic, c);
        else if (c >= 'A' && c <= 'Z')
            buf_putc(topic, (char)(c | 0x20));
    }
    if (topic->len == from)
        buf_putz(topic, otherwise);
}

/* What is needed of a record. The texts are lent from its bytes, or from `whole`. */
struct record_facts {
    struct str event, uri, version, source, language, declared, topic;
    bool has_seq;
    json_t *whole; /* when it was read whole */
};

enum {
    AT_EVENT,
    AT_URI,
    AT_VERSION,
    AT_SOURCE,
    AT_LANGUAGE,
    AT_DECLARED,
    AT_TOPIC,
    AT_SEQ,
    PLACES
};

static const char *const places[PLACES] = {
    [AT_EVENT] = "event",
    [AT_URI] = "item.uri",
    [AT_VERSION] = "item.version",
    [AT_SOURCE] = "source.id",
    [AT_LANGUAGE] = "analysis.language.code",
    [AT_DECLARED] = "item.language",
    [AT_TOPIC] = "analysis.topics.0.uri",
    [AT_SEQ] = "seq",
};

static void facts_of(const struct jsonscan_want *wants, struct record_facts *out)
{
    out->event = wants[AT_EVENT].value;
    out->uri = wants[AT_URI].value;
    out->version = wants[AT_VERSION].value;
    out->source = wants[AT_SOURCE].value;
    out->language = wants[AT_LANGUAGE].value;
    out->declared = wants[AT_DECLARED].value;
    out->topic = wants[AT_TOPIC].value;
    out->has_seq = wants[AT_SEQ].present;
}

/* The same by a tree, for what the quick walk does not take. */
static json_t *walk(json_t *at, const char *path)
{
    struct str rest = str_of(path), name;
    while (at && str_cut(&rest, '.', &name)) {
        char key[32];
        snprintf(key, sizeof key, "%.*s", STR_ARG(name));
        at = json_is_array(at) ? json_array_get(at, strtoul(key, NULL, 10))
                               : json_object_get(at, key);
    }
    return at;
}

static bool read_whole(struct str bytes, struct jsonscan_want *wants, struct record_facts *out)
{
    out->whole = json_loadb(bytes.at, bytes.len, JSON_REJECT_DUPLICATES, NULL);
    if (!json_is_object(out->whole))
        return false;
    for (int i = 0; i < PLACES; i++) {
        json_t *found = walk(out->whole, wants[i].path);
        wants[i].present = found != NULL;
        wants[i].value = str_of(json_string_value(found));
    }
    return true;
}

static bool is_event(struct str event)
{
    return str_is(event, "new") || str_is(event, "update") || str_is(event, "correction") ||
           str_is(event, "retraction");
}

/* The caller drops out->whole in every case. */
static bool read_record(struct str bytes, struct record_facts *out)
{
    struct jsonscan_want wants[PLACES];
    memset(out, 0, sizeof *out);
    for (int i = 0; i < PLACES; i++)
        wants[i].path = places[i];
    if (jsonscan(bytes, wants, PLACES) != 0 && !read_whole(bytes, wants, out))
        return false;
    facts_of(wants, out);
    return is_event(out->event) && out->uri.len && out->version.len;
}

/* "en" of "en-GB": a topic is filtered by prefix, so its parts are kept short, and few: a publisher may
 * declare what it likes. */
static struct str primary(struct str language)
{
    size_t end = 0;
    while (end < language.len && language.at[end] >= 'a' && language.at[end] <= 'z')
        end++;
    bool whole = end == language.len || language.at[end] == '-' || language.at[end] == '_';
    return whole && (end == 2 || end == 3) ? str_upto(language, end) : STR_NONE;
}

static void put_topic(struct buf *out, const struct record_facts *facts)
{
    const struct topic *topic = topic_by_uri(facts->topic);
    put_part(out, facts->event, "new");
    buf_putc(out, '.');
    put_part(out, primary(facts->language.len ? facts->language : facts->declared), "und");
    buf_putc(out, '.');
    put_part(out, topic ? str_of(topic->slug) : STR_NONE, "none");
    buf_putc(out, '.');
    put_part(out, facts->source, "none");
}

/* --------------------------------------------------------------------------------------- results */

static void add_result(struct pipeline *p, uint64_t id, const struct record_facts *facts,
                       struct topic_row *row, struct str bytes)
{
    struct batch *batch = out_batch(p);
    struct batch_result *result = batch_add_result(batch);
    *result = (struct batch_result){.id = id, .seq = p->numbers.next_seq++, .prev = row->seq};
    result->topic = xstrdup(row->topic);
    buf_puts(&result->record, bytes);
    row->seq = result->seq;

    struct store_result stored = {
        .seq = result->seq,
        .prev = result->prev,
        .at = clock_now(),
        .topic = str_of(row->topic),
        .uri = facts->uri,
        .version = facts->version,
        .record = bytes,
    };
    store_put_result(batch->change, &stored);
}

/* Something was remembered of a delivery before this one. */
static bool was_tried(const struct dispatch_event *event)
{
    return event->deliveries > 1 || event->deaths > 0;
}

/* A damaged row holds up what depends on it and nothing else: a repair makes it anew. */
static void put_off(struct pipeline *p, const struct dispatch_event *event, const char *what)
{
    log_error("pipeline: result cannot be recorded, its item waits queue=%llu unreadable=%s",
              (unsigned long long)event->id, what);
    dispatch_put_off(p->dispatch, event->id);
}

static void settle_new(struct pipeline *p, const struct dispatch_event *event,
                       const struct record_facts *facts, struct str bytes)
{
    struct buf topic = BUF_NONE;
    put_topic(&topic, facts);
    struct topic_row *row = topic_row(p, buf_str(&topic));
    buf_free(&topic);
    if (!row) {
        put_off(p, event, "topic");
        return;
    }
    add_result(p, event->id, facts, row, bytes);
    store_queue_drop(out_batch(p)->change, event->id, was_tried(event));
    out_batch(p)->done++;
    p->numbers.done++;
}

/* The queue row goes in the same change that logs the result, so a second result of the same item
 * and version can only come of an item that an operator queued again: its first result stands. */
static void settle(struct pipeline *p, const struct dispatch_event *event,
                   const struct record_facts *facts, struct str bytes)
{
    uint64_t seq;
    int rc = store_result_of(p->store, facts->uri, facts->version, &seq);
    if (rc == 0)
        batch_finish(out_batch(p), event->id, was_tried(event));
    else if (rc == -ENOENT)
        settle_new(p, event, facts, bytes);
    else
        put_off(p, event, "recorded");
}

/* Its worker keeps its output itself. */
static void settle_without_record(struct pipeline *p, const struct dispatch_event *event)
{
    if (!p->failed)
        batch_finish(patient_batch(p), event->id, was_tried(event));
}

/* 0 or -ENOENT. Any other error is the store's, and nobody's fault who waits for the row. */
static int read_row(struct pipeline *p, uint64_t id, struct buf *out)
{
    int rc = store_queue_get(p->store, id, out);
    if (rc != 0 && rc != -ENOENT)
        pipeline_fail(p, "a row of the queue cannot be read", rc);
    return rc;
}

static const char *record_fault(struct pipeline *p, uint64_t id, const struct record_facts *facts)
{
    struct buf row = BUF_NONE;
    const char *fault = NULL;
    if (read_row(p, id, &row) != 0)
        fault = "not-queued";
    else if (!work_is(buf_str(&row), facts->uri, facts->version))
        fault = "record-of-another-item";
    buf_free(&row);
    return fault;
}

static void refuse(struct pipeline *p, const struct dispatch_event *event, const char *why)
{
    log_warning("pipeline: result refused queue=%llu worker=%s why=%s",
                (unsigned long long)event->id, log_safez(event->worker), why);
    dispatch_refuse(p->dispatch, event->id, why);
}

/* seq is the daemon's to give. */
static void settle_without_seq(struct pipeline *p, const struct dispatch_event *event,
                               const struct record_facts *facts)
{
    json_t *record = json_loadb(event->record.at, event->record.len, JSON_REJECT_DUPLICATES, NULL);
    if (!record) { /* the quick walk takes numbers beyond 64 bits, and a name twice inside */
        refuse(p, event, "record-malformed");
        return;
    }
    json_object_del(record, "seq");
    char *text = json_dumps(record, JSON_COMPACT);
    settle(p, event, facts, str_of(text));
    free(text);
    json_decref(record);
}

static void on_result(struct pipeline *p, const struct dispatch_event *event)
{
    struct record_facts facts;
    const char *fault = "record-malformed";
    CRASH_POINT("result-received");
    if (read_record(event->record, &facts))
        fault = record_fault(p, event->id, &facts);
    if (p->failed) {
        json_decref(facts.whole);
        return;
    }
    if (fault) {
        refuse(p, event, fault);
    } else if (facts.has_seq) {
        settle_without_seq(p, event, &facts);
    } else {
        settle(p, event, &facts, event->record);
    }
    json_decref(facts.whole);
}

/* The row is read where it is wanted, and loses its head there. */
static void on_load(struct pipeline *p, struct dispatch_event *event)
{
    struct buf *load = event->load;
    size_t before = load->len;
    int rc = store_queue_get(p->store, event->id, load);
    struct str row = str_from(buf_str(load), before);
    if (rc == 0) {
        struct str work = work_of_row(row);
        memmove(load->at + before, work.at, work.len);
        load->len = before + work.len;
    } else if (rc != -ENOENT) { /* a damaged block takes no more with it than what lies in it */
        event->unreadable = true;
    }
}

static void on_dead(struct pipeline *p, const struct dispatch_event *event)
{
    struct batch *batch = out_batch(p);
    struct buf row = BUF_NONE;
    read_row(p, event->id, &row);
    if (p->failed) { /* nothing is buried whose text could not be read */
        buf_free(&row);
        return;
    }
    store_queue_bury(batch->change, event->id,
                     &(struct store_dead){.reason = str_of(event->reason),
                                          .worker = str_of(event->worker),
                                          .at = clock_now(),
                                          .deliveries = event->deliveries,
                                          .deaths = event->deaths,
                                          .work = buf_str(&row)});
    buf_free(&row);
    batch->dead++;
    p->numbers.dead++;
    p->seen.died++;
    p->durable.dead++; /* dispatch has let it go: what is shown has to balance at once */
    log_warning("pipeline: item is dead queue=%llu worker=%s why=%s", (unsigned long long)event->id,
                log_safez(event->worker), log_safez(event->reason));
}

/* Whether a newer version of what is queued was accepted: it took its place, though perhaps when this one was
 * on its way to the disk and could not be withdrawn. */
static bool is_stale(struct pipeline *p, uint64_t id, struct str row)
{
    struct str work = work_of_row(row);
    json_t *record = json_loadb(work.at, work.len, 0, NULL);
    const char *uri = json_string_value(json_object_get(json_object_get(record, "item"), "uri"));
    struct link_known known;
    uint8_t key[16];
    bool stale = uri && link_id_of(str_of(uri), key) == 0 &&
                 link_lookup(p->link, key, &known) == 0 && known.queue_id != id;
    json_decref(record);
    return stale;
}

static void on_release(struct pipeline *p, struct dispatch_event *event)
{
    struct buf row = BUF_NONE;
    if (!p->failed && read_row(p, event->id, &row) == 0 && is_stale(p, event->id, buf_str(&row))) {
        event->stale = true;
        batch_finish(out_batch(p), event->id, false);
    }
    log_info("pipeline: embargo over queue=%llu %s", (unsigned long long)event->id,
             event->stale ? "replaced=yes" : "ready=yes");
    buf_free(&row);
}

void way_out_dispatch(void *ctx, struct dispatch_event *event)
{
    struct pipeline *p = ctx;
    switch (event->type) {
    case DISPATCH_LOAD:
        on_load(p, event);
        break;
    case DISPATCH_RELEASE:
        on_release(p, event);
        break;
    case DISPATCH_TRIES:
        store_queue_tries(out_batch(p)->change, event->id,
                          (struct store_tries){event->deliveries, event->deaths});
        break;
    case DISPATCH_RESULT:
        on_result(p, event);
        break;
    case DISPATCH_ACK:
        settle_without_record(p, event);
        break;
    case DISPATCH_DEAD:
        on_dead(p, event);
        break;
    }
}
