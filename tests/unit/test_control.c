#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include <ev.h>
#include <zmq.h>

#include "control.h"
#include "limits.h"
#include "log.h"
#include "scratch.h"
#include "str.h"

struct world {
    struct ev_loop *loop;
    void *zmq, *client;
    struct control *control;
    char dir[SCRATCH_PATH], endpoint[128];
    struct control_call *later; /* a call kept for later */
    unsigned calls;
};

static void on_request(void *ctx, const json_t *request, struct control_call *call)
{
    struct world *world = ctx;
    const char *what = json_string_value(json_object_get(request, "do"));
    world->calls++;
    if (strcmp(what, "later") == 0)
        world->later = call;
    else if (strcmp(what, "fail") == 0)
        control_fail(call, 69, "no %s, and \xff bytes", "service");
    else
        control_answer(call, json_pack("{s:b, s:s}", "ok", 1, "did", what));
}

static void *new_client(struct world *world, int type)
{
    int wait_ms = 0;
    void *client = zmq_socket(world->zmq, type);
    zmq_setsockopt(client, ZMQ_LINGER, &wait_ms, sizeof wait_ms);
    assert_int_equal(zmq_connect(client, world->endpoint), 0);
    return client;
}

static int open_world(void **state)
{
    struct world *world = xcalloc(1, sizeof *world);
    assert_int_equal(scratch_make(world->dir), 0);
    snprintf(world->endpoint, sizeof world->endpoint, "ipc://%s/control", world->dir);
    world->loop = ev_loop_new(EVFLAG_AUTO);
    world->zmq = zmq_ctx_new();
    const struct control_options options = {world->loop, world->zmq, world->endpoint,
                                            NULL,        on_request, world};
    assert_int_equal(control_open(&options, &world->control), 0);
    world->client = new_client(world, ZMQ_DEALER);
    *state = world;
    return 0;
}

static int close_world(void **state)
{
    struct world *world = *state;
    zmq_close(world->client);
    control_close(world->control);
    zmq_ctx_term(world->zmq);
    ev_loop_destroy(world->loop);
    scratch_remove(world->dir);
    free(world);
    return 0;
}

static void stop(struct ev_loop *loop, ev_timer *w, int events)
{
    (void)w;
    (void)events;
    ev_break(loop, EVBREAK_ALL);
}

static void turn(struct world *world, double seconds)
{
    ev_timer timer;
    ev_timer_init(&timer, stop, seconds, 0.);
    ev_timer_start(world->loop, &timer);
    ev_run(world->loop, 0);
    ev_timer_stop(world->loop, &timer);
}

/* The next answer, or NULL after five seconds. The caller owns it. */
static json_t *next_answer(struct world *world, void *client)
{
    for (int i = 0; i < 250; i++) {
        turn(world, 0.02);
        zmq_msg_t message;
        zmq_msg_init(&message);
        int len = zmq_msg_recv(&message, client, ZMQ_DONTWAIT);
        json_t *answer = NULL;
        if (len >= 0)
            answer = json_loadb(zmq_msg_data(&message), zmq_msg_size(&message), 0, NULL);
        zmq_msg_close(&message);
        if (len >= 0)
            return answer;
    }
    return NULL;
}

static json_t *ask(struct world *world, struct str request)
{
    assert_int_equal(zmq_send(world->client, request.at, request.len, 0), request.len);
    json_t *answer = next_answer(world, world->client);
    assert_non_null(answer);
    return answer;
}

static void expect_junk(struct world *world, struct str request)
{
    json_t *answer = ask(world, request);
    assert_true(json_is_false(json_object_get(answer, "ok")));
    assert_int_equal(json_integer_value(json_object_get(answer, "code")), 65);
    assert_true(json_is_string(json_object_get(answer, "error")));
    assert_int_equal(world->calls, 0);
    json_decref(answer);
}

static void a_request_is_answered(void **state)
{
    json_t *answer = ask(*state, STR("{\"do\":\"status\"}"));
    assert_true(json_is_true(json_object_get(answer, "ok")));
    assert_string_equal(json_string_value(json_object_get(answer, "did")), "status");
    json_decref(answer);
}

static void a_req_socket_gets_its_answer_too(void **state)
{
    struct world *world = *state;
    void *client = new_client(world, ZMQ_REQ);
    assert_int_equal(zmq_send(client, "{\"do\":\"status\"}", 15, 0), 15);
    json_t *answer = next_answer(world, client);
    assert_non_null(answer);
    assert_true(json_is_true(json_object_get(answer, "ok")));
    json_decref(answer);
    zmq_close(client);
}

static void an_answer_may_come_later_and_reaches_who_asked(void **state)
{
    struct world *world = *state;
    void *other = new_client(world, ZMQ_DEALER);
    zmq_send(other, "{\"do\":\"later\"}", 14, 0);
    while (!world->later)
        turn(world, 0.02);
    json_t *answer = ask(world, STR("{\"do\":\"status\"}"));
    json_decref(answer);
    control_answer(world->later, json_pack("{s:b, s:s}", "ok", 1, "did", "later"));
    answer = next_answer(world, other);
    assert_non_null(answer);
    assert_string_equal(json_string_value(json_object_get(answer, "did")), "later");
    json_decref(answer);
    zmq_close(other);
}

