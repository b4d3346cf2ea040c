#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <errno.h>

#include "scratch.h"
#include "wire.h"

static size_t frames_of(const char *const *texts, struct str *frames)
{
    size_t count = 0;
    for (; texts[count]; count++)
        frames[count] = str_of(texts[count]);
    return count;
}

#define FRAMES(...) ((const char *const[]){__VA_ARGS__, NULL})

static enum wire_refusal from_worker(const char *const *texts)
{
    struct str frames[80];
    struct wire_work work;
    enum wire_refusal refusal =
        wire_work_decode(frames, frames_of(texts, frames), WIRE_FROM_WORKER, &work);
    if (!refusal)
        wire_work_done(&work);
    return refusal;
}

static void a_hello_is_read_as_it_was_written(void **state)
{
    (void)state;
    struct buf header = BUF_NONE;
    struct wire_work work;
    wire_put_hello(&header, &(struct wire_hello){.worker = "w1", .credit = 64});
    assert_true(str_is(buf_str(&header), "{\"version\":1,\"worker\":\"w1\",\"credit\":64}"));
    const struct str frames[3] = {STR("DLW1"), STR("HELLO"), buf_str(&header)};
    assert_int_equal(wire_work_decode(frames, 3, WIRE_FROM_WORKER, &work), WIRE_FINE);
    assert_true(str_is(work.worker, "w1"));
    assert_int_equal(work.credit, 64);
    wire_work_done(&work);
    buf_free(&header);
}

static void a_hello_names_languages_and_capabilities(void **state)
{
    (void)state;
    struct buf header = BUF_NONE;
    struct wire_work work;
    const char *const languages[] = {"en", "gsw", "en", "und", NULL}, *const can[] = {"topics",
                                                                                      NULL};
    wire_put_hello(&header, &(struct wire_hello){"w1", 64, languages, can});
    const struct str frames[3] = {STR("DLW1"), STR("HELLO"), buf_str(&header)};
    assert_int_equal(wire_work_decode(frames, 3, WIRE_FROM_WORKER, &work), WIRE_FINE);
    assert_int_equal(work.language_count, 3); /* each once */
    assert_string_equal(work.language[0], "en");
    assert_string_equal(work.language[1], "gsw");
    assert_string_equal(work.language[2], "und");
    assert_int_equal(work.capability_count, 1);
    assert_true(str_is(work.capability[0], "topics"));
    wire_work_done(&work);
    buf_free(&header);
}

/* A HELLO with a list of `count` times `one`. */
static enum wire_refusal hello_with(const char *member, size_t count, const char *one)
{
    struct buf header = BUF_NONE;
    buf_printf(&header, "{\"version\":1,\"worker\":\"w\",\"credit\":1,\"%s\":[", member);
    for (size_t i = 0; i < count; i++)
        buf_printf(&header, "%s%s", i ? "," : "", one);
    buf_putz(&header, "]}");
    enum wire_refusal refusal = from_worker(FRAMES("DLW1", "HELLO", buf_cstr(&header)));
    buf_free(&header);
    return refusal;
}

static void a_hello_names_no_more_than_it_may(void **state)
{
    (void)state;
    assert_int_equal(hello_with("languages", LIMIT_LANGUAGES, "\"en\""), WIRE_FINE);
    assert_int_equal(hello_with("languages", LIMIT_LANGUAGES + 1, "\"en\""), WIRE_BAD_LANGUAGES);
    assert_int_equal(hello_with("languages", 1, "null"), WIRE_BAD_LANGUAGES);
    assert_int_equal(hello_with("languages", 1, "\"e\\u006e\""), WIRE_FINE);
    assert_int_equal(hello_with("languages", 1, "\"en\\u006ex\""), WIRE_BAD_LANGUAGES);
    assert_int_equal(hello_with("capabilities", LIMIT_CAPABILITIES, "\"gpu\""), WIRE_FINE);
    assert_int_equal(hello_with("capabilities", LIMIT_CAPABILITIES + 1, "\"gpu\""),
                     WIRE_BAD_FRAMES);
    assert_int_equal(hello_with("capabilities", 1, "\"\""), WIRE_BAD_FRAMES);
    assert_int_equal(hello_with("capabilities", 1, "\"a\\nb\""), WIRE_BAD_FRAMES);
    assert_int_equal(hello_with("capabilities", 1, "1"), WIRE_BAD_FRAMES);
}

