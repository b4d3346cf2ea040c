/* The intake room alone: programs played by hand, and the floor above it, which answers when told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include <dirent.h>

#include "clock.h"
#include "intake.h"
#include "scratch.h"

#define ENDPOINT "inproc://intake"
#define KEPT     4096

struct world {
    struct ev_loop *loop;
    void *zmq, *program;
    struct intake *intake;
    struct intake_batch *kept[KEPT]; /* handed up, not answered */
    size_t count;
    bool at_once; /* the floor above takes everything as it comes */
    struct wire_parts parts;
    struct wire_intake said;
};

static void on_batch(void *ctx, struct intake_batch *batch)
{
    struct world *world = ctx;
    struct wire_intake taken = {.accepted = intake_push(batch)->count};
    if (world->at_once)
        intake_taken(batch, &taken);
    else
        world->kept[world->count++] = batch;
}

static void *new_program(struct world *world, int type)
{
    void *program = zmq_socket(world->zmq, type);
    wire_setup(program, 0, 0);
    assert_int_equal(zmq_connect(program, ENDPOINT), 0);
    return program;
}

static int open_world(void **state)
{
    static const char *const bind[] = {ENDPOINT, NULL};
    struct world *world = xcalloc(1, sizeof *world);
    const char *failed = NULL;
    world->loop = ev_loop_new(EVFLAG_AUTO);
    world->zmq = zmq_ctx_new();
    const struct intake_options options = {
        .loop = world->loop, .zmq = world->zmq, .bind = bind, .up = on_batch, .ctx = world};
    assert_int_equal(intake_open(&options, &world->intake, &failed), 0);
    world->program = new_program(world, ZMQ_DEALER);
    *state = world;
    return 0;
}

static int close_world(void **state)
{
    struct world *world = *state;
    wire_intake_done(&world->said);
    wire_parts_done(&world->parts);
    zmq_close(world->program);
    intake_close(world->intake);
    zmq_ctx_term(world->zmq);
    ev_loop_destroy(world->loop);
    free(world);
    return 0;
}

static void turn(struct world *world)
{
    ev_run(world->loop, EVRUN_NOWAIT);
}

/* Until the intake has said something to this program. */
static const struct wire_intake *hear(struct world *world, void *program)
{
    wire_intake_done(&world->said);
    wire_parts_done(&world->parts);
    for (int i = 0; i < 5000; i++) {
        turn(world);
        if (wire_recv(program, &world->parts) == 0) {
            size_t skip = world->parts.at[0].len == 0 ? 1 : 0;
            assert_int_equal(wire_intake_decode(world->parts.at + skip, world->parts.count - skip,
                                                WIRE_TO_PUSHER, &world->said),
                             WIRE_FINE);
            return &world->said;
        }
        usleep(1000);
    }
    fail_msg("the intake said nothing");
    return NULL;
}

static void send_frames(void *program, const char *const *frames)
{
    for (; *frames; frames++)
        assert_true(zmq_send(program, *frames, strlen(*frames), frames[1] ? ZMQ_SNDMORE : 0) >= 0);
}

static void push(void *program, uint64_t id, size_t documents, struct str bytes)
{
    struct buf header = BUF_NONE;
    buf_printf(&header, "{\"id\":%llu}", (unsigned long long)id);
    zmq_send(program, "DLI1", 4, ZMQ_SNDMORE);
    zmq_send(program, "PUSH", 4, ZMQ_SNDMORE);
    zmq_send(program, header.at, header.len, ZMQ_SNDMORE);
    for (size_t i = 0; i < documents; i++)
        zmq_send(program, bytes.at, bytes.len, i + 1 < documents ? ZMQ_SNDMORE : 0);
    buf_free(&header);
}

static void wait_for_kept(struct world *world, size_t count)
{
    for (int i = 0; i < 5000 && world->count < count; i++) {
        turn(world);
        usleep(1000);
    }
    assert_int_equal(world->count, count);
}

