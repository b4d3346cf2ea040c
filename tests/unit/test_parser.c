#include "pool_help.h"

#include <dirent.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "clock.h"
#include "limits.h"
#include "log.h"

/* The children here run without a jail, so that the same tests pass under the sanitizers. */

static struct pool pool;

static int open_pool(void **state)
{
    (void)state;
    return pool_open(&pool, pool_program("rogue-parser"), "none", 2);
}

static int close_pool(void **state)
{
    (void)state;
    pool_close(&pool);
    return 0;
}

static void expect_fate(const char *document, int error, const char *reason)
{
    pool_submit(&pool, str_of(document));
    pool_submit(&pool, STR("items 2"));
    pool_run(&pool);
    assert_int_equal(pool.answers[0].error, error);
    assert_string_equal(pool.answers[0].reason, reason);
    assert_int_equal(pool.answers[0].count, 0);
    assert_int_equal(pool.answers[1].error, 0);
    assert_int_equal(pool.answers[1].count, 2);
}

static void expect_malformed(const char *document)
{
    expect_fate(document, -EPROTO, "the parser child sent a malformed frame");
}

static void a_document_comes_back_as_items_and_what_it_says_of_itself(void **state)
{
    (void)state;
    pool_submit(&pool, STR("items 3"));
    pool_run(&pool);
    assert_int_equal(pool.answers[0].error, 0);
    assert_int_equal(pool.answers[0].count, 3);
    assert_string_equal(pool.answers[0].guid, "guid-0");
    assert_string_equal(pool.answers[0].title, "http://a.example/feed");
}

static void many_documents_are_all_answered(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 200; i++)
        pool_submit(&pool, i % 2 ? STR("items 5") : STR("not understood"));
    assert_int_equal(parser_backlog(pool.parser), 200);
    pool_run(&pool);
    for (unsigned i = 0; i < 200; i++)
        assert_int_equal(pool.answers[i].error, i % 2 ? 0 : -EBADMSG);
    struct parser_counts counts;
    parser_counts(pool.parser, &counts);
    assert_int_equal(counts.documents, 200);
    assert_int_equal(counts.items, 500);
    assert_int_equal(counts.refused, 100);
    assert_int_equal(parser_backlog(pool.parser), 0);
}

static void a_document_of_the_largest_size_arrives_whole(void **state)
{
    (void)state;
    struct buf large = BUF_NONE;
    buf_putz(&large, "length");
    buf_reserve(&large, LIMIT_BODY);
    memset(large.at + large.len, 'x', LIMIT_BODY - large.len);
    large.len = LIMIT_BODY;
    pool_submit(&pool, buf_str(&large));
    pool_run(&pool);
    buf_free(&large);
    assert_string_equal(pool.answers[0].guid, "8388608");
}

static void a_document_over_the_largest_size_is_refused(void **state)
{
    (void)state;
    struct buf large = BUF_NONE;
    buf_reserve(&large, LIMIT_BODY + 1);
    memset(large.at, 'x', LIMIT_BODY + 1);
    large.len = LIMIT_BODY + 1;
    pool_submit(&pool, buf_str(&large));
    pool_run(&pool);
    buf_free(&large);
    assert_int_equal(pool.answers[0].error, -EMSGSIZE);
}

static void ten_thousand_items_of_one_document_arrive(void **state)
{
    (void)state;
    pool_submit(&pool, STR("items 10000"));
    pool_run(&pool);
    assert_int_equal(pool.answers[0].error, 0);
    assert_int_equal(pool.answers[0].count, 10000);
}

static void a_child_that_dies_takes_only_its_own_document(void **state)
{
    (void)state;
    expect_fate("exit", -ECHILD, "the parser child exited with status 3");
}

static void killed_in_the_middle(struct ev_loop *loop, ev_timer *w, int events)
{
    (void)loop;
    (void)events;
    kill(*(pid_t *)w->data, SIGKILL);
}

