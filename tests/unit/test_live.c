#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <unistd.h>

#include "clock.h"
#include "inside.h"
#include "limits.h"
#include "wire.h"

#define FEED   "inproc://live"
#define REPLAY "inproc://replay"

/* The store: record n stands under new.en.a.x when n is odd, new.fi.b.y when it is even. */
struct world {
    void *zmq, *sub, *ask;
    struct ev_loop *loop;
    struct live *live;
    uint64_t stored, oldest;
    size_t bytes; /* of a record */
    int read_error;
    struct wire_parts parts;
    struct wire_live message;
    struct wire_records records;
};

static struct str topic_of(uint64_t seq)
{
    return seq % 2 ? STR("new.en.a.x") : STR("new.fi.b.y");
}

static void record_of(const struct world *w, uint64_t seq, struct buf *out)
{
    size_t begin = out->len;
    buf_printf(out, "{\"event\":\"new\",\"n\":%llu,\"x\":\"", (unsigned long long)seq);
    while (out->len - begin + 2 < w->bytes)
        buf_putc(out, 'x');
    buf_putz(out, "\"}");
}

static int read_store(void *ctx, uint64_t seq,
                      int (*emit)(void *emit_ctx, const struct live_record *record), void *emit_ctx)
{
    const struct world *w = ctx;
    struct buf record = BUF_NONE;
    int err = w->read_error;
    for (seq = seq < w->oldest ? w->oldest : seq; seq <= w->stored && !err; seq++) {
        buf_reset(&record);
        record_of(w, seq, &record);
        struct live_record r = {.seq = seq,
                                .prev = seq > 2 ? seq - 2 : 0,
                                .topic = topic_of(seq),
                                .record = buf_str(&record)};
        err = emit(emit_ctx, &r);
    }
    buf_free(&record);
    return err;
}

static uint64_t seq_at(void *ctx, int64_t at_us)
{
    (void)ctx;
    return (uint64_t)(at_us / USEC_PER_SEC); /* one a second since 1970 */
}

static int open_live(struct world *w, int64_t heartbeat_us)
{
    static const char *feed[] = {FEED, NULL}, *replay[] = {REPLAY, NULL};
    struct live_options options = {.loop = w->loop,
                                   .zmq = w->zmq,
                                   .bind = feed,
                                   .replay_bind = replay,
                                   .epoch = "5f0c",
                                   .heartbeat_us = heartbeat_us,
                                   .newest = w->stored,
                                   .read = read_store,
                                   .seq_at = seq_at,
                                   .ctx = w};
    const char *failed = NULL;
    return live_open(&options, &w->live, &failed);
}

static void turn(struct world *w)
{
    for (int i = 0; i < 6; i++)
        ev_run(w->loop, EVRUN_NOWAIT);
}

static int setup(void **state)
{
    struct world *w = xcalloc(1, sizeof *w);
    *state = w;
    w->zmq = zmq_ctx_new();
    w->loop = ev_loop_new(EVFLAG_AUTO);
    w->stored = 10;
    w->oldest = 1;
    if (open_live(w, 50 * USEC_PER_MSEC) != 0)
        return -1;
    w->sub = zmq_socket(w->zmq, ZMQ_SUB);
    w->ask = zmq_socket(w->zmq, ZMQ_DEALER);
    zmq_connect(w->sub, FEED);
    return zmq_connect(w->ask, REPLAY);
}

static int teardown(void **state)
{
    struct world *w = *state;
    if (w->message.json)
        wire_live_done(&w->message);
    if (w->records.json)
        wire_records_done(&w->records);
    wire_parts_done(&w->parts);
    live_close(w->live);
    zmq_close(w->sub);
    zmq_close(w->ask);
    ev_loop_destroy(w->loop);
    zmq_ctx_term(w->zmq);
    free(w);
    return 0;
}

static void subscribe(struct world *w, const char *prefix)
{
    zmq_setsockopt(w->sub, ZMQ_SUBSCRIBE, prefix, strlen(prefix));
    turn(w);
}

