/* Asking a daemon: a fake one answers on a socket of its own, or does not. */
#include "ask.h"
#include "scratch.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>
#include <zmq.h>

#include <cmocka.h>

static const struct command asking = {.name = "test"};
static char said[1024]; /* what the command printed as its failure */

int command_fail(const struct command *command, int code, const char *format, ...)
{
    va_list args;
    (void)command;
    va_start(args, format);
    vsnprintf(said, sizeof said, format, args);
    va_end(args);
    return code;
}

int command_usage(const struct command *command, int code)
{
    (void)command;
    return code;
}

/* ---- a daemon that gives one answer */

struct fake {
    char folder[SCRATCH_PATH], endpoint[128];
    void *zmq, *socket;
    pthread_t thread;
    const char *answer;
    char request[256];
};

static void *serve(void *ctx)
{
    struct fake *fake = ctx;
    char identity[256], empty[1];
    int n = zmq_recv(fake->socket, identity, sizeof identity, 0);
    assert_int_equal(zmq_recv(fake->socket, empty, sizeof empty, 0), 0);
    int len = zmq_recv(fake->socket, fake->request, sizeof fake->request - 1, 0);
    fake->request[len > 0 ? len : 0] = '\0';
    zmq_send(fake->socket, identity, (size_t)n, ZMQ_SNDMORE);
    zmq_send(fake->socket, "", 0, ZMQ_SNDMORE);
    zmq_send(fake->socket, fake->answer, strlen(fake->answer), 0);
    return NULL;
}

static int make_fake(void **state)
{
    struct fake *fake = xcalloc(1, sizeof *fake);
    if (scratch_make(fake->folder) != 0)
        return -1;
    snprintf(fake->endpoint, sizeof fake->endpoint, "ipc://%s/control", fake->folder);
    fake->zmq = zmq_ctx_new();
    fake->socket = zmq_socket(fake->zmq, ZMQ_ROUTER);
    said[0] = '\0';
    *state = fake;
    return 0;
}

static int drop_fake(void **state)
{
    struct fake *fake = *state;
    zmq_close(fake->socket);
    zmq_ctx_term(fake->zmq);
    scratch_remove(fake->folder);
    free(fake);
    return 0;
}

static int exchange(struct fake *fake, const char *text, json_t *request, json_t **answer)
{
    struct ask ask = {.command = &asking, .connect = fake->endpoint};
    fake->answer = text;
    assert_int_equal(zmq_bind(fake->socket, fake->endpoint), 0);
    assert_int_equal(pthread_create(&fake->thread, NULL, serve, fake), 0);
    int code = ask_daemon(&ask, request, answer);
    pthread_join(fake->thread, NULL);
    return code;
}

static void answer_comes_back_when_the_daemon_says_ok(void **state)
{
    struct fake *fake = *state;
    json_t *answer = NULL;
    assert_int_equal(
        exchange(fake, "{\"ok\":true,\"n\":7}", json_pack("{s:s}", "do", "status"), &answer), 0);
    assert_int_equal(json_integer_value(json_object_get(answer, "n")), 7);
    assert_string_equal(fake->request, "{\"do\":\"status\"}");
    json_decref(answer);
}

static void refusal_gives_its_reason_harmlessly_and_its_code(void **state)
{
    json_t *answer = NULL;
    assert_int_equal(exchange(*state,
                              "{\"ok\":false,\"error\":\"no \\u001b[31m such\",\"code\":66}",
                              json_object(), &answer),
                     EX_NOINPUT);
    assert_string_equal(said, "no \\x1b[31m such");
    assert_null(answer);
}

static void refusal_with_a_code_of_its_own_is_a_protocol_error(void **state)
{
    json_t *answer = NULL;
    assert_int_equal(
        exchange(*state, "{\"ok\":false,\"error\":\"x\",\"code\":0}", json_object(), &answer),
        EX_PROTOCOL);
}

static void answer_that_is_no_json_is_a_protocol_error(void **state)
{
    json_t *answer = NULL;
    assert_int_equal(exchange(*state, "hello", json_object(), &answer), EX_PROTOCOL);
    assert_string_equal(said, "what answered is no Dateline daemon");
}

