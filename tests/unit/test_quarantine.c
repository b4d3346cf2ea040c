#include "scratch.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "clock.h"
#include "limits.h"
#include "log.h"
#include "quarantine.h"

struct ward {
    char dir[SCRATCH_PATH];
    struct ev_loop *loop;
    struct quarantine *quarantine;
};

static int setup(void **state)
{
    struct ward *w = xcalloc(1, sizeof *w);
    *state = w;
    w->loop = ev_loop_new(0);
    if (scratch_make(w->dir) != 0)
        return -1;
    w->quarantine = quarantine_open(w->dir, w->loop);
    return 0;
}

static int teardown(void **state)
{
    struct ward *w = *state;
    bool closed = quarantine_close(w->quarantine, 10 * USEC_PER_SEC);
    ev_loop_destroy(w->loop);
    int rc = scratch_remove(w->dir);
    free(w);
    return closed ? rc : -1;
}

static void reopen(struct ward *w)
{
    assert_true(quarantine_close(w->quarantine, 10 * USEC_PER_SEC));
    w->quarantine = quarantine_open(w->dir, w->loop);
}

static void take_bytes(struct ward *w, int error, struct str url, size_t size)
{
    struct buf document = BUF_NONE;
    buf_reserve(&document, size + 1);
    memset(document.at, 'x', size);
    document.len = size;
    struct parse_request request = {
        .bytes = buf_str(&document), .type = PARSE_RSS, .url = url, .charset = STR("it's;reboot")};
    struct parser_answer answer = {.error = error, .request = &request, .document = &document};
    snprintf(answer.report.reason, sizeof answer.report.reason, "a reason");
    quarantine_take(w->quarantine, "courier", url, &answer);
    buf_free(&document);
    ev_run(w->loop, 0); /* until it is written */
}

static void take(struct ward *w, int error, const char *url)
{
    take_bytes(w, error, str_of(url), 3);
}

static void expect_count(const struct ward *w, unsigned refused, unsigned suspect)
{
    struct quarantine_counts c;
    quarantine_counts(w->quarantine, &c);
    assert_int_equal(c.documents[QUARANTINE_REFUSED], refused);
    assert_int_equal(c.documents[QUARANTINE_SUSPECT], suspect);
    assert_int_equal(c.lost, 0);
}

static void expect_text(const json_t *facts, const char *key, const char *text)
{
    assert_string_equal(json_string_value(json_object_get(facts, key)), text);
}

static void only_failures_are_taken(void **state)
{
    struct ward *w = *state;
    take(w, 0, "http://a.example/1");
    take_bytes(w, -EMSGSIZE, STR("http://a.example/2"), 0); /* its bytes were not kept */
    expect_count(w, 0, 0);
}

static void what_ended_a_child_is_suspect_and_the_rest_is_refused(void **state)
{
    static const struct {
        int error;
        const char *kind, *reason;
    } rows[] = {
        {-EBADMSG, "refused", "not-understood"}, {-EMSGSIZE, "refused", "over-limit"},
        {-ETIMEDOUT, "suspect", "deadline"},     {-ECHILD, "suspect", "child-died"},
        {-EPROTO, "suspect", "malformed-frame"},
    };
    struct ward *w = *state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char id[64];
        take(w, rows[i].error, "");
        snprintf(id, sizeof id, QUARANTINE_ID "%zu", i + 1);
        json_t *facts = quarantine_find(w->quarantine, str_of(id));
        expect_text(facts, "kind", rows[i].kind);
        expect_text(facts, "reason", rows[i].reason);
        expect_text(facts, "why", "a reason");
        json_decref(facts);
    }
    expect_count(w, 2, 3);
    reopen(w);
    expect_count(w, 2, 3);
}

static void what_is_unknown_is_not_found(void **state)
{
    static const char *const ids[] = {"", "1", "quarantine:", "quarantine:2", "quarantine:x"};
    struct ward *w = *state;
    take(w, -EPROTO, "");
    for (size_t i = 0; i < ARRAY_LEN(ids); i++)
        assert_null(quarantine_find(w->quarantine, str_of(ids[i])));
}

static void the_bytes_and_the_command_that_reads_them_are_told(void **state)
{
    struct ward *w = *state;
    struct buf bytes = BUF_NONE;
    char expected[512];
    clock_set(1767225600 * USEC_PER_SEC);
    take(w, -EPROTO, "http://a.example/$(id)");
    clock_set(0);
    json_t *facts = quarantine_find(w->quarantine, STR("quarantine:1"));
    const char *file = json_string_value(json_object_get(facts, "file"));
    scratch_read(file, &bytes);
    assert_string_equal(buf_cstr(&bytes), "xxx");
    snprintf(expected, sizeof expected,
             "dateline parse --type rss --url 'http://a.example/$(id)' --charset 'it'\\''s;reboot' "
             "--fetched 1970-01-01T00:00:00Z %s",
             file);
    expect_text(facts, "replay", expected);
    expect_text(facts, "at", "2026-01-01T00:00:00Z");
    buf_free(&bytes);
    json_decref(facts);
}

