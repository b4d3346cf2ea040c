#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <unistd.h>

#include "client.h"
#include "clock.h"
#include "known.h"
#include "limits.h"
#include "live.h"
#include "scratch.h"
#include "wire.h"

#define FEED   "inproc://live"
#define REPLAY "inproc://replay"

/* A daemon's store and live feed: record n stands under new.en.a.x when n is odd, else new.fi.b.y.
 */
struct world {
    void *zmq;
    struct ev_loop *loop;
    struct live *live;
    const char *epoch;
    uint64_t stored, oldest;
    int64_t heartbeat_us;
    void *pub; /* a feed that the test says by hand, or NULL */
    struct dateline_feed *feed;
    struct dateline_event event;
};

static struct str topic_of(uint64_t seq)
{
    return seq % 2 ? STR("new.en.a.x") : STR("new.fi.b.y");
}

static struct live_record record_of(uint64_t seq)
{
    return (struct live_record){.seq = seq,
                                .prev = seq > 2 ? seq - 2 : 0,
                                .topic = topic_of(seq),
                                .record = STR("{\"event\":\"new\"}")};
}

static int read_store(void *ctx, uint64_t seq,
                      int (*emit)(void *emit_ctx, const struct live_record *record), void *emit_ctx)
{
    const struct world *w = ctx;
    int err = 0;
    for (seq = seq < w->oldest ? w->oldest : seq; seq <= w->stored && !err; seq++) {
        struct live_record r = record_of(seq);
        err = emit(emit_ctx, &r);
    }
    return err;
}

static uint64_t seq_at(void *ctx, int64_t at_us)
{
    (void)ctx;
    return (uint64_t)(at_us / USEC_PER_SEC);
}

static void start_daemon(struct world *w)
{
    static const char *feed[] = {FEED, NULL}, *replay[] = {REPLAY, NULL};
    struct live_options options = {.loop = w->loop,
                                   .zmq = w->zmq,
                                   .bind = feed,
                                   .replay_bind = replay,
                                   .epoch = w->epoch,
                                   .heartbeat_us = w->heartbeat_us,
                                   .newest = w->stored,
                                   .read = read_store,
                                   .seq_at = seq_at,
                                   .ctx = w};
    const char *failed = NULL;
    assert_int_equal(live_open(&options, &w->live, &failed), 0);
}

static int setup(void **state)
{
    struct world *w = xcalloc(1, sizeof *w);
    *state = w;
    w->zmq = zmq_ctx_new();
    w->loop = ev_loop_new(EVFLAG_AUTO);
    w->stored = 10;
    w->oldest = 1;
    w->epoch = "5f0c";
    w->heartbeat_us = 3600 * USEC_PER_SEC; /* none, unless a test wants them */
    return 0;
}

static int teardown(void **state)
{
    struct world *w = *state;
    dateline_feed_close(w->feed);
    if (w->pub) /* or the end of the context would wait for it */
        zmq_close(w->pub);
    live_close(w->live);
    ev_loop_destroy(w->loop);
    zmq_ctx_term(w->zmq);
    free(w);
    return 0;
}

static void turn(struct world *w)
{
    for (int i = 0; i < 4; i++)
        ev_run(w->loop, EVRUN_NOWAIT);
}

/* Both ends are in this process: when the machine is busy they stand still together, and with short
 * heartbeats the feed says so. */
static bool is_of_silence(const struct dateline_event *event)
{
    return event->type == DATELINE_SILENT || event->type == DATELINE_BACK;
}

/* The next event within some real time, while the daemon's loop turns. */
static int next_within(struct world *w, int ms)
{
    int err = -EAGAIN;
    for (; ms > 0 && err == -EAGAIN; ms -= 2) {
        turn(w);
        err = dateline_feed_next(w->feed, 2, &w->event);
        if (err == 0 && is_of_silence(&w->event))
            err = -EAGAIN;
    }
    return err;
}

static void expect(struct world *w, uint64_t seq)
{
    assert_int_equal(next_within(w, 5000), 0);
    assert_int_equal(w->event.type, DATELINE_RECORD);
    assert_int_equal(w->event.seq, seq);
}