static void publish(struct world *w, uint64_t seq)
{
    struct buf record = BUF_NONE;
    record_of(w, seq, &record);
    struct live_record r = {.seq = seq,
                            .prev = seq > 2 ? seq - 2 : 0,
                            .topic = topic_of(seq),
                            .record = buf_str(&record)};
    w->stored = seq;
    live_publish(w->live, &r);
    buf_free(&record);
}

static int hear(struct world *w)
{
    if (w->message.json)
        wire_live_done(&w->message);
    wire_parts_done(&w->parts);
    int err = wire_recv(w->sub, &w->parts);
    return err ? err : wire_live_decode(w->parts.at, w->parts.count, &w->message);
}

static int hear_heartbeat(struct world *w)
{
    for (int i = 0; i < 400; i++) {
        turn(w);
        int err = hear(w);
        if (err == 0 && w->message.heartbeat)
            return 0;
        if (err)
            usleep(5000);
    }
    return -ETIMEDOUT;
}

/* The answer; NULL when there is none. */
static const struct wire_records *answer(struct world *w)
{
    if (w->records.json)
        wire_records_done(&w->records);
    wire_parts_done(&w->parts);
    turn(w);
    if (wire_recv(w->ask, &w->parts) != 0 ||
        wire_records_decode(w->parts.at, w->parts.count, &w->records) != 0)
        return NULL;
    return &w->records;
}

static const struct wire_records *ask(struct world *w, const char *header)
{
    const struct str parts[3] = {STR("DLR1"), STR("REPLAY"), str_of(header)};
    wire_send(w->ask, parts, 3);
    const struct wire_records *got = answer(w);
    assert_non_null(got);
    return got;
}

static struct live_counts counts(const struct world *w)
{
    struct live_counts c;
    live_counts(w->live, &c);
    return c;
}

/* ---- the feed */

static void a_record_is_announced_with_seq_and_prev(void **state)
{
    struct world *w = *state;
    subscribe(w, "new.");
    publish(w, 11);
    assert_int_equal(hear(w), 0);
    assert_int_equal(w->message.seq, 11);
    assert_int_equal(w->message.prev, 9);
    assert_true(str_is(w->message.epoch, "5f0c"));
    assert_true(str_is(w->message.topic, "new.en.a.x"));
    assert_true(str_is(w->message.record, "{\"seq\":11,\"event\":\"new\",\"n\":11,\"x\":\"\"}"));
}

static void a_subscriber_filters_by_prefix(void **state)
{
    struct world *w = *state;
    subscribe(w, "new.fi.");
    publish(w, 11);
    publish(w, 12);
    assert_int_equal(hear(w), 0);
    assert_int_equal(w->message.seq, 12);
    assert_int_equal(hear(w), -EAGAIN);
}

static void a_notice_has_no_number(void **state)
{
    struct world *w = *state;
    subscribe(w, "health.");
    live_notify(w->live, STR("health.x"), STR("{\"state\":\"failing\"}"));
    assert_int_equal(hear(w), 0);
    assert_int_equal(w->message.seq, 0);
    assert_true(str_is(w->message.record, "{\"state\":\"failing\"}"));
}

static void the_heartbeat_tells_of_every_topic_since_the_last(void **state)
{
    struct world *w = *state;
    subscribe(w, "heartbeat");
    assert_int_equal(hear_heartbeat(w), 0);
    assert_int_equal(w->message.newest, 10);
    assert_int_equal(w->message.since, 10);
    assert_int_equal(json_object_size(w->message.topics), 0);
    publish(w, 11);
    publish(w, 12);
    publish(w, 13);
    assert_int_equal(hear_heartbeat(w), 0);
    assert_int_equal(w->message.newest, 13);
    assert_int_equal(w->message.since, 10);
    assert_int_equal(w->message.interval_ms, 50);
    assert_int_equal(json_integer_value(json_object_get(w->message.topics, "new.en.a.x")), 13);
    assert_int_equal(json_integer_value(json_object_get(w->message.topics, "new.fi.b.y")), 12);
    assert_int_equal(hear_heartbeat(w), 0);
    assert_int_equal(w->message.since, 13);
    assert_int_equal(json_object_size(w->message.topics), 0);
}