/* The newest process that is a child of ours. */
static pid_t newest_child(void)
{
    char path[64], line[4096] = "";
    snprintf(path, sizeof path, "/proc/self/task/%d/children", (int)getpid());
    FILE *file = fopen(path, "re");
    if (!file)
        return 0;
    if (!fgets(line, sizeof line, file))
        line[0] = '\0';
    fclose(file);
    struct str rest = str_of(line), word;
    uint64_t pid = 0;
    while (str_cut(&rest, ' ', &word) && word.len)
        str_u64(word, &pid);
    return (pid_t)pid;
}

static void a_child_killed_from_outside_takes_only_its_own_document(void **state)
{
    (void)state;
    pool_wait_for_children(&pool, 2);
    pid_t pid = newest_child();
    if (!pid)
        skip();
    ev_timer killer;
    ev_timer_init(&killer, killed_in_the_middle, 0.3, 0.);
    killer.data = &pid;
    ev_timer_start(pool.loop, &killer);
    pool_submit(&pool, STR("hang"));
    pool_submit(&pool, STR("hang"));
    for (int i = 0; i < 20; i++)
        pool_submit(&pool, STR("items 1"));
    pool_run(&pool);
    int killed = 0;
    for (int i = 0; i < 2; i++)
        killed += pool.answers[i].error == -ECHILD &&
                  strcmp(pool.answers[i].reason, "the parser child was killed by SIGKILL") == 0;
    assert_int_equal(killed, 1);
    for (int i = 2; i < 22; i++)
        assert_int_equal(pool.answers[i].error, 0);
}

static void a_document_that_takes_too_much_processor_time_is_given_up(void **state)
{
    (void)state;
    int64_t began = clock_mono();
    expect_fate("spin", -ETIMEDOUT, "the document took longer to read than it may");
    assert_true(clock_mono() - began >= LIMIT_PARSER_CPU_MS * USEC_PER_MSEC);
}

static void a_child_that_sleeps_on_its_document_is_given_up(void **state)
{
    (void)state;
    int64_t began = clock_mono();
    expect_fate("hang", -ETIMEDOUT, "the document took longer to read than it may");
    assert_true(clock_mono() - began >= LIMIT_PARSER_WALL_MS * USEC_PER_MSEC);
}

static void come_late(struct ev_loop *loop, ev_timer *w, int events)
{
    (void)loop;
    (void)w;
    (void)events;
    sleep(2 + LIMIT_PARSER_WALL_MS / 1000);
}

static void a_loop_that_comes_late_does_not_cost_the_document(void **state)
{
    (void)state;
    ev_timer late;
    ev_timer_init(&late, come_late, 0., 0.);
    ev_set_priority(&late, EV_MINPRI); /* when the document has been sent */
    ev_timer_start(pool.loop, &late);
    pool_submit(&pool, STR("items 10000")); /* more than the socket holds: its child waits for us */
    pool_run(&pool);
    assert_int_equal(pool.answers[0].error, 0);
    assert_int_equal(pool.answers[0].count, 10000);
}

static void bytes_that_are_no_frame_are_the_end_of_a_child(void **state)
{
    (void)state;
    expect_malformed("junk");
}

static void a_length_over_the_limit_is_the_end_of_a_child(void **state)
{
    (void)state;
    expect_malformed("huge");
}

static void an_item_that_does_not_decode_is_the_end_of_a_child(void **state)
{
    (void)state;
    expect_malformed("bad-item");
}

static void a_second_about_is_the_end_of_a_child(void **state)
{
    (void)state;
    expect_malformed("twice");
}

static void a_second_hello_is_the_end_of_a_child(void **state)
{
    (void)state;
    expect_malformed("hello");
}

static void a_document_from_a_child_is_its_end(void **state)
{
    (void)state;
    expect_malformed("document");
}

static void a_wrong_number_of_items_is_the_end_of_a_child(void **state)
{
    (void)state;
    expect_malformed("miscount");
}