static void expect_type(struct world *w, enum dateline_event_type type)
{
    assert_int_equal(next_within(w, 5000), 0);
    assert_int_equal(w->event.type, type);
}

static void expect_nothing(struct world *w)
{
    assert_int_equal(next_within(w, 60), -EAGAIN);
}

static void publish(struct world *w, uint64_t seq)
{
    struct live_record r = record_of(seq);
    w->stored = seq;
    live_publish(w->live, &r);
}

static void open_feed(struct world *w, struct dateline_feed_options options)
{
    options.live = FEED;
    options.replay = REPLAY;
    options.zmq = w->zmq;
    assert_int_equal(dateline_feed_open(&options, &w->feed), 0);
}

/* Since now, and it has the daemon's answer. */
static void open_now(struct world *w, const char *const *topics)
{
    start_daemon(w);
    open_feed(w, (struct dateline_feed_options){.topics = topics});
    expect_nothing(w);
    assert_int_equal(dateline_feed_position(w->feed), w->stored);
}

/* ---- */

static void a_feed_since_now_gives_what_comes(void **state)
{
    struct world *w = *state;
    open_now(w, NULL);
    publish(w, 11);
    expect(w, 11);
    assert_int_equal(w->event.prev, 9);
    assert_string_equal(w->event.topic, "new.en.a.x");
    assert_memory_equal(w->event.body, "{\"seq\":11,\"event\":\"new\"}", w->event.body_len);
    assert_string_equal(w->event.epoch, "5f0c");
    expect_nothing(w);
}

static void a_feed_since_a_seq_gives_the_past_and_goes_on(void **state)
{
    struct world *w = *state;
    start_daemon(w);
    open_feed(w, (struct dateline_feed_options){.since = DATELINE_SINCE_SEQ, .seq = 9});
    expect(w, 9);
    expect(w, 10);
    publish(w, 11);
    expect(w, 11);
}

static void a_feed_since_zero_gives_all_there_is_page_by_page(void **state)
{
    struct world *w = *state;
    w->stored = 1000;
    start_daemon(w);
    open_feed(w, (struct dateline_feed_options){.since = DATELINE_SINCE_SEQ});
    for (uint64_t seq = 1; seq <= 1000; seq++)
        expect(w, seq);
    expect_nothing(w);
    assert_int_equal(dateline_feed_position(w->feed), 1000);
}

static void a_feed_since_a_time(void **state)
{
    struct world *w = *state;
    start_daemon(w);
    open_feed(
        w, (struct dateline_feed_options){.since = DATELINE_SINCE_TIME, .at_us = 9 * USEC_PER_SEC});
    expect(w, 9);
    expect(w, 10);
    expect_nothing(w);
}

static void what_comes_while_the_past_is_read_follows_it_once(void **state)
{
    struct world *w = *state;
    start_daemon(w);
    open_feed(w, (struct dateline_feed_options){.since = DATELINE_SINCE_SEQ, .seq = 10});
    turn(w); /* it is subscribed, and its request answered */
    publish(w, 11);
    publish(w, 12);
    expect(w, 10);
    expect(w, 11);
    expect(w, 12);
    expect_nothing(w);
}

static void a_gap_is_repaired_before_the_message_that_shows_it(void **state)
{
    struct world *w = *state;
    open_now(w, NULL);
    publish(w, 11);
    expect(w, 11);
    publish(w, 17); /* 12 to 16 are stored and were lost on the way */
    for (uint64_t seq = 12; seq <= 17; seq++)
        expect(w, seq);
    expect_nothing(w);
    assert_int_equal(dateline_feed_position(w->feed), 17);
}

static void a_gap_of_another_topic_is_no_gap(void **state)
{
    struct world *w = *state;
    static const char *const topics[] = {"new.fi.", NULL};
    struct live_counts counts;
    open_now(w, topics);
    publish(w, 11);
    publish(w, 12);
    publish(w, 13);
    publish(w, 14);
    expect(w, 12);
    expect(w, 14);
    expect_nothing(w);
    live_counts(w->live, &counts);
    assert_int_equal(counts.replay_requests, 1); /* the first */
}