static void an_ack_is_read_as_it_was_written(void **state)
{
    (void)state;
    struct buf header = BUF_NONE;
    struct wire_work work;
    const struct wire_lease lease = {.lease = 7};
    wire_put_leases(&header, WIRE_ACK, &lease, 1);
    const struct str frames[3] = {STR("DLW1"), STR("ACK"), buf_str(&header)};
    assert_int_equal(wire_work_decode(frames, 3, WIRE_FROM_WORKER, &work), WIRE_FINE);
    assert_int_equal(work.verb, WIRE_ACK);
    assert_int_equal(work.count, 1);
    assert_int_equal(work.lease[0].lease, 7);
    wire_work_done(&work);
    buf_free(&header);
}

static void a_welcome_is_read_as_it_was_written(void **state)
{
    (void)state;
    struct buf header = BUF_NONE;
    struct wire_work work;
    wire_put_welcome(&header, "5f0c", "6920", 30000, 3000);
    const struct str frames[3] = {STR("DLW1"), STR("WELCOME"), buf_str(&header)};
    assert_int_equal(wire_work_decode(frames, 3, WIRE_FROM_DAEMON, &work), WIRE_FINE);
    assert_true(str_is(work.epoch, "5f0c"));
    assert_true(str_is(work.session, "6920"));
    assert_int_equal(work.lease_ms, 30000);
    assert_int_equal(work.heartbeat_ms, 3000);
    wire_work_done(&work);
    buf_free(&header);
}

static void a_batch_is_read_as_it_was_written(void **state)
{
    (void)state;
    struct buf header = BUF_NONE;
    struct wire_work work;
    const struct wire_lease leases[2] = {{.lease = 1795287872000001, .delivery = 1},
                                         {.lease = 2, .delivery = 5}};
    wire_put_leases(&header, WIRE_ITEMS, leases, 2);
    const struct str frames[5] = {STR("DLW1"), STR("ITEMS"), buf_str(&header), STR("{\"a\":1}"),
                                  STR("{}")};
    assert_int_equal(wire_work_decode(frames, 5, WIRE_FROM_DAEMON, &work), WIRE_FINE);
    assert_int_equal(work.count, 2);
    assert_int_equal(work.lease[0].lease, 1795287872000001);
    assert_int_equal(work.lease[1].delivery, 5);
    assert_true(str_is(work.lease[0].payload, "{\"a\":1}"));
    wire_work_done(&work);
    buf_free(&header);
}

static void a_nack_is_read_as_it_was_written(void **state)
{
    (void)state;
    struct buf header = BUF_NONE;
    struct wire_work work;
    const struct wire_lease leases[2] = {{.lease = 1, .retry = false, .reason = STR("\"no\"\n")},
                                         {.lease = 2, .retry = true, .unbegun = true}};
    wire_put_leases(&header, WIRE_NACK, leases, 2);
    const struct str frames[3] = {STR("DLW1"), STR("NACK"), buf_str(&header)};
    assert_int_equal(wire_work_decode(frames, 3, WIRE_FROM_WORKER, &work), WIRE_FINE);
    assert_false(work.lease[0].retry);
    assert_true(str_is(work.lease[0].reason, "\"no\"\n"));
    assert_true(work.lease[1].retry && work.lease[1].unbegun);
    wire_work_done(&work);
    buf_free(&header);
}

static void a_refusal_names_its_leases(void **state)
{
    (void)state;
    struct buf header = BUF_NONE;
    struct wire_work work;
    const uint64_t leases[2] = {7, 8};
    wire_put_refused(&header, WIRE_NOT_HELD, "gone", leases, 2, 0);
    const struct str frames[3] = {STR("DLW1"), STR("REFUSED"), buf_str(&header)};
    assert_int_equal(wire_work_decode(frames, 3, WIRE_FROM_DAEMON, &work), WIRE_FINE);
    assert_true(str_is(work.reason, "not-held"));
    assert_int_equal(work.count, 2);
    assert_int_equal(work.lease[1].lease, 8);
    wire_work_done(&work);
    buf_free(&header);
}

