/* The PostgreSQL sink below the worker: what a record of a worker cannot show. The server is a
 * program beside us, tests/fake/pgserver.py; where there are no server binaries those tests skip. */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "clock.h"
#include "limits.h"
#include "postgres_link.h"
#include "postgres_lookup.h"
#include "sink.h"

extern char **environ;

static pid_t server;
static int server_in = -1;
static char conninfo[256]; /* "" : no server */

static int start_server(void **state)
{
    (void)state;
    char name[] = "python3", script[] = "tests/fake/pgserver.py";
    char *const argv[] = {name, script, NULL};
    posix_spawn_file_actions_t actions;
    int in[2], out[2];
    if (pipe2(in, O_CLOEXEC) != 0 || pipe2(out, O_CLOEXEC) != 0)
        return -1;
    (void)posix_spawn_file_actions_init(&actions);
    (void)posix_spawn_file_actions_adddup2(&actions, in[0], 0);
    (void)posix_spawn_file_actions_adddup2(&actions, out[1], 1);
    int r = posix_spawn(&server, "/usr/bin/python3", &actions, NULL, argv, environ);
    (void)posix_spawn_file_actions_destroy(&actions);
    (void)close(in[0]);
    (void)close(out[1]);
    server_in = in[1];
    for (size_t n = 0; r == 0 && n < sizeof(conninfo) - 1; n++) {
        if (read(out[0], &conninfo[n], 1) == 1 && conninfo[n] != '\n')
            continue;
        conninfo[n] = '\0';
        break;
    }
    (void)close(out[0]);
    return r == 0 ? 0 : -1;
}

static int stop_server(void **state)
{
    int status = 0;
    (void)state;
    (void)close(server_in);
    return waitpid(server, &status, 0) == server && WIFEXITED(status) ? 0 : -1;
}

static struct sink_config config_of(const char *where, const char *table)
{
    return (struct sink_config){
        .kind = "postgres", .conninfo = where, .schema = "public", .table = table};
}

static struct sink *open_sink(const char *table)
{
    char why[SINK_WHY] = "";
    struct sink *s = NULL;
    struct sink_config config = config_of(conninfo, table);
    if (!conninfo[0])
        skip();
    if (sink_open(&config, why, &s) != 0)
        fail_msg("%s", why);
    return s;
}

static struct sink_record record(const char *uri, struct str json)
{
    return (struct sink_record){.uri = uri, .version = "1", .event = "new", .json = json};
}

static void assert_row_count(const char *table, const char *expected)
{
    char *sql = xasprintf("SELECT count(*) FROM %s", table);
    PGconn *conn = PQconnectdb(conninfo);
    PGresult *result = PQexec(conn, sql);
    assert_int_equal(PQresultStatus(result), PGRES_TUPLES_OK);
    assert_string_equal(PQgetvalue(result, 0, 0), expected);
    PQclear(result);
    PQfinish(conn);
    free(sql);
}

/* ---- against a server */

static void a_record_that_jsonb_refuses_is_named_and_the_rest_can_be_put_again(void **state)
{
    const struct {
        struct str json;
        const char *words;
    } bad[] = {
        {STR("{\"a\":\"\\u0000\"}"), "\\u0000 cannot be converted to text"},
        {STR("{\"a\":\"\\ud800\"}"), "surrogate"},
        {STR("{\"a\":\"\0\"}"), "0x00"},
        {STR("{\"a\":\"\xff\"}"), "invalid byte sequence"},
        {STR("{\"a\":1e999999}"), "value overflows numeric"},
        {STR("{\"a\":"), "invalid input syntax for type json"},
    };
    (void)state;
    struct sink *s = open_sink("poison");
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct sink_record first = record("urn:b", STR("{}")),
                           poison = record("urn:a", bad[i].json), last = record("urn:c", STR("{}"));
        assert_int_equal(sink_put(s, &first), 0);
        assert_int_equal(sink_put(s, &poison), 0);
        assert_int_equal(sink_put(s, &last), 0);
        assert_int_equal(sink_flush(s), -EBADMSG);
        assert_int_equal(sink_refused(s), 1);
        if (!strstr(sink_why(s), bad[i].words))
            fail_msg("'%s' says nothing of '%s'", sink_why(s), bad[i].words);
        assert_row_count("poison", "0");
    }
    struct sink_record good = record("urn:b", STR("{\"a\":\"\\u0001\xc3\xa9\"}"));
    assert_int_equal(sink_put(s, &good), 0);
    assert_int_equal(sink_flush(s), 0);
    assert_row_count("poison", "1");
    sink_close(s);
}