static void check_refusal(struct world *world, const char *const *frames, const char *reason)
{
    send_frames(world->program, frames);
    const struct wire_intake *said = hear(world, world->program);
    if (said->verb != WIRE_REFUSED || !str_is(said->reason, reason))
        fail_msg("%s, not %s", wire_verb_name(said->verb), reason);
}

/* ------------------------------------------------------------------------------------------ tests */

static void a_batch_is_answered_when_the_floor_above_says_so(void **state)
{
    struct world *world = *state;
    struct intake_counts counts;
    push(world->program, 7, 2, STR("{}"));
    wait_for_kept(world, 1);
    assert_int_equal(intake_push(world->kept[0])->count, 2);
    intake_counts(world->intake, &counts);
    assert_int_equal(counts.unanswered, 1);
    assert_int_equal(counts.peers, 1);
    struct wire_intake taken = {.accepted = 1, .refused = 1, .count = 1};
    taken.told[0] = (struct wire_told){1, 3, STR("not-understood"), STR("not JSON")};
    intake_taken(world->kept[0], &taken);
    const struct wire_intake *said = hear(world, world->program);
    assert_int_equal(said->verb, WIRE_TAKEN);
    assert_int_equal(said->id, 7);
    assert_int_equal(said->accepted, 1);
    assert_int_equal(said->told[0].at, 1);
    assert_int_equal(said->told[0].line, 3);
    intake_counts(world->intake, &counts);
    assert_int_equal(counts.unanswered, 0);
    assert_int_equal(counts.bytes, 0);
    assert_int_equal(counts.peers, 0);
}

static void answers_may_come_in_another_order(void **state)
{
    struct world *world = *state;
    push(world->program, 1, 1, STR("a"));
    push(world->program, 2, 1, STR("b"));
    wait_for_kept(world, 2);
    struct wire_intake taken = {0};
    intake_taken(world->kept[1], &taken);
    assert_int_equal(hear(world, world->program)->id, 2);
    intake_taken(world->kept[0], &taken);
    assert_int_equal(hear(world, world->program)->id, 1);
}

static void a_request_socket_gets_its_delimiter_back(void **state)
{
    struct world *world = *state;
    world->at_once = true;
    void *request = new_program(world, ZMQ_REQ);
    push(request, 5, 1, STR("x"));
    assert_int_equal(hear(world, request)->id, 5);
    zmq_close(request);
}

static void a_ping_is_answered_with_how_many_batches_are_owed(void **state)
{
    struct world *world = *state;
    const char *const ping[] = {"DLI1", "PING", "{\"n\":9}", NULL};
    push(world->program, 1, 1, STR("a"));
    send_frames(world->program, ping);
    const struct wire_intake *said = hear(world, world->program);
    assert_int_equal(said->verb, WIRE_PONG);
    assert_int_equal(said->ping, 9);
    assert_int_equal(said->unanswered, 1);
}

static void the_seventeenth_batch_is_refused_and_the_others_stay(void **state)
{
    struct world *world = *state;
    for (uint64_t id = 1; id <= LIMIT_INTAKE_WINDOW + 1; id++)
        push(world->program, id, 1, STR("a"));
    const struct wire_intake *said = hear(world, world->program);
    assert_int_equal(said->verb, WIRE_REFUSED);
    assert_true(str_is(said->reason, "window"));
    assert_int_equal(said->id, LIMIT_INTAKE_WINDOW + 1);
    assert_int_equal(world->count, LIMIT_INTAKE_WINDOW);
}