static void members_that_are_not_known_are_ignored(void **state)
{
    (void)state;
    assert_int_equal(
        from_worker(
            FRAMES("DLW1", "HELLO", "{\"version\":1,\"worker\":\"w\",\"credit\":1,\"x\":[{}]}")),
        WIRE_FINE);
    assert_int_equal(from_worker(FRAMES("DLW1", "PING", "{\"later\":true}")), WIRE_FINE);
}

/* Whether a list of leases is written plainly or not, it is read alike. */
static void a_list_of_leases_may_be_written_in_any_way(void **state)
{
    static const char *const same[] = {
        "[{\"lease\":4,\"delivery\":1},{\"lease\":9007199254740991,\"delivery\":4294967295}]",
        "[{\"lease\": 4, \"delivery\": 1}, {\"lease\": 9007199254740991, \"delivery\": "
        "4294967295}]",
        " [ { \"lease\" : 4 , \"delivery\" : 1 } , { "
        "\"lease\":9007199254740991,\"delivery\":4294967295} ]",
        "[{\"delivery\":1,\"lease\":4},\n{\"lease\":9007199254740991,\"x\":[],\"delivery\":"
        "4294967295}]"};
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(same); i++) {
        struct wire_work work;
        const struct str frames[] = {STR("DLW1"), STR("ITEMS"), str_of(same[i]), STR("{}"),
                                     STR("{\"b\":2}")};
        assert_int_equal(wire_work_decode(frames, 5, WIRE_FROM_DAEMON, &work), WIRE_FINE);
        assert_int_equal(work.count, 2);
        assert_int_equal(work.lease[0].lease, 4);
        assert_int_equal(work.lease[0].delivery, 1);
        assert_int_equal(work.lease[1].lease, 9007199254740991);
        assert_int_equal(work.lease[1].delivery, UINT32_MAX);
        assert_true(str_is(work.lease[1].payload, "{\"b\":2}"));
        wire_work_done(&work);
    }
}

/* None of these is for the quick walk to take. */
static void a_list_of_leases_is_refused_however_it_begins(void **state)
{
    static const char *const bad[] = {"[{\"lease\":1}",
                                      "[{\"lease\":1}]]",
                                      "[{\"lease\":1},]",
                                      "[{\"lease\":01}]",
                                      "[{\"lease\":1.0}]",
                                      "[{\"lease\":-1}]",
                                      "[{\"lease\":1e0}]",
                                      "[{\"lease\":1,\"lease\":2}]",
                                      "[{\"lease\":1 2}]",
                                      "[{\"lease\":1}]x",
                                      "[{\"lease\"1}]",
                                      "[{lease:1}]",
                                      "[{\"lease\":99999999999999999999}]"};
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_int_equal(from_worker(FRAMES("DLW1", "ACK", bad[i])), WIRE_BAD_FRAMES);
}

static void a_nack_without_retry_means_later(void **state)
{
    (void)state;
    struct wire_work work;
    const struct str frames[3] = {STR("DLW1"), STR("NACK"), STR("[{\"lease\":4}]")};
    assert_int_equal(wire_work_decode(frames, 3, WIRE_FROM_WORKER, &work), WIRE_FINE);
    assert_true(work.lease[0].retry);
    assert_false(work.lease[0].unbegun);
    wire_work_done(&work);
}

#define HELLO(version, worker, credit)                                                             \
    FRAMES("DLW1", "HELLO", "{\"version\":" version ",\"worker\":" worker ",\"credit\":" credit "}")