static void an_unflushed_batch_is_forgotten_when_the_sink_closes(void **state)
{
    (void)state;
    struct sink *s = open_sink("unflushed");
    struct sink_record r = record("urn:a", STR("{}"));
    assert_int_equal(sink_put(s, &r), 0);
    sink_close(s);
    assert_row_count("unflushed", "0");
}

static void of_one_key_twice_in_a_batch_the_last_one_stays(void **state)
{
    (void)state;
    struct sink *s = open_sink("twice");
    char json[40][32];
    for (size_t i = 0; i < ARRAY_LEN(json); i++) {
        (void)snprintf(json[i], sizeof(json[i]), "{\"n\": %zu}", i);
        struct sink_record r = record("urn:a", str_of(json[i]));
        assert_int_equal(sink_put(s, &r), 0);
    }
    assert_int_equal(sink_flush(s), 0);
    assert_row_count("twice WHERE record = '{\"n\": 39}'", "1");
    sink_close(s);
}

static void a_batch_of_megabytes_goes_through_one_pipeline(void **state)
{
    (void)state;
    struct sink *s = open_sink("large");
    struct buf json = BUF_NONE;
    char uri[32];
    buf_putz(&json, "{\"text\":\"");
    for (size_t i = 0; i < 100000; i++)
        buf_putc(&json, (char)('a' + i * i % 26));
    buf_putz(&json, "\"}");
    for (int i = 0; i < 40; i++) {
        (void)snprintf(uri, sizeof(uri), "urn:%d", i);
        struct sink_record r = record(uri, buf_str(&json));
        assert_int_equal(sink_put(s, &r), 0);
    }
    assert_int_equal(sink_flush(s), 0);
    assert_row_count("large", "40");
    sink_close(s);
    buf_free(&json);
}

static void what_is_not_synced_is_asked_for_only_when_it_is_wanted(void **state)
{
    static const struct {
        enum sink_fsync fsync;
        const char *expected;
    } cases[] = {{SINK_FSYNC_ALWAYS, "on"}, {SINK_FSYNC_NEVER, "off"}};
    (void)state;
    if (!conninfo[0])
        skip();
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char *where = xasprintf("%s options='-c synchronous_commit=off'", conninfo);
        struct sink_config config = config_of(where, "synced");
        struct pg_link l;
        PGresult *result = NULL;
        bool fresh = false;
        int64_t until = clock_mono() + 20 * USEC_PER_SEC;
        config.fsync = cases[i].fsync;
        assert_int_equal(pg_link_init(&l, &config), 0);
        assert_int_equal(pg_link_connect(&l, until, &fresh), 0);
        assert_true(fresh);
        assert_int_equal(pg_link_ask(&l, "SHOW synchronous_commit", until, &result), 0);
        assert_string_equal(PQgetvalue(result, 0, 0), cases[i].expected);
        PQclear(result);
        pg_link_done(&l);
        free(where);
    }
}

static void a_database_in_another_encoding_is_refused_in_words(void **state)
{
    char why[SINK_WHY] = "";
    struct sink *s = NULL;
    (void)state;
    if (!conninfo[0])
        skip();
    PGconn *conn = PQconnectdb(conninfo);
    PQclear(PQexec(conn, "CREATE DATABASE latin ENCODING 'LATIN1' TEMPLATE template0"));
    PQfinish(conn);
    char *where = xasprintf("%s dbname=latin", conninfo);
    struct sink_config config = config_of(where, "records");
    assert_int_equal(sink_open(&config, why, &s), -EPROTO);
    assert_non_null(strstr(why, "LATIN1, records need UTF8"));
    free(where);
}

/* ---- without one */

static void a_conninfo_that_cannot_be_read_or_holds_a_secret_is_refused(void **state)
{
    static const struct {
        const char *where, *words;
    } cases[] = {
        {"host=a password=hush", "password does not belong here"},
        {"postgresql://me:hush@a/b", "password does not belong here"},
        {"host=a sslpassword=hush", "sslpassword does not belong here"},
        {"service=news", "services are not read"},
        {"hots=a", "invalid connection option \"hots\""},
        {"news", "missing \"=\""},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char why[SINK_WHY] = "";
        struct sink *s = NULL;
        struct sink_config config = config_of(cases[i].where, "records");
        assert_int_equal(sink_open(&config, why, &s), -EINVAL);
        if (!strstr(why, cases[i].words) || strstr(why, "hush"))
            fail_msg("%s", why);
    }
}