static void a_gap_is_repaired_for_the_topics_that_are_wanted(void **state)
{
    struct world *w = *state;
    static const char *const topics[] = {"new.fi.", NULL};
    open_now(w, topics);
    publish(w, 16);
    expect(w, 12);
    expect(w, 14);
    expect(w, 16);
    expect_nothing(w);
}

/* A feed of which the test says each message, with the daemon's replay behind it. */
static void *open_by_hand(struct world *w)
{
    void *pub = w->pub = zmq_socket(w->zmq, ZMQ_XPUB);
    start_daemon(w);
    zmq_bind(pub, "inproc://by-hand");
    struct dateline_feed_options options = {
        .live = "inproc://by-hand", .replay = REPLAY, .zmq = w->zmq};
    assert_int_equal(dateline_feed_open(&options, &w->feed), 0);
    expect_nothing(w);
    char subscription[8];
    assert_int_equal(zmq_recv(pub, subscription, sizeof subscription, ZMQ_DONTWAIT), 1);
    return pub;
}

static void say_beat(void *pub, uint64_t newest, uint64_t since, uint32_t interval_ms,
                     const char *body)
{
    struct buf header = BUF_NONE;
    wire_put_heartbeat(&header, "5f0c", newest, since, interval_ms);
    const struct str parts[3] = {STR("heartbeat"), buf_str(&header), str_of(body)};
    wire_send(pub, parts, 3);
    buf_free(&header);
}

static void say_heartbeat(void *pub, uint64_t newest, uint64_t since, const char *body)
{
    say_beat(pub, newest, since, 1000, body);
}

static void a_heartbeat_reveals_that_the_last_message_was_missed(void **state)
{
    struct world *w = *state;
    void *pub = open_by_hand(w);
    publish(w, 11); /* nobody hears it */
    say_heartbeat(pub, 11, 10, "{\"topics\":{\"new.en.a.x\":11}}");
    expect(w, 11);
    expect_nothing(w);
}

static void a_heartbeat_that_was_missed_itself_is_noticed(void **state)
{
    struct world *w = *state;
    void *pub = open_by_hand(w);
    publish(w, 11);
    say_heartbeat(pub, 12, 11, "{\"topics\":{}}"); /* since 11, and 11 is not known */
    expect(w, 11);
}

static void a_heartbeat_without_topics_asks_replay(void **state)
{
    struct world *w = *state;
    void *pub = open_by_hand(w);
    publish(w, 11);
    say_heartbeat(pub, 11, 10, "{}");
    expect(w, 11);
}

static void junk_on_the_feed_is_passed_over(void **state)
{
    struct world *w = *state;
    void *pub = open_by_hand(w);
    const struct str junk[3] = {STR("new.en.a.x"), STR("{\"epoch\":\"5f0c\",\"seq\":-1}"),
                                STR("{}")};
    for (size_t n = 1; n <= 3; n++)
        wire_send(pub, junk, n);
    expect_nothing(w);
}

static void heartbeats_make_sure_of_what_was_heard(void **state)
{
    struct world *w = *state;
    struct live_counts counts;
    w->heartbeat_us = 20 * USEC_PER_MSEC;
    static const char *const topics[] = {"new.fi.", NULL};
    open_now(w, topics);
    publish(w, 11);
    publish(w, 12);
    expect(w, 12);
    publish(w, 13);
    for (int i = 0; i < 500 && dateline_feed_position(w->feed) < 13; i++)
        assert_int_equal(next_within(w, 10), -EAGAIN);
    assert_int_equal(dateline_feed_position(w->feed), 13);
    live_counts(w->live, &counts);
    assert_int_equal(counts.replay_requests, 1); /* it did not have to ask */
}

static void what_is_kept_no_longer_is_told(void **state)
{
    struct world *w = *state;
    w->oldest = 8;
    start_daemon(w);
    open_feed(w, (struct dateline_feed_options){.since = DATELINE_SINCE_SEQ, .seq = 3});
    expect_type(w, DATELINE_LOST);
    assert_int_equal(w->event.seq, 3);
    assert_int_equal(w->event.last, 7);
    expect(w, 8);
}

static void all_that_is_kept_is_no_loss(void **state)
{
    struct world *w = *state;
    w->oldest = 8;
    start_daemon(w);
    open_feed(w, (struct dateline_feed_options){.since = DATELINE_SINCE_SEQ, .seq = 0});
    expect(w, 8);
}