static void every_kind_of_junk_is_refused_by_its_name(void **state)
{
    (void)state;
    const struct {
        enum wire_refusal refusal;
        const char *const *frames;
    } junk[] = {
        {WIRE_BAD_FRAMES, (const char *const[]){NULL}},
        {WIRE_BAD_VERSION, FRAMES("GET / HTTP/1.1")},
        {WIRE_BAD_VERSION, FRAMES("DLW2", "HELLO", "{}")},
        {WIRE_BAD_VERSION, FRAMES("", "HELLO", "{}")},
        {WIRE_BAD_FRAMES, FRAMES("DLW1")},
        {WIRE_BAD_FRAMES, FRAMES("DLW1", "PING")},
        {WIRE_BAD_VERB, FRAMES("DLW1", "ping", "{}")},
        {WIRE_BAD_VERB, FRAMES("DLW1", "", "{}")},
        {WIRE_BAD_VERB, FRAMES("DLW1", "ITEMS", "[]")},
        {WIRE_BAD_VERB, FRAMES("DLW1", "WELCOME", "{}")},
        {WIRE_BAD_VERB, FRAMES("DLW1", "REFUSED", "{}")},
        {WIRE_BAD_VERB, FRAMES("DLW1", "REPLAY", "{}")},
        {WIRE_BAD_FRAMES, FRAMES("DLW1", "PING", "")},
        {WIRE_BAD_FRAMES, FRAMES("DLW1", "PING", "{")},
        {WIRE_BAD_FRAMES, FRAMES("DLW1", "PING", "{}{}")},
        {WIRE_BAD_FRAMES, FRAMES("DLW1", "PING", "[]")},
        {WIRE_BAD_FRAMES, FRAMES("DLW1", "PING", "{\"n\":-1}")},
        {WIRE_BAD_FRAMES, FRAMES("DLW1", "PING", "{\"n\":9007199254740993}")},
        {WIRE_BAD_FRAMES, FRAMES("DLW1", "PING", "{\"n\":1.5}")},
        {WIRE_BAD_FRAMES, FRAMES("DLW1", "PING", "{\"n\":1,\"n\":2}")},
        {WIRE_BAD_FRAMES, FRAMES("DLW1", "PING", "{\"\xff\":1}")},
        {WIRE_BAD_FRAMES, FRAMES("DLW1", "PING", "{}", "")},
        {WIRE_BAD_FRAMES, FRAMES("DLW1", "BYE", "null")},
        {WIRE_BAD_VERSION, HELLO("2", "\"w\"", "1")},
        {WIRE_BAD_VERSION, HELLO("\"1\"", "\"w\"", "1")},
        {WIRE_BAD_VERSION, FRAMES("DLW1", "HELLO", "{}")},
        {WIRE_BAD_NAME, HELLO("1", "\"\"", "1")},
        {WIRE_BAD_NAME, HELLO("1", "7", "1")},
        {WIRE_BAD_NAME, HELLO("1", "\"a\\nb\"", "1")},
        {WIRE_BAD_NAME, HELLO("1", "\"\xc3\xa9\"", "1")},
        {WIRE_BAD_NAME,
         HELLO("1", "\"0123456789012345678901234567890123456789012345678901234567890123X\"", "1")},
        {WIRE_BAD_CREDIT, HELLO("1", "\"w\"", "-1")},
        {WIRE_BAD_CREDIT, HELLO("1", "\"w\"", "4097")},
        {WIRE_BAD_CREDIT, HELLO("1", "\"w\"", "true")},
        {WIRE_BAD_CREDIT, FRAMES("DLW1", "CREDIT", "{\"credit\":1e3}")},
        {WIRE_BAD_FRAMES, FRAMES("DLW1", "CREDIT", "{}")},
        {WIRE_BAD_FRAMES, FRAMES("DLW1", "RESULT", "{}")},
        {WIRE_BAD_BATCH, FRAMES("DLW1", "RESULT", "[]")},
        {WIRE_BAD_BATCH, FRAMES("DLW1", "RESULT", "[{\"lease\":1}]")},
        {WIRE_BAD_BATCH, FRAMES("DLW1", "RESULT", "[{\"lease\":1}]", "{}", "{}")},
        {WIRE_BAD_FRAMES, FRAMES("DLW1", "RESULT", "[{\"lease\":0}]", "{}")},
        {WIRE_BAD_FRAMES, FRAMES("DLW1", "RESULT", "[{\"lease\":\"1\"}]", "{}")},
        {WIRE_BAD_FRAMES, FRAMES("DLW1", "RESULT", "[1]", "{}")},
        {WIRE_BAD_RECORD, FRAMES("DLW1", "RESULT", "[{\"lease\":1}]", "[]")},
        {WIRE_BAD_RECORD, FRAMES("DLW1", "RESULT", "[{\"lease\":1}]", "")},
        {WIRE_BAD_RECORD, FRAMES("DLW1", "RESULT", "[{\"lease\":1}]", "{\"a\":\"\xff\"}")},
        {WIRE_BAD_FRAMES, FRAMES("DLW1", "NACK", "[{\"lease\":1,\"retry\":\"no\"}]")},
        {WIRE_BAD_FRAMES, FRAMES("DLW1", "NACK", "[{\"lease\":1,\"reason\":5}]")},
        {WIRE_BAD_FRAMES, FRAMES("DLW1", "NACK", "[{\"lease\":1}]", "{}")},
        {WIRE_BAD_BATCH, FRAMES("DLW1", "TOUCH", "[]")},
        {WIRE_BAD_BATCH, FRAMES("DLW1", "ACK", "[]")},
        {WIRE_BAD_FRAMES, FRAMES("DLW1", "ACK", "[{\"lease\":1}]", "{}")},
        {WIRE_BAD_FRAMES, FRAMES("DLW1", "ACK", "[{\"lease\":9007199254740992}]")},
    };
    for (size_t i = 0; i < ARRAY_LEN(junk); i++) {
        enum wire_refusal refusal = from_worker(junk[i].frames);
        if (refusal != junk[i].refusal)
            fail_msg("junk %zu: %s, not %s", i, wire_refusal_name(refusal),
                     wire_refusal_name(junk[i].refusal));
    }
}