static void a_heartbeat_does_not_list_more_topics_than_its_limit(void **state)
{
    struct world *w = *state;
    char topic[64];
    subscribe(w, "heartbeat");
    assert_int_equal(hear_heartbeat(w), 0);
    for (uint64_t i = 0; i <= LIMIT_HEARTBEAT_TOPICS; i++) {
        snprintf(topic, sizeof topic, "new.en.a.s%llu", (unsigned long long)i);
        struct live_record r = {.seq = 11 + i, .topic = str_of(topic), .record = STR("{}")};
        live_publish(w->live, &r);
    }
    assert_int_equal(hear_heartbeat(w), 0);
    assert_int_equal(w->message.newest, 11 + LIMIT_HEARTBEAT_TOPICS);
    assert_null(w->message.topics);
}

static void subscriptions_are_counted(void **state)
{
    struct world *w = *state;
    subscribe(w, "new.");
    subscribe(w, "health.");
    assert_int_equal(counts(w).subscriptions, 2);
    zmq_setsockopt(w->sub, ZMQ_UNSUBSCRIBE, "new.", 4);
    turn(w);
    assert_int_equal(counts(w).subscriptions, 1);
}

/* Over TCP: within the process libzmq looks at no size. */
static void a_prefix_that_no_topic_can_have_costs_no_memory(void **state)
{
    struct world *w = *state;
    char *prefix = xcalloc(1, 1 << 20), endpoint[256];
    size_t size = sizeof endpoint;
    assert_int_equal(zmq_bind(w->live->feed, "tcp://127.0.0.1:*"), 0);
    assert_int_equal(zmq_getsockopt(w->live->feed, ZMQ_LAST_ENDPOINT, endpoint, &size), 0);
    void *subs[2] = {zmq_socket(w->zmq, ZMQ_XSUB), zmq_socket(w->zmq, ZMQ_XSUB)};
    prefix[0] = 1;
    for (int i = 0; i < 2; i++) {
        zmq_setsockopt(subs[i], ZMQ_LINGER, &(int){0}, sizeof(int));
        zmq_connect(subs[i], endpoint);
        zmq_send(subs[i], prefix, i ? LIMIT_TOPIC : 64 << 10, 0);
    }
    for (int i = 0; i < 400 && counts(w).subscriptions == 0; i++) {
        usleep(5000);
        turn(w);
    }
    usleep(20000);
    turn(w);
    for (int i = 0; i < 2; i++)
        zmq_close(subs[i]);
    free(prefix);
    assert_int_equal(counts(w).subscriptions, 1);
}

static void a_stranger_that_talks_to_the_feed_is_refused(void **state)
{
    struct world *w = *state;
    void *x = zmq_socket(w->zmq, ZMQ_XSUB);
    zmq_connect(x, FEED);
    zmq_send(x, "GET /", 5, 0);
    turn(w);
    assert_int_equal(counts(w).refused, 1);
    assert_int_equal(counts(w).subscriptions, 0);
    zmq_close(x);
}

/* ---- replay */

static void replay_gives_what_is_stored_from_a_seq_on(void **state)
{
    struct world *w = *state;
    const struct wire_records *got = ask(w, "{\"id\":7,\"since\":8}");
    assert_int_equal(got->id, 7);
    assert_int_equal(got->count, 3);
    assert_int_equal(got->record[0].seq, 8);
    assert_int_equal(got->record[0].prev, 6);
    assert_true(str_is(got->record[0].topic, "new.fi.b.y"));
    assert_true(str_starts(got->record[2].record, STR("{\"seq\":10,\"event\"")));
    assert_int_equal(got->next, 11);
    assert_int_equal(got->newest, 10);
    assert_int_equal(got->first, 8);
    assert_int_equal(counts(w).replayed, 3);
    assert_int_equal(counts(w).replay_requests, 1);
}