static void a_failure_carries_its_code_and_valid_text(void **state)
{
    json_t *answer = ask(*state, STR("{\"do\":\"fail\"}"));
    assert_true(json_is_false(json_object_get(answer, "ok")));
    assert_int_equal(json_integer_value(json_object_get(answer, "code")), 69);
    assert_string_equal(json_string_value(json_object_get(answer, "error")),
                        "no service, and \xef\xbf\xbd bytes");
    json_decref(answer);
}

static void what_is_not_json_is_answered_with_an_error(void **state)
{
    expect_junk(*state, STR("GET / HTTP/1.1"));
}

static void an_empty_request_is_answered_with_an_error(void **state)
{
    expect_junk(*state, STR(""));
}

static void what_is_not_an_object_is_answered_with_an_error(void **state)
{
    expect_junk(*state, STR("[1,2,3]"));
}

static void a_request_without_a_verb_is_answered_with_an_error(void **state)
{
    expect_junk(*state, STR("{\"do\":7}"));
}

static void a_request_that_is_too_deep_is_answered_with_an_error(void **state)
{
    struct buf deep = BUF_NONE;
    buf_putz(&deep, "{\"do\":\"status\",\"x\":");
    for (int i = 0; i < 1000; i++)
        buf_putc(&deep, '[');
    for (int i = 0; i < 1000; i++)
        buf_putc(&deep, ']');
    buf_putc(&deep, '}');
    expect_junk(*state, buf_str(&deep));
    buf_free(&deep);
}

static void brackets_in_a_string_are_not_depth(void **state)
{
    struct buf text = BUF_NONE;
    buf_putz(&text, "{\"do\":\"status\",\"x\":\"\\\"");
    for (int i = 0; i < 1000; i++)
        buf_putc(&text, '[');
    buf_putz(&text, "\"}");
    json_t *answer = ask(*state, buf_str(&text));
    assert_true(json_is_true(json_object_get(answer, "ok")));
    json_decref(answer);
    buf_free(&text);
}

static void an_oversized_request_does_not_reach_us(void **state)
{
    struct world *world = *state;
    struct buf large = BUF_NONE;
    buf_reserve(&large, LIMIT_REQUEST_JSON + 1);
    memset(large.at, ' ', LIMIT_REQUEST_JSON + 1);
    void *client = new_client(world, ZMQ_DEALER);
    zmq_send(client, large.at, LIMIT_REQUEST_JSON + 1, 0);
    turn(world, 0.2);
    buf_free(&large);
    assert_int_equal(world->calls, 0);
    zmq_close(client);
    json_t *answer = ask(world, STR("{\"do\":\"status\"}"));
    json_decref(answer);
}

static void the_socket_file_is_closed_to_others(void **state)
{
    struct world *world = *state;
    struct stat st;
    assert_int_equal(stat(world->endpoint + 6, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0660);
}

static void a_stale_socket_file_is_replaced(void **state)
{
    struct world *world = *state;
    char stale[128], endpoint[160];
    snprintf(stale, sizeof stale, "%s/stale", world->dir);
    snprintf(endpoint, sizeof endpoint, "ipc://%s", stale);
    FILE *file = fopen(stale, "we");
    assert_non_null(file);
    fclose(file);
    struct control *second;
    const struct control_options options = {world->loop, world->zmq, endpoint,
                                            NULL,        on_request, world};
    assert_int_equal(control_open(&options, &second), 0);
    control_close(second);
    unlink(stale);
}

static void an_endpoint_that_is_none_is_refused(void **state)
{
    struct world *world = *state;
    struct control *second;
    struct control_options options = {world->loop, world->zmq, "nonsense", NULL, on_request, world};
    assert_int_equal(control_open(&options, &second), -EINVAL);
    options.bind = "ipc:///nonexistent/dir/control";
    assert_true(control_open(&options, &second) < 0);
}

static void an_owed_answer_is_freed_at_the_end(void **state)
{
    struct world *world = *state;
    zmq_send(world->client, "{\"do\":\"later\"}", 14, 0);
    while (!world->later)
        turn(world, 0.02);
    /* The leak checker looks when the world has closed. */
}

#define IN_WORLD(test) cmocka_unit_test_setup_teardown(test, open_world, close_world)

int main(void)
{
    log_set_level(LOG_ERROR);
    const struct CMUnitTest tests[] = {
        IN_WORLD(a_request_is_answered),
        IN_WORLD(a_req_socket_gets_its_answer_too),
        IN_WORLD(an_answer_may_come_later_and_reaches_who_asked),
        IN_WORLD(a_failure_carries_its_code_and_valid_text),
        IN_WORLD(what_is_not_json_is_answered_with_an_error),
        IN_WORLD(an_empty_request_is_answered_with_an_error),
        IN_WORLD(what_is_not_an_object_is_answered_with_an_error),
        IN_WORLD(a_request_without_a_verb_is_answered_with_an_error),
        IN_WORLD(a_request_that_is_too_deep_is_answered_with_an_error),
        IN_WORLD(brackets_in_a_string_are_not_depth),
        IN_WORLD(an_oversized_request_does_not_reach_us),
        IN_WORLD(the_socket_file_is_closed_to_others),
        IN_WORLD(a_stale_socket_file_is_replaced),
        IN_WORLD(an_endpoint_that_is_none_is_refused),
        IN_WORLD(an_owed_answer_is_freed_at_the_end),
    };
    return cmocka_run_group_tests_name("control", tests, NULL, NULL);
}