static void an_error_that_no_reader_gives_is_the_end_of_a_child(void **state)
{
    (void)state;
    expect_malformed("error");
}

static void a_reason_with_control_characters_is_the_end_of_a_child(void **state)
{
    (void)state;
    expect_malformed("escape");
}

static void a_child_that_speaks_unasked_is_replaced(void **state)
{
    (void)state;
    pool_submit(&pool, STR("after"));
    pool_run(&pool);
    for (int i = 0; i < 20; i++)
        pool_submit(&pool, STR("items 1"));
    pool_run(&pool);
    /* The forged answer is taken; what follows it ends the child, at worst with one document. */
    int lost = 0;
    for (int i = 1; i < 21; i++)
        lost += pool.answers[i].error != 0;
    assert_true(lost <= 1);
}

/* One child, so that all but the first are sent ahead. */
static void open_one(struct pool *own)
{
    assert_int_equal(pool_open(own, pool_program("rogue-parser"), "none", 1), 0);
}

static void what_was_sent_ahead_to_a_child_that_fails_is_read_by_the_next(void **state)
{
    static const struct {
        const char *document;
        int error;
    } rows[] = {{"exit", -ECHILD},           {"crash", -ECHILD}, {"junk", -EPROTO},
                {"bad-item", -EPROTO},       {"twice", -EPROTO}, {"spin", -ETIMEDOUT},
                {"hang", -ETIMEDOUT},        {"hello", -EPROTO}, {"miscount", -EPROTO},
                {"not understood", -EBADMSG}};
    (void)state;
    struct pool own;
    open_one(&own);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        pool_submit(&own, STR("items 3"));
        pool_submit(&own, str_of(rows[i].document));
        for (unsigned k = 0; k < 4; k++)
            pool_submit(&own, STR("items 2"));
    }
    pool_run(&own);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct kept_answer *answer = &own.answers[6 * i];
        assert_int_equal(answer[0].count, 3);
        assert_int_equal(answer[1].error, rows[i].error);
        for (unsigned k = 2; k < 6; k++) {
            assert_int_equal(answer[k].error, 0);
            assert_int_equal(answer[k].count, 2);
        }
    }
    assert_int_equal(parser_backlog(own.parser), 0);
    pool_close(&own);
}

static void what_was_sent_ahead_has_a_deadline_of_its_own(void **state)
{
    (void)state;
    struct pool own;
    open_one(&own);
    pool_submit(&own, STR("spin"));
    pool_submit(&own, STR("spin"));
    pool_submit(&own, STR("items 1"));
    int64_t began = clock_mono();
    pool_run(&own);
    assert_true(clock_mono() - began >= 2LL * LIMIT_PARSER_CPU_MS * USEC_PER_MSEC);
    assert_int_equal(own.answers[0].error, -ETIMEDOUT);
    assert_int_equal(own.answers[1].error, -ETIMEDOUT);
    assert_int_equal(own.answers[2].error, 0);
    pool_close(&own);
}

static void what_was_sent_ahead_and_cancelled_is_not_answered(void **state)
{
    (void)state;
    struct pool own;
    open_one(&own);
    pool_submit(&own, STR("exit"));
    struct parser_job *ahead = pool_submit(&own, STR("items 1"));
    pool_submit(&own, STR("items 1"));
    parser_cancel(ahead);
    own.asked = 2;
    pool_run(&own);
    assert_false(own.answers[1].came);
    assert_int_equal(own.answers[2].count, 1);
    assert_int_equal(parser_backlog(own.parser), 0);
    pool_close(&own);
}