static void another_epoch_is_told_and_begins_again(void **state)
{
    struct world *w = *state;
    start_daemon(w);
    open_feed(
        w, (struct dateline_feed_options){.since = DATELINE_SINCE_SEQ, .seq = 10, .epoch = "0000"});
    expect_type(w, DATELINE_EPOCH);
    assert_string_equal(w->event.epoch, "5f0c");
    expect(w, 1);
}

static void a_notice_is_handed_out(void **state)
{
    struct world *w = *state;
    static const char *const topics[] = {"health.", NULL};
    open_now(w, topics);
    live_notify(w->live, STR("health.x"), STR("{\"state\":\"failing\"}"));
    expect_type(w, DATELINE_NOTICE);
    assert_string_equal(w->event.topic, "health.x");
    assert_memory_equal(w->event.body, "{\"state\":\"failing\"}", w->event.body_len);
}

static void silence_is_told_and_so_is_its_end(void **state)
{
    struct world *w = *state;
    void *pub = open_by_hand(w);
    say_beat(pub, 10, 10, 20, "{}");
    assert_int_equal(dateline_feed_next(w->feed, 5000, &w->event), 0);
    assert_int_equal(w->event.type, DATELINE_SILENT);
    say_beat(pub, 10, 10, 20, "{}");
    assert_int_equal(dateline_feed_next(w->feed, 5000, &w->event), 0);
    assert_int_equal(w->event.type, DATELINE_BACK);
}

static void what_waits_to_be_read_is_no_silence(void **state)
{
    struct world *w = *state;
    void *pub = open_by_hand(w);
    say_beat(pub, 10, 10, 20, "{}");
    assert_int_equal(dateline_feed_next(w->feed, 0, &w->event), -EAGAIN);
    usleep(80000); /* nobody looks */
    say_beat(pub, 10, 10, 20, "{}");
    assert_int_equal(dateline_feed_next(w->feed, 0, &w->event), -EAGAIN);
}

static void a_feed_survives_a_restart_of_the_daemon(void **state)
{
    struct world *w = *state;
    char dir[SCRATCH_PATH], feed[128], replay[128];
    assert_int_equal(scratch_make(dir), 0);
    snprintf(feed, sizeof feed, "ipc://%s/live", dir);
    snprintf(replay, sizeof replay, "ipc://%s/replay", dir);
    const char *feeds[] = {feed, NULL}, *replays[] = {replay, NULL}, *failed = NULL;
    struct live_options options = {.loop = w->loop,
                                   .zmq = w->zmq,
                                   .bind = feeds,
                                   .replay_bind = replays,
                                   .epoch = "5f0c",
                                   .heartbeat_us = 20 * USEC_PER_MSEC,
                                   .newest = 10,
                                   .read = read_store,
                                   .seq_at = seq_at,
                                   .ctx = w};
    assert_int_equal(live_open(&options, &w->live, &failed), 0);
    struct dateline_feed_options client = {
        .live = feed, .replay = replay, .zmq = w->zmq, .since = DATELINE_SINCE_SEQ, .seq = 10};
    assert_int_equal(dateline_feed_open(&client, &w->feed), 0);
    expect(w, 10);
    live_close(w->live);
    w->live = NULL;
    w->stored = 12; /* made durable, and the crash kept them back */
    options.newest = 12;
    for (int i = 0; i < 100 && live_open(&options, &w->live, &failed) != 0; i++)
        usleep(20000);
    expect(w, 11);
    expect(w, 12);
    publish(w, 13);
    expect(w, 13);
    scratch_remove(dir);
}

static void replays_that_are_not_answered_are_asked_again(void **state)
{
    struct world *w = *state;
    void *deaf = zmq_socket(w->zmq, ZMQ_ROUTER);
    struct wire_parts *parts = xcalloc(1, sizeof *parts);
    zmq_bind(deaf, REPLAY);
    open_feed(w, (struct dateline_feed_options){.since = DATELINE_SINCE_SEQ, .seq = 10});
    assert_int_equal(dateline_feed_next(w->feed, 3300, &w->event), -EAGAIN);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(wire_recv(deaf, parts), 0);
        wire_parts_done(parts);
    }
    zmq_close(deaf);
    free(parts);
}