static void missing_socket_is_told_at_once(void **state)
{
    struct fake *fake = *state;
    struct ask ask = {.command = &asking, .connect = fake->endpoint};
    json_t *answer = NULL;
    assert_int_equal(ask_daemon(&ask, json_object(), &answer), EX_UNAVAILABLE);
    assert_non_null(strstr(said, "there is no such socket"));
}

static void socket_left_behind_is_told_from_a_missing_one(void **state)
{
    struct fake *fake = *state;
    struct ask ask = {.command = &asking, .connect = fake->endpoint};
    json_t *answer = NULL;
    assert_int_equal(zmq_bind(fake->socket, fake->endpoint), 0);
    char *path = xstrdup(fake->endpoint + sizeof "ipc://" - 1), *kept = xasprintf("%s.kept", path);
    /* ZeroMQ removes its file when it closes: a daemon that was killed does not. */
    assert_int_equal(link(path, kept), 0);
    zmq_close(fake->socket);
    fake->socket = zmq_socket(fake->zmq, ZMQ_ROUTER);
    for (int i = 0; i < 200 && access(path, F_OK) == 0; i++)
        usleep(10000);
    assert_int_equal(rename(kept, path), 0);
    assert_int_equal(ask_daemon(&ask, json_object(), &answer), EX_UNAVAILABLE);
    assert_non_null(strstr(said, "a daemon that has ended"));
    free(path);
    free(kept);
}

static void request_that_is_not_utf8_is_not_sent(void **state)
{
    struct fake *fake = *state;
    struct ask ask = {.command = &asking, .connect = fake->endpoint};
    json_t *answer = NULL;
    assert_int_equal(ask_daemon(&ask, json_pack("{s:s}", "what", "\xff"), &answer), EX_USAGE);
}

static void named_configuration_that_is_not_there_is_not_passed_over(void **state)
{
    struct config *config = NULL;
    (void)state;
    setenv("DATELINE_CONFIG", "/nowhere/dateline.yaml", 1);
    assert_int_equal(ask_config(&asking, NULL, &config), EX_NOINPUT);
    assert_string_equal(said, "/nowhere/dateline.yaml: cannot be read: No such file or directory");
    unsetenv("DATELINE_CONFIG");
    assert_null(config);
}

static void configuration_is_looked_for_below_xdg_config_home(void **state)
{
    struct fake *fake = *state;
    struct config *config = NULL;
    char *folder = xasprintf("%s/dateline", fake->folder);
    char *path = xasprintf("%s/dateline.yaml", folder);
    assert_int_equal(mkdir(folder, 0700), 0);
    FILE *out = fopen(path, "we");
    assert_true(fputs("runtime: here\n", out) >= 0);
    fclose(out);
    setenv("XDG_CONFIG_HOME", fake->folder, 1);
    assert_int_equal(ask_config(&asking, NULL, &config), 0);
    unsetenv("XDG_CONFIG_HOME");
    assert_true(str_ends(str_of(config->runtime), STR("/dateline/here")));
    config_free(config);
    unlink(path);
    rmdir(folder);
    free(path);
    free(folder);
}

#define WITH_FAKE(test) cmocka_unit_test_setup_teardown(test, make_fake, drop_fake)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_FAKE(answer_comes_back_when_the_daemon_says_ok),
        WITH_FAKE(refusal_gives_its_reason_harmlessly_and_its_code),
        WITH_FAKE(refusal_with_a_code_of_its_own_is_a_protocol_error),
        WITH_FAKE(answer_that_is_no_json_is_a_protocol_error),
        WITH_FAKE(missing_socket_is_told_at_once),
        WITH_FAKE(socket_left_behind_is_told_from_a_missing_one),
        WITH_FAKE(request_that_is_not_utf8_is_not_sent),
        WITH_FAKE(named_configuration_that_is_not_there_is_not_passed_over),
        WITH_FAKE(configuration_is_looked_for_below_xdg_config_home),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