static void too_many_leases_are_refused(void **state)
{
    (void)state;
    struct buf header = BUF_NONE;
    struct wire_lease leases[LIMIT_BATCH_ITEMS + 1] = {0};
    for (size_t i = 0; i < ARRAY_LEN(leases); i++)
        leases[i].lease = i + 1;
    wire_put_leases(&header, WIRE_TOUCH, leases, ARRAY_LEN(leases));
    struct wire_work work;
    const struct str frames[3] = {STR("DLW1"), STR("TOUCH"), buf_str(&header)};
    assert_int_equal(wire_work_decode(frames, 3, WIRE_FROM_WORKER, &work), WIRE_BAD_BATCH);
    buf_free(&header);
}

static void a_header_over_its_limit_is_refused(void **state)
{
    (void)state;
    struct buf header = BUF_NONE;
    buf_putz(&header, "{\"x\":\"");
    while (header.len <= LIMIT_FRAME_HEADER)
        buf_putc(&header, 'a');
    buf_putz(&header, "\"}");
    struct wire_work work;
    const struct str frames[3] = {STR("DLW1"), STR("PING"), buf_str(&header)};
    assert_int_equal(wire_work_decode(frames, 3, WIRE_FROM_WORKER, &work), WIRE_BAD_FRAMES);
    buf_free(&header);
}

static void a_record_gets_its_seq_as_the_first_member(void **state)
{
    (void)state;
    struct buf out = BUF_NONE;
    wire_put_record(&out, 4711, STR("{\"event\":\"new\"}"));
    assert_true(str_is(buf_str(&out), "{\"seq\":4711,\"event\":\"new\"}"));
    buf_reset(&out);
    wire_put_record(&out, 1, STR("{ }"));
    assert_true(str_is(buf_str(&out), "{\"seq\":1}"));
    buf_free(&out);
}

static int live(const char *topic, const char *header, const char *body, struct wire_live *out)
{
    const struct str frames[3] = {str_of(topic), str_of(header), str_of(body)};
    return wire_live_decode(frames, 3, out);
}

static void a_live_message_says_seq_and_prev(void **state)
{
    (void)state;
    struct buf header = BUF_NONE;
    struct wire_live message;
    wire_put_live(&header, "5f0c", 9, 4);
    assert_int_equal(live("new.en.x.y", buf_cstr(&header), "{}", &message), 0);
    assert_int_equal(message.seq, 9);
    assert_int_equal(message.prev, 4);
    wire_live_done(&message);
    buf_reset(&header);
    wire_put_live(&header, "5f0c", 9, 0);
    assert_true(str_is(buf_str(&header), "{\"epoch\":\"5f0c\",\"seq\":9,\"prev\":null}"));
    assert_int_equal(live("new.en.x.y", buf_cstr(&header), "{}", &message), 0);
    assert_int_equal(message.prev, 0);
    wire_live_done(&message);
    buf_free(&header);
}