static void a_refusal_ends_the_feed_with_its_reason(void **state)
{
    struct world *w = *state;
    void *stern = zmq_socket(w->zmq, ZMQ_ROUTER);
    struct wire_parts *parts = xcalloc(1, sizeof *parts);
    zmq_bind(stern, REPLAY);
    open_feed(w, (struct dateline_feed_options){.since = DATELINE_SINCE_SEQ, .seq = 10});
    assert_int_equal(wire_recv(stern, parts), 0);
    const struct str answer[4] = {parts->at[0], STR("DLR1"), STR("REFUSED"),
                                  STR("{\"id\":1,\"reason\":\"version\"}")};
    wire_send(stern, answer, 4);
    assert_int_equal(dateline_feed_next(w->feed, 1000, &w->event), -EPROTO);
    assert_string_equal(dateline_feed_error(w->feed), "replay refused: version");
    wire_parts_done(parts);
    free(parts);
    zmq_close(stern);
}

static void options_are_checked(void **state)
{
    struct world *w = *state;
    const char *many[LIMIT_REPLAY_TOPICS + 2] = {NULL};
    for (size_t i = 0; i <= LIMIT_REPLAY_TOPICS; i++)
        many[i] = "new.";
    struct dateline_feed_options options = {.live = FEED, .replay = REPLAY, .topics = many};
    assert_int_equal(dateline_feed_open(&options, &w->feed), -EINVAL);
    options = (struct dateline_feed_options){.live = "nonsense", .replay = REPLAY};
    assert_int_equal(dateline_feed_open(&options, &w->feed), -EINVAL);
    options = (struct dateline_feed_options){.live = FEED};
    assert_int_equal(dateline_feed_open(&options, &w->feed), -EINVAL);
    assert_null(w->feed);
}

static void known_seqs_stay_in_order_and_are_forgotten_up_to_sure(void **state)
{
    (void)state;
    struct known known = {.sure = 5};
    known_put(&known, 9);
    known_put(&known, 7);
    known_put(&known, 7);
    known_put(&known, 3);
    assert_int_equal(known.count, 2);
    assert_true(known_has(&known, 3) && known_has(&known, 7) && known_has(&known, 9));
    assert_false(known_has(&known, 6) || known_has(&known, 8) || known_has(&known, 10));
    known_sure(&known, 7);
    assert_int_equal(known.count, 1);
    known_sure(&known, 2);
    assert_int_equal(known.sure, 7);
    known_sure(&known, 100);
    assert_int_equal(known.count, 0);
    known_done(&known);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_feed_since_now_gives_what_comes),
        TEST(a_feed_since_a_seq_gives_the_past_and_goes_on),
        TEST(a_feed_since_zero_gives_all_there_is_page_by_page),
        TEST(a_feed_since_a_time),
        TEST(what_comes_while_the_past_is_read_follows_it_once),
        TEST(a_gap_is_repaired_before_the_message_that_shows_it),
        TEST(a_gap_of_another_topic_is_no_gap),
        TEST(a_gap_is_repaired_for_the_topics_that_are_wanted),
        TEST(a_heartbeat_reveals_that_the_last_message_was_missed),
        TEST(a_heartbeat_that_was_missed_itself_is_noticed),
        TEST(a_heartbeat_without_topics_asks_replay),
        TEST(junk_on_the_feed_is_passed_over),
        TEST(heartbeats_make_sure_of_what_was_heard),
        TEST(what_is_kept_no_longer_is_told),
        TEST(all_that_is_kept_is_no_loss),
        TEST(another_epoch_is_told_and_begins_again),
        TEST(a_notice_is_handed_out),
        TEST(silence_is_told_and_so_is_its_end),
        TEST(what_waits_to_be_read_is_no_silence),
        TEST(a_feed_survives_a_restart_of_the_daemon),
        TEST(replays_that_are_not_answered_are_asked_again),
        TEST(a_refusal_ends_the_feed_with_its_reason),
        TEST(options_are_checked),
        cmocka_unit_test(known_seqs_stay_in_order_and_are_forgotten_up_to_sure),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