static void large_documents_behind_each_other_arrive_whole(void **state)
{
    (void)state;
    struct pool own;
    struct buf large = BUF_NONE;
    open_one(&own);
    buf_putz(&large, "length");
    buf_reserve(&large, 3UL << 20);
    memset(large.at + large.len, 'x', (3UL << 20) - large.len);
    for (size_t len = 1000; len < 3UL << 20; len *= 2) {
        pool_submit(&own, (struct str){large.at, len});
        pool_submit(&own, STR("items 3000"));
    }
    pool_run(&own);
    unsigned i = 0;
    for (size_t len = 1000; len < 3UL << 20; len *= 2, i += 2) {
        char expected[32];
        snprintf(expected, sizeof expected, "%zu", len);
        assert_string_equal(own.answers[i].guid, expected);
        assert_int_equal(own.answers[i + 1].count, 3000);
    }
    pool_close(&own);
    buf_free(&large);
}

static void a_cancelled_document_is_not_answered(void **state)
{
    (void)state;
    struct parser_job *read = pool_submit(&pool, STR("items 1"));
    pool_submit(&pool, STR("items 1"));
    struct parser_job *waits = pool_submit(&pool, STR("items 1"));
    parser_cancel(read);
    parser_cancel(waits);
    pool.asked = 1; /* only the second will come */
    pool_run(&pool);
    assert_true(pool.answers[1].came);
    assert_false(pool.answers[0].came);
    assert_false(pool.answers[2].came);
}

static void a_worn_out_child_is_replaced_between_two_documents(void **state)
{
    (void)state;
    for (int round = 0; round < 3; round++) {
        pool.asked = pool.answered = 0;
        memset(pool.answers, 0, sizeof pool.answers);
        for (unsigned i = 0; i < 250; i++)
            pool_submit(&pool, STR("items 1"));
        pool_run(&pool);
    }
    struct parser_counts counts;
    parser_counts(pool.parser, &counts);
    assert_int_equal(counts.died, 0);
    for (unsigned i = 0; i < 250; i++)
        assert_int_equal(pool.answers[i].error, 0);
}

static void closing_with_documents_under_way_frees_them(void **state)
{
    (void)state;
    struct pool own;
    assert_int_equal(pool_open(&own, pool_program("rogue-parser"), "none", 1), 0);
    struct parse_request request = {.url = STR("http://a.example/")};
    for (int i = 0; i < 3; i++) {
        struct buf body = BUF_NONE;
        buf_putz(&body, "hang");
        parser_submit(own.parser, &request, &body, pool_on_answer, NULL);
    }
    parser_close(own.parser);
}

static void a_program_that_is_not_there_is_an_error_at_the_start(void **state)
{
    (void)state;
    struct pool own;
    assert_int_equal(pool_open(&own, "/nonexistent/dateline-parser", "none", 2), -ENOENT);
    assert_int_equal(pool_open(&own, "/etc/passwd", "none", 2), -EACCES);
}

static void a_program_that_ends_at_once_is_an_error_at_the_start(void **state)
{
    (void)state;
    struct pool own;
    assert_int_equal(pool_open(&own, "/bin/true", "none", 2), -ECHILD);
}

static void a_jail_of_unknown_name_is_refused(void **state)
{
    (void)state;
    struct pool own;
    assert_int_equal(pool_open(&own, pool_program("rogue-parser"), "oubliette", 1), -ENOTSUP);
}

static void once_on_answer(void *ctx, const struct parser_answer *answer)
{
    *(size_t *)ctx = answer->count;
}

static void one_document_can_be_read_without_a_loop(void **state)
{
    (void)state;
    struct parser_options options = {.program = pool_program("rogue-parser"), .jail = "none"};
    struct parse_request request = {.bytes = STR("items 4")};
    size_t count = 0;
    assert_int_equal(parser_once(&options, &request, once_on_answer, &count), 0);
    assert_int_equal(count, 4);
}

static void the_real_child_reads_a_feed(void **state)
{
    (void)state;
    struct pool own;
    assert_int_equal(pool_open(&own, pool_program("dateline-parser"), "none", 1), 0);
    pool_submit(&own,
                STR("<rss version=\"2.0\"><channel><title>A title</title><item><guid>g1</guid>"
                    "<title>A headline</title></item></channel></rss>"));
    pool_submit(&own, STR("\x7f"
                          "ELF not a document"));
    pool_run(&own);
    pool_close(&own);
    assert_int_equal(own.answers[0].error, 0);
    assert_string_equal(own.answers[0].title, "A title");
    assert_string_equal(own.answers[0].guid, "g1");
    assert_true(own.answers[1].came);
}