static void replay_pages_to_the_end(void **state)
{
    struct world *w = *state;
    char header[64];
    uint64_t next = 0, seen = 0, newest = 1;
    publish(w, w->stored = 700);
    while (next <= newest) {
        snprintf(header, sizeof header, "{\"since\":%llu}", (unsigned long long)next);
        const struct wire_records *got = ask(w, header);
        assert_true(got->count <= LIMIT_REPLAY_BATCH);
        for (size_t i = 0; i < got->count; i++)
            assert_int_equal(got->record[i].seq, ++seen);
        assert_true(got->next > next);
        next = got->next, newest = got->newest;
    }
    assert_int_equal(seen, 700);
}

static void a_page_is_bounded_by_bytes(void **state)
{
    struct world *w = *state;
    w->bytes = 400000;
    const struct wire_records *got = ask(w, "{\"since\":1}");
    assert_int_equal(got->count, 2);
    assert_int_equal(got->next, 3);
    w->bytes = LIMIT_BATCH_BYTES + 1000;
    got = ask(w, "{\"since\":1}");
    assert_int_equal(got->count, 1);
}

static void a_page_is_bounded_by_what_was_asked_for(void **state)
{
    struct world *w = *state;
    const struct wire_records *got = ask(w, "{\"since\":1,\"max\":2}");
    assert_int_equal(got->count, 2);
    assert_int_equal(got->next, 3);
}

static void replay_filters_by_prefix_and_goes_on_past_the_rest(void **state)
{
    struct world *w = *state;
    const struct wire_records *got = ask(w, "{\"since\":1,\"topics\":[\"new.fi.\",\"update.\"]}");
    assert_int_equal(got->count, 5);
    assert_int_equal(got->record[0].seq, 2);
    assert_int_equal(got->next, 11);
    got = ask(w, "{\"since\":1,\"topics\":[\"nothing\"]}");
    assert_int_equal(got->count, 0);
    assert_int_equal(got->next, 11);
}

static void a_page_looks_at_no_more_records_than_its_limit(void **state)
{
    struct world *w = *state;
    publish(w, w->stored = 5000);
    const struct wire_records *got = ask(w, "{\"since\":1,\"topics\":[\"nothing\"]}");
    assert_int_equal(got->count, 0);
    assert_int_equal(got->next, LIMIT_REPLAY_SCAN + 1);
}

static void replay_tells_what_is_kept_no_longer(void **state)
{
    struct world *w = *state;
    w->oldest = 6;
    const struct wire_records *got = ask(w, "{\"since\":2}");
    assert_int_equal(got->first, 6);
    assert_int_equal(got->record[0].seq, 6);
}

static void replay_never_goes_beyond_what_was_published(void **state)
{
    struct world *w = *state;
    w->stored = 12; /* durable, and not announced yet */
    const struct wire_records *got = ask(w, "{\"since\":10}");
    assert_int_equal(got->count, 1);
    assert_int_equal(got->next, 11);
}

static void replay_ends_where_what_was_published_is_kept_no_longer(void **state)
{
    struct world *w = *state;
    w->stored = 12; /* 11 and 12 are durable and not announced, all before them has been removed */
    w->oldest = 11;
    const struct wire_records *got = ask(w, "{\"since\":3}");
    assert_int_equal(got->count, 0);
    assert_int_equal(got->next, got->newest + 1);
}

static void replay_without_since_tells_where_the_feed_is(void **state)
{
    struct world *w = *state;
    const struct wire_records *got = ask(w, "{}");
    assert_int_equal(got->count, 0);
    assert_int_equal(got->next, 11);
    assert_int_equal(got->first, 0);
}

static void replay_since_a_time(void **state)
{
    struct world *w = *state;
    const struct wire_records *got = ask(w, "{\"since_time\":\"1970-01-01T00:00:09Z\"}");
    assert_int_equal(got->record[0].seq, 9);
    got = ask(w, "{\"since_time\":\"2026-01-01T00:00:00Z\"}");
    assert_int_equal(got->count, 0);
    assert_int_equal(got->next, 11);
}

static void a_req_socket_gets_its_delimiter_back(void **state)
{
    struct world *w = *state;
    void *req = zmq_socket(w->zmq, ZMQ_REQ);
    zmq_connect(req, REPLAY);
    const struct str parts[3] = {STR("DLR1"), STR("REPLAY"), STR("{\"since\":10}")};
    wire_send(req, parts, 3);
    turn(w);
    assert_int_equal(wire_recv(req, &w->parts), 0);
    assert_int_equal(wire_records_decode(w->parts.at, w->parts.count, &w->records), 0);
    assert_int_equal(w->records.count, 1);
    zmq_close(req);
}