static void the_newest_of_an_address_stays(void **state)
{
    struct ward *w = *state;
    take(w, -EBADMSG, "http://www.a.example/1?utm_source=x");
    take(w, -EPROTO, "http://a.example/1"); /* of the other kind */
    take(w, -EBADMSG, "https://a.example/1");
    expect_count(w, 1, 1);
    json_t *documents = quarantine_of(w->quarantine, STR_NONE, STR("http://a.example/1"));
    assert_int_equal(json_array_size(documents), 2);
    expect_text(json_array_get(documents, 0), "id", "quarantine:3");
    json_decref(documents);
}

static void the_oldest_of_a_kind_go_and_push_out_no_other(void **state)
{
    struct ward *w = *state;
    take(w, -EPROTO, "http://a.example/suspect");
    for (int i = 0; i < LIMIT_QUARANTINE_DOCUMENTS + 5; i++)
        take(w, -EBADMSG, "");
    expect_count(w, LIMIT_QUARANTINE_DOCUMENTS, 1);
    assert_null(quarantine_find(w->quarantine, STR("quarantine:6")));
    json_t *oldest = quarantine_find(w->quarantine, STR("quarantine:7"));
    assert_non_null(oldest);
    json_decref(oldest);
    reopen(w);
    expect_count(w, LIMIT_QUARANTINE_DOCUMENTS, 1);
}

static void large_ones_go_sooner(void **state)
{
    struct ward *w = *state;
    for (unsigned i = 0; i < LIMIT_QUARANTINE_BYTES / LIMIT_BODY + 2; i++)
        take_bytes(w, -EPROTO, STR_NONE, LIMIT_BODY);
    expect_count(w, 0, LIMIT_QUARANTINE_BYTES / LIMIT_BODY);
}

static void what_cannot_be_written_is_counted_and_forgotten(void **state)
{
    struct ward *w = *state;
    struct quarantine_counts c;
    char path[SCRATCH_PATH + 16];
    snprintf(path, sizeof path, "%s/quarantine", w->dir);
    int fd = open(path, O_CREAT | O_WRONLY, 0600); /* no folder can be made there */
    assert_true(fd >= 0);
    close(fd);
    take(w, -EPROTO, "");
    quarantine_counts(w->quarantine, &c);
    assert_int_equal(c.documents[QUARANTINE_SUSPECT], 0);
    assert_int_equal(c.lost, 1);
}

static void what_comes_faster_than_the_disk_is_dropped_and_counted(void **state)
{
    struct ward *w = *state;
    struct quarantine_counts c;
    for (int i = 0; i < 3 * LIMIT_QUARANTINE_WAITING; i++) {
        struct buf document = BUF_NONE;
        buf_putz(&document, "x");
        struct parse_request request = {.bytes = buf_str(&document)};
        struct parser_answer answer = {
            .error = -EPROTO, .request = &request, .document = &document};
        quarantine_take(w->quarantine, "courier", STR_NONE, &answer);
        buf_free(&document);
    }
    quarantine_counts(w->quarantine, &c);
    assert_true(c.lost > 0);
    assert_int_equal(c.documents[QUARANTINE_SUSPECT] + c.lost, 3 * LIMIT_QUARANTINE_WAITING);
    unsigned kept = c.documents[QUARANTINE_SUSPECT];
    reopen(w); /* what waits is written at the end */
    expect_count(w, 0, kept);
}

#define IN_WARD(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    log_set_level(LOG_ERROR);
    const struct CMUnitTest tests[] = {
        IN_WARD(only_failures_are_taken),
        IN_WARD(what_ended_a_child_is_suspect_and_the_rest_is_refused),
        IN_WARD(what_is_unknown_is_not_found),
        IN_WARD(the_bytes_and_the_command_that_reads_them_are_told),
        IN_WARD(the_newest_of_an_address_stays),
        IN_WARD(the_oldest_of_a_kind_go_and_push_out_no_other),
        IN_WARD(large_ones_go_sooner),
        IN_WARD(what_cannot_be_written_is_counted_and_forgotten),
        IN_WARD(what_comes_faster_than_the_disk_is_dropped_and_counted),
    };
    return cmocka_run_group_tests_name("quarantine", tests, NULL, NULL);
}