static void what_is_no_batch_is_refused_by_name(void **state)
{
    struct world *world = *state;
    static const struct {
        const char *frames[5], *reason;
    } cases[] = {
        {{"DLI2", "PUSH", "{\"id\":1}", "x"}, "version"},
        {{"hello"}, "version"},
        {{"DLI1", "PUSH"}, "malformed"},
        {{"DLI1", "PUSH", "{\"id\":1", "x"}, "malformed"},
        {{"DLI1", "PUSH", "[1]", "x"}, "malformed"},
        {{"DLI1", "PUSH", "{}", "x"}, "malformed"},
        {{"DLI1", "PUSH", "{\"id\":0}", "x"}, "malformed"},
        {{"DLI1", "PUSH", "{\"id\":1,\"lane\":\"fast\"}", "x"}, "malformed"},
        {{"DLI1", "PUSH", "{\"id\":1,\"source\":7}", "x"}, "malformed"},
        {{"DLI1", "PUSH", "{\"id\":1,\"documents\":{}}", "x"}, "malformed"},
        {{"DLI1", "PUSH", "{\"id\":1,\"documents\":[{},{}]}", "x"}, "batch"},
        {{"DLI1", "PUSH", "{\"id\":1}"}, "batch"},
        {{"DLI1", "TAKEN", "{\"id\":1}"}, "verb"},
        {{"DLI1", "push", "{\"id\":1}", "x"}, "verb"},
        {{"DLI1", "PING", "{\"n\":-1}"}, "malformed"},
        {{"DLI1", "PING", "{}", "x"}, "malformed"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        check_refusal(world, cases[i].frames, cases[i].reason);
    push(world->program, 3, LIMIT_BATCH_ITEMS + 1, STR("x"));
    assert_true(str_is(hear(world, world->program)->reason, "batch"));
    push(world->program, 4, 600, STR("x"));
    assert_true(str_is(hear(world, world->program)->reason, "malformed"));
    assert_int_equal(world->count, 0);
}

static void a_batch_of_more_than_four_mebibytes_is_refused(void **state)
{
    struct world *world = *state;
    char *bytes = xcalloc(1, LIMIT_MESSAGE / 2 + 1);
    push(world->program, 8, 2, (struct str){bytes, LIMIT_MESSAGE / 2 + 1});
    const struct wire_intake *said = hear(world, world->program);
    assert_true(str_is(said->reason, "batch"));
    assert_int_equal(said->id, 8);
    free(bytes);
}

/* Two programs fill the memory; what they have sent beyond it is read as answers make room. */
static void too_much_is_not_read_until_there_is_room_and_nothing_is_lost(void **state)
{
    struct world *world = *state;
    struct intake_counts counts;
    size_t size = LIMIT_MESSAGE - 1024, all = 12;
    char *bytes = xcalloc(1, size);
    struct wire_intake taken = {0};
    for (uint64_t id = 1; id <= all; id++)
        push(world->program, id, 1, (struct str){bytes, size});
    for (int i = 0; i < 300; i++) {
        turn(world);
        usleep(1000);
    }
    intake_counts(world->intake, &counts);
    assert_false(counts.reading);
    assert_true(counts.bytes < LIMIT_INTAKE_BYTES + LIMIT_MESSAGE + 65536);
    assert_true(world->count < all);
    for (size_t i = 0; i < all; i++) {
        wait_for_kept(world, world->count > i ? world->count : i + 1);
        intake_taken(world->kept[i], &taken);
    }
    intake_counts(world->intake, &counts);
    assert_true(counts.reading);
    assert_int_equal(counts.batches, all);
    free(bytes);
}

static void a_draining_intake_takes_nothing_new_and_answers_what_it_has(void **state)
{
    struct world *world = *state;
    struct wire_intake taken = {0};
    push(world->program, 1, 1, STR("a"));
    wait_for_kept(world, 1);
    intake_drain(world->intake);
    push(world->program, 2, 1, STR("a"));
    const struct wire_intake *said = hear(world, world->program);
    assert_true(str_is(said->reason, "draining"));
    assert_int_equal(said->id, 2);
    intake_taken(world->kept[0], &taken);
    assert_int_equal(hear(world, world->program)->id, 1);
}

static void who_has_gone_does_no_harm(void **state)
{
    struct world *world = *state;
    struct wire_intake taken = {0};
    void *other = new_program(world, ZMQ_DEALER);
    push(other, 1, 1, STR("a"));
    wait_for_kept(world, 1);
    zmq_close(other);
    for (int i = 0; i < 20; i++)
        turn(world);
    intake_taken(world->kept[0], &taken);
    world->at_once = true;
    push(world->program, 2, 1, STR("a"));
    assert_int_equal(hear(world, world->program)->id, 2);
}

/* ---- tests/cases/intake: who takes which message */

static void put_verdict(struct buf *out, const char *who, const struct str *frames, size_t count,
                        enum wire_pusher from)
{
    struct wire_intake *message = xcalloc(1, sizeof *message);
    enum wire_refusal refusal = wire_intake_decode(frames, count, from, message);
    buf_printf(out, "%s %s\n", who, wire_refusal_name(refusal));
    wire_intake_done(message);
    free(message);
}

static void judge_case(const char *name)
{
    struct buf input = BUF_NONE, expected = BUF_NONE, got = BUF_NONE;
    struct str frames[WIRE_PARTS_MAX], rest;
    char path[256];
    size_t count = 0;
    snprintf(path, sizeof path, "tests/cases/intake/%s/input.bin", name);
    scratch_read(path, &input);
    snprintf(path, sizeof path, "tests/cases/intake/%s/expect", name);
    scratch_read(path, &expected);
    rest = buf_str(&input);
    while (count < WIRE_PARTS_MAX && str_cut(&rest, '\xff', &frames[count]))
        count++;
    put_verdict(&got, "intake", frames, count, WIRE_FROM_PUSHER);
    put_verdict(&got, "pusher", frames, count, WIRE_TO_PUSHER);
    if (!str_eq(buf_str(&got), buf_str(&expected)))
        fail_msg("%s:\n%s", name, buf_cstr(&got));
    buf_free(&input);
    buf_free(&expected);
    buf_free(&got);
}

static void every_case_is_taken_by_whom_it_is_for(void **state)
{
    DIR *dir = opendir("tests/cases/intake");
    unsigned cases = 0;
    (void)state;
    assert_non_null(dir);
    for (const struct dirent *e; (e = readdir(dir)) != NULL;)
        if (e->d_name[0] != '.') {
            judge_case(e->d_name);
            cases++;
        }
    closedir(dir);
    assert_true(cases >= 5);
}

static void headers_are_read_back_as_they_were_written(void **state)
{
    struct wire_intake *push = xcalloc(1, sizeof *push), *got = xcalloc(1, sizeof *got);
    struct buf header = BUF_NONE;
    (void)state;
    *push = (struct wire_intake){
        .id = 9, .source = STR("wire"), .type = STR("rss"), .lane = STR("backfill"), .count = 2};
    push->document[1].url = STR("https://example.org/\xc3\xa9");
    wire_put_push(&header, push);
    const struct str frames[] = {STR("DLI1"), STR("PUSH"), buf_str(&header), STR("a"), STR("b")};
    assert_int_equal(wire_intake_decode(frames, 5, WIRE_FROM_PUSHER, got), WIRE_FINE);
    assert_int_equal(got->id, 9);
    assert_true(str_is(got->source, "wire") && str_is(got->type, "rss"));
    assert_true(str_is(got->lane, "backfill"));
    assert_int_equal(got->document[0].url.len, 0);
    assert_true(str_eq(got->document[1].url, push->document[1].url));
    assert_true(str_is(got->document[1].bytes, "b"));
    wire_intake_done(got);
    buf_free(&header);
    free(push);
    free(got);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, open_world, close_world)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_batch_is_answered_when_the_floor_above_says_so),
        CASE(answers_may_come_in_another_order),
        CASE(a_request_socket_gets_its_delimiter_back),
        CASE(a_ping_is_answered_with_how_many_batches_are_owed),
        CASE(the_seventeenth_batch_is_refused_and_the_others_stay),
        CASE(what_is_no_batch_is_refused_by_name),
        CASE(a_batch_of_more_than_four_mebibytes_is_refused),
        CASE(too_much_is_not_read_until_there_is_room_and_nothing_is_lost),
        CASE(a_draining_intake_takes_nothing_new_and_answers_what_it_has),
        CASE(who_has_gone_does_no_harm),
        cmocka_unit_test(every_case_is_taken_by_whom_it_is_for),
        cmocka_unit_test(headers_are_read_back_as_they_were_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