static void a_store_that_cannot_be_read_is_told(void **state)
{
    struct world *w = *state;
    w->read_error = -EIO;
    const struct wire_records *got = ask(w, "{\"id\":3,\"since\":1}");
    assert_int_equal(got->verb, WIRE_REFUSED);
    assert_int_equal(got->id, 3);
    assert_true(str_is(got->reason, "unavailable"));
}

static void junk_requests_are_refused_and_counted(void **state)
{
    struct world *w = *state;
    static const struct {
        const char *frames[5], *reason;
    } junk[] = {
        {{"x"}, "version"},
        {{"DLW1", "HELLO", "{}"}, "version"},
        {{"DLR1"}, "malformed"},
        {{"DLR1", "REPLAY"}, "malformed"},
        {{"DLR1", "REPLAY", ""}, "malformed"},
        {{"DLR1", "REPLAY", "[]"}, "malformed"},
        {{"DLR1", "REPLAY", "{", "x"}, "malformed"},
        {{"DLR1", "replay", "{}"}, "verb"},
        {{"DLR1", "REPLAY", "{\"since\":\"1\"}"}, "range"},
        {{"DLR1", "REPLAY", "{\"since\":9007199254740993}"}, "range"},
        {{"DLR1", "REPLAY", "{\"since_time\":\"now\"}"}, "range"},
        {{"DLR1", "REPLAY", "{\"max\":100000}"}, "range"},
        {{"DLR1", "REPLAY", "{\"topics\":{}}"}, "topics"},
    };
    for (size_t i = 0; i < ARRAY_LEN(junk); i++) {
        struct str parts[5];
        size_t n = 0;
        for (; junk[i].frames[n]; n++)
            parts[n] = str_of(junk[i].frames[n]);
        wire_send(w->ask, parts, n);
        const struct wire_records *got = answer(w);
        assert_non_null(got);
        assert_int_equal(got->verb, WIRE_REFUSED);
        if (!str_is(got->reason, junk[i].reason))
            fail_msg("junk %zu: %.*s", i, STR_ARG(got->reason));
        assert_int_equal(counts(w).refused, i + 1);
    }
    assert_int_equal(counts(w).replay_requests, 0);
}

static void a_place_that_is_taken_is_named(void **state)
{
    struct world *w = *state;
    struct live *first = w->live;
    assert_int_equal(open_live(w, USEC_PER_SEC), -EADDRINUSE);
    assert_ptr_equal(w->live, first);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_record_is_announced_with_seq_and_prev),
        TEST(a_subscriber_filters_by_prefix),
        TEST(a_notice_has_no_number),
        TEST(the_heartbeat_tells_of_every_topic_since_the_last),
        TEST(a_heartbeat_does_not_list_more_topics_than_its_limit),
        TEST(subscriptions_are_counted),
        TEST(a_prefix_that_no_topic_can_have_costs_no_memory),
        TEST(a_stranger_that_talks_to_the_feed_is_refused),
        TEST(replay_gives_what_is_stored_from_a_seq_on),
        TEST(replay_pages_to_the_end),
        TEST(a_page_is_bounded_by_bytes),
        TEST(a_page_is_bounded_by_what_was_asked_for),
        TEST(replay_filters_by_prefix_and_goes_on_past_the_rest),
        TEST(a_page_looks_at_no_more_records_than_its_limit),
        TEST(replay_tells_what_is_kept_no_longer),
        TEST(replay_never_goes_beyond_what_was_published),
        TEST(replay_ends_where_what_was_published_is_kept_no_longer),
        TEST(replay_without_since_tells_where_the_feed_is),
        TEST(replay_since_a_time),
        TEST(a_req_socket_gets_its_delimiter_back),
        TEST(a_store_that_cannot_be_read_is_told),
        TEST(junk_requests_are_refused_and_counted),
        TEST(a_place_that_is_taken_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