/* A port of ours that takes connections and says nothing: the attempt outlives the call. */
static void a_server_that_says_nothing_holds_no_call_for_long(void **state)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(address);
    (void)state;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, len), 0);
    assert_int_equal(listen(fd, 8), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &len), 0);
    char *where = xasprintf("host=localhost port=%d", ntohs(address.sin_port));
    struct sink_config config = config_of(where, "records");
    struct pg_link l;
    bool fresh = false;
    assert_int_equal(pg_link_init(&l, &config), 0);
    int64_t before = clock_mono();
    assert_int_equal(pg_link_connect(&l, before + 200 * USEC_PER_MSEC, &fresh), -EAGAIN);
    const PGconn *attempt = l.conn;
    assert_non_null(attempt);
    assert_int_equal(pg_link_connect(&l, before + 300 * USEC_PER_MSEC, &fresh), -EAGAIN);
    assert_ptr_equal(l.conn, attempt);
    assert_true(clock_mono() - before < LIMIT_SINK_WAIT_MS * USEC_PER_MSEC);
    l.began -= LIMIT_PG_CONNECT_MS * USEC_PER_MSEC;
    assert_int_equal(pg_link_connect(&l, clock_mono(), &fresh), -ETIMEDOUT);
    assert_null(l.conn);
    pg_link_done(&l);
    free(where);
    (void)close(fd);
}

static void a_server_that_is_away_opens_and_fails_at_the_flush_with_a_reason(void **state)
{
    char why[SINK_WHY] = "";
    struct sink *s = NULL;
    struct sink_config config = config_of("host=/nonexistent", "records");
    struct sink_record r = record("urn:a", STR("{}"));
    (void)state;
    assert_int_equal(sink_open(&config, why, &s), 0);
    assert_non_null(strstr(sink_why(s), "No such file or directory"));
    assert_int_equal(sink_put(s, &r), 0);
    assert_int_equal(sink_flush(s), -ECONNRESET);
    assert_int_equal(sink_flush(s), 0);
    sink_close(s);
}

static void names_become_addresses_and_folders_stay(void **state)
{
    struct buf hosts = BUF_NONE, addresses = BUF_NONE, ports = BUF_NONE;
    char why[SINK_WHY] = "";
    (void)state;
    struct pg_lookup *q = pg_lookup_start("127.0.0.1,/run/pg,::1", "1,2,3");
    assert_int_equal(pg_lookup_wait(q, clock_mono() + 60 * USEC_PER_SEC, why), 0);
    pg_lookup_lists(q, &hosts, &addresses, &ports);
    assert_string_equal(buf_cstr(&hosts), "127.0.0.1,/run/pg,::1");
    assert_string_equal(buf_cstr(&addresses), "127.0.0.1,,::1");
    assert_string_equal(buf_cstr(&ports), "1,2,3");
    pg_lookup_free(q);
    buf_free(&hosts);
    buf_free(&addresses);
    buf_free(&ports);
}

static void a_port_alone_is_every_hosts(void **state)
{
    struct buf hosts = BUF_NONE, addresses = BUF_NONE, ports = BUF_NONE;
    char why[SINK_WHY] = "";
    (void)state;
    struct pg_lookup *q = pg_lookup_start("127.0.0.1, 127.0.0.2", "5433");
    assert_int_equal(pg_lookup_wait(q, clock_mono() + 60 * USEC_PER_SEC, why), 0);
    pg_lookup_lists(q, &hosts, &addresses, &ports);
    assert_string_equal(buf_cstr(&addresses), "127.0.0.1,127.0.0.2");
    assert_string_equal(buf_cstr(&ports), "5433,5433");
    pg_lookup_free(q);
    buf_free(&hosts);
    buf_free(&addresses);
    buf_free(&ports);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_record_that_jsonb_refuses_is_named_and_the_rest_can_be_put_again),
        cmocka_unit_test(an_unflushed_batch_is_forgotten_when_the_sink_closes),
        cmocka_unit_test(of_one_key_twice_in_a_batch_the_last_one_stays),
        cmocka_unit_test(a_batch_of_megabytes_goes_through_one_pipeline),
        cmocka_unit_test(what_is_not_synced_is_asked_for_only_when_it_is_wanted),
        cmocka_unit_test(a_database_in_another_encoding_is_refused_in_words),
        cmocka_unit_test(a_conninfo_that_cannot_be_read_or_holds_a_secret_is_refused),
        cmocka_unit_test(a_server_that_says_nothing_holds_no_call_for_long),
        cmocka_unit_test(a_server_that_is_away_opens_and_fails_at_the_flush_with_a_reason),
        cmocka_unit_test(names_become_addresses_and_folders_stay),
        cmocka_unit_test(a_port_alone_is_every_hosts),
    };
    return cmocka_run_group_tests(tests, start_server, stop_server);
}