static unsigned open_descriptors(void)
{
    unsigned n = 0;
    DIR *dir = opendir("/proc/self/fd");
    assert_non_null(dir);
    while (readdir(dir))
        n++;
    closedir(dir);
    return n;
}

static void a_pool_leaves_no_descriptors(void **state)
{
    (void)state;
    struct pool own;
    unsigned before = open_descriptors();
    assert_int_equal(pool_open(&own, pool_program("rogue-parser"), "none", 2), 0);
    pool_submit(&own, STR("exit"));
    pool_run(&own);
    pool_close(&own);
    assert_int_equal(open_descriptors(), before);
}

#define WITH_POOL(test) cmocka_unit_test_setup_teardown(test, open_pool, close_pool)

int main(void)
{
    log_set_level(LOG_ERROR);
    ev_default_loop(0);
    const struct CMUnitTest tests[] = {
        WITH_POOL(a_document_comes_back_as_items_and_what_it_says_of_itself),
        WITH_POOL(many_documents_are_all_answered),
        WITH_POOL(a_document_of_the_largest_size_arrives_whole),
        WITH_POOL(a_document_over_the_largest_size_is_refused),
        WITH_POOL(ten_thousand_items_of_one_document_arrive),
        WITH_POOL(a_child_that_dies_takes_only_its_own_document),
        WITH_POOL(a_child_killed_from_outside_takes_only_its_own_document),
        WITH_POOL(a_document_that_takes_too_much_processor_time_is_given_up),
        WITH_POOL(a_child_that_sleeps_on_its_document_is_given_up),
        WITH_POOL(a_loop_that_comes_late_does_not_cost_the_document),
        WITH_POOL(bytes_that_are_no_frame_are_the_end_of_a_child),
        WITH_POOL(a_length_over_the_limit_is_the_end_of_a_child),
        WITH_POOL(an_item_that_does_not_decode_is_the_end_of_a_child),
        WITH_POOL(a_second_about_is_the_end_of_a_child),
        WITH_POOL(a_second_hello_is_the_end_of_a_child),
        WITH_POOL(a_document_from_a_child_is_its_end),
        WITH_POOL(a_wrong_number_of_items_is_the_end_of_a_child),
        WITH_POOL(an_error_that_no_reader_gives_is_the_end_of_a_child),
        WITH_POOL(a_reason_with_control_characters_is_the_end_of_a_child),
        WITH_POOL(a_child_that_speaks_unasked_is_replaced),
        cmocka_unit_test(what_was_sent_ahead_to_a_child_that_fails_is_read_by_the_next),
        cmocka_unit_test(what_was_sent_ahead_has_a_deadline_of_its_own),
        cmocka_unit_test(what_was_sent_ahead_and_cancelled_is_not_answered),
        cmocka_unit_test(large_documents_behind_each_other_arrive_whole),
        WITH_POOL(a_cancelled_document_is_not_answered),
        WITH_POOL(a_worn_out_child_is_replaced_between_two_documents),
        cmocka_unit_test(closing_with_documents_under_way_frees_them),
        cmocka_unit_test(a_program_that_is_not_there_is_an_error_at_the_start),
        cmocka_unit_test(a_program_that_ends_at_once_is_an_error_at_the_start),
        cmocka_unit_test(a_jail_of_unknown_name_is_refused),
        cmocka_unit_test(one_document_can_be_read_without_a_loop),
        cmocka_unit_test(the_real_child_reads_a_feed),
        cmocka_unit_test(a_pool_leaves_no_descriptors),
    };
    return cmocka_run_group_tests_name("parser", tests, NULL, NULL);
}