static void a_heartbeat_lists_its_topics(void **state)
{
    (void)state;
    struct buf header = BUF_NONE;
    struct wire_live message;
    wire_put_heartbeat(&header, "5f0c", 9, 7, 1000);
    assert_int_equal(live("heartbeat", buf_cstr(&header), "{\"topics\":{\"a.b\":9}}", &message), 0);
    assert_true(message.heartbeat);
    assert_int_equal(message.newest, 9);
    assert_int_equal(message.since, 7);
    assert_int_equal(json_object_size(message.topics), 1);
    wire_live_done(&message);
    buf_free(&header);
}

static void junk_on_the_live_feed_is_refused(void **state)
{
    (void)state;
    struct wire_live m;
    assert_int_equal(live("", "{\"epoch\":\"e\"}", "{}", &m), -EBADMSG);
    assert_int_equal(live("t", "{}", "{}", &m), -EBADMSG);
    assert_int_equal(live("t", "{\"epoch\":\"e\",\"seq\":1}", "{}", &m), -EBADMSG);
    assert_int_equal(live("t", "{\"epoch\":\"e\",\"seq\":1,\"prev\":1}", "{}", &m), -EBADMSG);
    assert_int_equal(live("t", "{\"epoch\":\"e\",\"seq\":0,\"prev\":null}", "{}", &m), -EBADMSG);
    assert_int_equal(live("t", "{\"epoch\":\"e\",\"seq\":1,\"prev\":null}", "x", &m), -EBADMSG);
    assert_int_equal(live("heartbeat", "{\"epoch\":\"e\",\"newest\":1}", "{}", &m), -EBADMSG);
    assert_int_equal(
        live("heartbeat", "{\"epoch\":\"e\",\"newest\":1,\"since\":2,\"interval_ms\":1}", "{}", &m),
        -EBADMSG);
    assert_int_equal(live("heartbeat",
                          "{\"epoch\":\"e\",\"newest\":1,\"since\":1,\"interval_ms\":1}",
                          "{\"topics\":{\"a\":\"b\"}}", &m),
                     -EBADMSG);
}

static enum wire_refusal ask(const char *header, struct wire_replay *out)
{
    const struct str frames[3] = {STR("DLR1"), STR("REPLAY"), str_of(header)};
    return wire_replay_decode(frames, 3, out);
}

static void a_replay_request_is_read_as_it_was_written(void **state)
{
    (void)state;
    struct wire_replay in = {.since = WIRE_SINCE_SEQ,
                             .seq = 12,
                             .id = 3,
                             .max = 7,
                             .topic_count = 1,
                             .topic = {STR("new.en.")}},
                       out;
    struct buf header = BUF_NONE;
    wire_put_replay(&header, &in);
    assert_int_equal(ask(buf_cstr(&header), &out), WIRE_FINE);
    assert_int_equal(out.since, WIRE_SINCE_SEQ);
    assert_int_equal(out.seq, 12);
    assert_int_equal(out.max, 7);
    assert_true(wire_replay_wants(&out, STR("new.en.politics.a")));
    assert_false(wire_replay_wants(&out, STR("new.fr.politics.a")));
    wire_replay_done(&out);
    buf_reset(&header);
    in = (struct wire_replay){.since = WIRE_SINCE_TIME, .at = 1795287872000001};
    wire_put_replay(&header, &in);
    assert_int_equal(ask(buf_cstr(&header), &out), WIRE_FINE);
    assert_int_equal(out.since, WIRE_SINCE_TIME);
    assert_int_equal(out.at, in.at);
    wire_replay_done(&out);
    buf_free(&header);
}

static void junk_requests_are_refused_by_name(void **state)
{
    (void)state;
    struct wire_replay out;
    assert_int_equal(ask("[]", &out), WIRE_BAD_FRAMES);
    assert_int_equal(ask("{\"since\":-1}", &out), WIRE_BAD_RANGE);
    assert_int_equal(ask("{\"since\":1,\"since_time\":\"2026-11-21T00:00:00Z\"}", &out),
                     WIRE_BAD_RANGE);
    assert_int_equal(ask("{\"since_time\":\"yesterday\"}", &out), WIRE_BAD_RANGE);
    assert_int_equal(ask("{\"max\":0}", &out), WIRE_BAD_RANGE);
    assert_int_equal(ask("{\"max\":257}", &out), WIRE_BAD_RANGE);
    assert_int_equal(ask("{\"topics\":\"new\"}", &out), WIRE_BAD_TOPICS);
    assert_int_equal(ask("{\"topics\":[1]}", &out), WIRE_BAD_TOPICS);
    assert_int_equal(ask("{\"id\":\"a\"}", &out), WIRE_BAD_FRAMES);
    const struct str verb[3] = {STR("DLR1"), STR("RECORDS"), STR("{}")};
    assert_int_equal(wire_replay_decode(verb, 3, &out), WIRE_BAD_VERB);
    const struct str tag[3] = {STR("DLR2"), STR("REPLAY"), STR("{}")};
    assert_int_equal(wire_replay_decode(tag, 3, &out), WIRE_BAD_VERSION);
    assert_int_equal(wire_replay_decode(tag, 0, &out), WIRE_BAD_FRAMES);
}

static void an_answer_is_read_as_it_was_written(void **state)
{
    (void)state;
    struct wire_records *in = xcalloc(1, sizeof *in), *out = xcalloc(1, sizeof *out);
    struct buf header = BUF_NONE;
    in->id = 5, in->epoch = STR("5f0c"), in->next = 13, in->newest = 12, in->first = 11;
    in->count = 2;
    in->record[0] = (struct wire_record){.seq = 11, .topic = STR("a\"b")};
    in->record[1] = (struct wire_record){.seq = 12, .prev = 11, .topic = STR("c")};
    wire_put_records(&header, in);
    const struct str frames[5] = {STR("DLR1"), STR("RECORDS"), buf_str(&header), STR("{}"),
                                  STR("{\"a\":1}")};
    assert_int_equal(wire_records_decode(frames, 5, out), 0);
    assert_int_equal(out->count, 2);
    assert_int_equal(out->next, 13);
    assert_true(str_is(out->record[0].topic, "a\"b"));
    assert_int_equal(out->record[1].prev, 11);
    wire_records_done(out);
    assert_int_equal(wire_records_decode(frames, 4, out), -EBADMSG);
    in->next = 14; /* beyond newest + 1 */
    buf_reset(&header);
    wire_put_records(&header, in);
    const struct str wrong[5] = {STR("DLR1"), STR("RECORDS"), buf_str(&header), STR("{}"),
                                 STR("{}")};
    assert_int_equal(wire_records_decode(wrong, 5, out), -EBADMSG);
    buf_free(&header);
    free(in);
    free(out);
}

/* ---- cases: frames separated by 0xff in input.bin, and who takes them in expect */

static void read_part(const char *dir, const char *name, struct buf *out)
{
    char path[512];
    snprintf(path, sizeof path, "tests/cases/wire/%s/%s", dir, name);
    scratch_read(path, out);
}

static void put_verdict(struct buf *out, const char *who, const char *verdict)
{
    buf_printf(out, "%s %s\n", who, verdict);
}

static void put_work(struct buf *out, const char *who, const struct str *frames, size_t count,
                     enum wire_side from)
{
    struct wire_work work;
    enum wire_refusal refusal = wire_work_decode(frames, count, from, &work);
    if (!refusal)
        wire_work_done(&work);
    put_verdict(out, who, wire_refusal_name(refusal));
}

static void judge(struct str input, struct buf *out)
{
    struct str frames[WIRE_PARTS_MAX];
    struct wire_live message;
    struct wire_replay request;
    struct wire_records *records = xcalloc(1, sizeof *records);
    size_t count = 0;
    while (count < WIRE_PARTS_MAX && str_cut(&input, '\xff', &frames[count]))
        count++;
    put_work(out, "daemon", frames, count, WIRE_FROM_WORKER);
    put_work(out, "worker", frames, count, WIRE_FROM_DAEMON);
    int err = wire_live_decode(frames, count, &message);
    if (!err)
        wire_live_done(&message);
    put_verdict(out, "subscriber", err ? "malformed" : "fine");
    enum wire_refusal refusal = wire_replay_decode(frames, count, &request);
    if (!refusal)
        wire_replay_done(&request);
    put_verdict(out, "replay", wire_refusal_name(refusal));
    err = wire_records_decode(frames, count, records);
    if (!err)
        wire_records_done(records);
    put_verdict(out, "asker", err ? "malformed" : "fine");
    free(records);
}

static void every_case_is_taken_by_whom_it_is_for_and_refused_by_all_others(void **state)
{
    (void)state;
    DIR *dir = opendir("tests/cases/wire");
    assert_non_null(dir);
    unsigned cases = 0;
    for (struct dirent *e; (e = readdir(dir)) != NULL;) {
        struct buf input = BUF_NONE, expected = BUF_NONE, got = BUF_NONE;
        if (e->d_name[0] == '.')
            continue;
        read_part(e->d_name, "input.bin", &input);
        read_part(e->d_name, "expect", &expected);
        judge(buf_str(&input), &got);
        if (!str_eq(buf_str(&got), buf_str(&expected)))
            fail_msg("%s:\n%s", e->d_name, buf_cstr(&got));
        buf_free(&input);
        buf_free(&expected);
        buf_free(&got);
        cases++;
    }
    closedir(dir);
    assert_true(cases >= 20);
}

static void a_message_of_too_many_frames_is_taken_off_the_socket(void **state)
{
    (void)state;
    void *zmq = zmq_ctx_new(), *a = zmq_socket(zmq, ZMQ_PAIR), *b = zmq_socket(zmq, ZMQ_PAIR);
    struct wire_parts *parts = xcalloc(1, sizeof *parts);
    zmq_bind(a, "inproc://many");
    zmq_connect(b, "inproc://many");
    for (int i = 0; i < 5000; i++)
        zmq_send(b, "x", 1, ZMQ_SNDMORE);
    zmq_send(b, "x", 1, 0);
    zmq_send(b, "next", 4, 0);
    assert_int_equal(wire_recv(a, parts), -EMSGSIZE);
    assert_int_equal(parts->count, WIRE_PARTS_MAX);
    wire_parts_done(parts);
    assert_int_equal(wire_recv(a, parts), 0);
    assert_true(str_is(parts->at[0], "next"));
    wire_parts_done(parts);
    assert_int_equal(wire_recv(a, parts), -EAGAIN);
    zmq_close(a);
    zmq_close(b);
    zmq_ctx_term(zmq);
    free(parts);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_hello_is_read_as_it_was_written),
        cmocka_unit_test(a_hello_names_languages_and_capabilities),
        cmocka_unit_test(a_hello_names_no_more_than_it_may),
        cmocka_unit_test(an_ack_is_read_as_it_was_written),
        cmocka_unit_test(a_welcome_is_read_as_it_was_written),
        cmocka_unit_test(a_batch_is_read_as_it_was_written),
        cmocka_unit_test(a_nack_is_read_as_it_was_written),
        cmocka_unit_test(a_refusal_names_its_leases),
        cmocka_unit_test(members_that_are_not_known_are_ignored),
        cmocka_unit_test(a_list_of_leases_may_be_written_in_any_way),
        cmocka_unit_test(a_list_of_leases_is_refused_however_it_begins),
        cmocka_unit_test(a_nack_without_retry_means_later),
        cmocka_unit_test(every_kind_of_junk_is_refused_by_its_name),
        cmocka_unit_test(too_many_leases_are_refused),
        cmocka_unit_test(a_header_over_its_limit_is_refused),
        cmocka_unit_test(a_record_gets_its_seq_as_the_first_member),
        cmocka_unit_test(a_live_message_says_seq_and_prev),
        cmocka_unit_test(a_heartbeat_lists_its_topics),
        cmocka_unit_test(junk_on_the_live_feed_is_refused),
        cmocka_unit_test(a_replay_request_is_read_as_it_was_written),
        cmocka_unit_test(junk_requests_are_refused_by_name),
        cmocka_unit_test(an_answer_is_read_as_it_was_written),
        cmocka_unit_test(every_case_is_taken_by_whom_it_is_for_and_refused_by_all_others),
        cmocka_unit_test(a_message_of_too_many_frames_is_taken_off_the_socket),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
