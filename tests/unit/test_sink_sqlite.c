#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <errno.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "scratch.h"
#include "sink.h"

static char dir[SCRATCH_PATH], path[96];

static int make_dir(void **state)
{
    (void)state;
    if (scratch_make(dir) != 0)
        return -1;
    (void)snprintf(path, sizeof(path), "%s/records.db", dir);
    return 0;
}

static int remove_dir(void **state)
{
    (void)state;
    return scratch_remove(dir);
}

static struct sink *open_sink(void)
{
    char why[SINK_WHY] = "";
    struct sink *s = NULL;
    struct sink_config config = {.kind = "sqlite", .path = path};
    assert_int_equal(sink_open(&config, why, &s), 0);
    return s;
}

static struct sink_record record(const char *uri, const char *version, const char *headline)
{
    return (struct sink_record){.uri = uri,
                                .version = version,
                                .event = "new",
                                .language = "en",
                                .headline = headline,
                                .json = STR("{\"event\":\"new\"}")};
}

/* The first column of the first row, as text; on the heap. */
static char *ask(const char *sql)
{
    sqlite3 *db;
    sqlite3_stmt *statement;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &statement, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    const unsigned char *text = sqlite3_column_text(statement, 0);
    char *answer = text ? xstrdup((const char *)text) : NULL;
    sqlite3_finalize(statement);
    sqlite3_close(db);
    return answer;
}

static void assert_answer(const char *sql, const char *expected)
{
    char *answer = ask(sql);
    assert_string_equal(answer, expected);
    free(answer);
}

static void a_flushed_record_is_a_row(void **state)
{
    (void)state;
    struct sink *s = open_sink();
    struct sink_record r = record("urn:x:1", "1", "Headline");
    assert_int_equal(sink_put(s, &r), 0);
    assert_int_equal(sink_flush(s), 0);
    assert_answer("SELECT uri||version||event||language||headline||record FROM records",
                  "urn:x:11newenHeadline{\"event\":\"new\"}");
    assert_answer("SELECT published IS NULL FROM records", "1");
    sink_close(s);
}

static void an_unflushed_batch_is_forgotten_when_the_sink_closes(void **state)
{
    (void)state;
    struct sink *s = open_sink();
    struct sink_record r = record("urn:x:1", "1", "a");
    assert_int_equal(sink_put(s, &r), 0);
    sink_close(s);
    assert_answer("SELECT count(*) FROM records", "0");
}

static void the_same_key_again_replaces_the_row(void **state)
{
    (void)state;
    struct sink *s = open_sink(), *other = open_sink();
    struct sink_record first = record("urn:x:1", "1", "a"), again = record("urn:x:1", "1", "b"),
                       next = record("urn:x:1", "2", "c");
    assert_int_equal(sink_put(s, &first), 0);
    assert_int_equal(sink_flush(s), 0);
    assert_int_equal(sink_put(other, &again), 0);
    assert_int_equal(sink_put(other, &next), 0);
    assert_int_equal(sink_flush(other), 0);
    assert_answer(
        "SELECT group_concat(version||headline) FROM (SELECT * FROM records ORDER BY version)",
        "1b,2c");
    sink_close(s);
    sink_close(other);
}

static void a_locked_database_fails_with_again_and_then_works(void **state)
{
    (void)state;
    sqlite3 *db;
    struct sink *s = open_sink();
    struct sink_record r = record("urn:x:1", "1", "a");
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sink_put(s, &r), -EAGAIN);
    assert_int_equal(sqlite3_exec(db, "COMMIT", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sink_put(s, &r), 0);
    assert_int_equal(sink_flush(s), 0);
    sqlite3_close(db);
    sink_close(s);
    assert_answer("SELECT count(*) FROM records", "1");
}

static void run_sql(const char *sql)
{
    sqlite3 *db;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

static void a_row_that_the_file_refuses_is_told_from_trouble_that_passes(void **state)
{
    (void)state;
    sink_close(open_sink());
    run_sql("CREATE TRIGGER no_gossip BEFORE INSERT ON records WHEN new.headline = 'gossip'"
            " BEGIN SELECT RAISE(ABORT, 'no gossip here'); END");
    struct sink *s = open_sink();
    struct sink_record good = record("urn:x:1", "1", "news"),
                       bad = record("urn:x:2", "1", "gossip");
    assert_int_equal(sink_put(s, &good), 0);
    assert_int_equal(sink_put(s, &bad), -EBADMSG);
    assert_string_equal(sink_why(s), "no gossip here");
    assert_int_equal(sink_put(s, &good), 0);
    assert_string_equal(sink_why(s), "");
    assert_int_equal(sink_flush(s), 0);
    sink_close(s);
    assert_answer("SELECT group_concat(headline) FROM records", "news");
}

static void a_unique_index_of_the_user_refuses_a_row_in_its_own_words(void **state)
{
    (void)state;
    sink_close(open_sink());
    run_sql("CREATE UNIQUE INDEX one_headline ON records(headline)");
    struct sink *s = open_sink();
    struct sink_record first = record("urn:x:1", "1", "a"), second = record("urn:x:2", "1", "a");
    assert_int_equal(sink_put(s, &first), 0);
    assert_int_equal(sink_flush(s), 0);
    assert_int_equal(sink_put(s, &second), -EBADMSG);
    assert_string_equal(sink_why(s), "UNIQUE constraint failed: records.headline");
    sink_close(s);
}

/* Holds the new file for longer than a statement waits, and says so before it begins. */
static void hold_file(int ready)
{
    sqlite3 *db;
    if (sqlite3_open(path, &db) == SQLITE_OK &&
        sqlite3_exec(db, "PRAGMA journal_mode = WAL; BEGIN EXCLUSIVE; CREATE TABLE t(x)", NULL,
                     NULL, NULL) == SQLITE_OK &&
        write(ready, "x", 1) == 1)
        (void)usleep(2500000);
    _exit(sqlite3_exec(db, "COMMIT", NULL, NULL, NULL) != SQLITE_OK);
}

static void a_file_that_is_locked_at_the_start_is_waited_for(void **state)
{
    int pair[2], status = -1;
    char byte;
    (void)state;
    assert_int_equal(pipe(pair), 0);
    pid_t holder = fork();
    assert_true(holder >= 0);
    if (holder == 0)
        hold_file(pair[1]);
    assert_int_equal(read(pair[0], &byte, 1), 1);
    sink_close(open_sink());
    assert_int_equal(waitpid(holder, &status, 0), holder);
    assert_int_equal(status, 0);
    (void)close(pair[0]);
    (void)close(pair[1]);
}

static void a_path_that_cannot_be_made_is_refused(void **state)
{
    (void)state;
    struct sink_config config = {.kind = "sqlite", .path = "/nonexistent/records.db"};
    char why[SINK_WHY];
    struct sink *s = NULL;
    assert_int_equal(sink_open(&config, why, &s), -ENOENT);
    assert_true(str_starts(str_of(why), STR("/nonexistent/records.db: ")));
}

static void a_database_of_a_later_version_is_refused(void **state)
{
    (void)state;
    sqlite3 *db;
    char why[SINK_WHY];
    struct sink *s = NULL;
    struct sink_config config = {.kind = "sqlite", .path = path};
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "PRAGMA user_version = 9", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    assert_int_equal(sink_open(&config, why, &s), -EPROTO);
    assert_true(str_ends(str_of(why), STR("written by a later version")));
}

static void an_unknown_kind_is_refused_by_name(void **state)
{
    (void)state;
    char why[SINK_WHY];
    struct sink *s = NULL;
    struct sink_config config = {.kind = "paper", .path = path};
    assert_int_equal(sink_open(&config, why, &s), -EINVAL);
    assert_string_equal(why, "there is no sink 'paper'");
}

static void a_file_that_was_removed_is_made_anew_and_has_what_comes_after(void **state)
{
    (void)state;
    struct sink *s = open_sink();
    struct sink_record r = record("urn:a", "1", "before");
    assert_int_equal(sink_put(s, &r), 0);
    assert_int_equal(sink_flush(s), 0);
    assert_int_equal(unlink(path), 0);
    r = record("urn:b", "1", "after");
    assert_int_equal(sink_put(s, &r), 0);
    assert_int_equal(sink_flush(s), 0);
    char *headlines = ask("SELECT group_concat(headline) FROM records");
    assert_string_equal(headlines, "after");
    free(headlines);
    sink_close(s);
}

static void a_batch_whose_file_goes_before_the_commit_is_refused_and_put_again(void **state)
{
    (void)state;
    struct sink *s = open_sink();
    struct sink_record r = record("urn:a", "1", "twice put");
    assert_int_equal(sink_put(s, &r), 0);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(sink_flush(s), -ESTALE);
    assert_int_equal(sink_put(s, &r), 0);
    assert_int_equal(sink_flush(s), 0);
    char *headlines = ask("SELECT group_concat(headline) FROM records");
    assert_string_equal(headlines, "twice put");
    free(headlines);
    sink_close(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_flushed_record_is_a_row, make_dir, remove_dir),
        cmocka_unit_test_setup_teardown(an_unflushed_batch_is_forgotten_when_the_sink_closes,
                                        make_dir, remove_dir),
        cmocka_unit_test_setup_teardown(the_same_key_again_replaces_the_row, make_dir, remove_dir),
        cmocka_unit_test_setup_teardown(a_locked_database_fails_with_again_and_then_works, make_dir,
                                        remove_dir),
        cmocka_unit_test_setup_teardown(
            a_row_that_the_file_refuses_is_told_from_trouble_that_passes, make_dir, remove_dir),
        cmocka_unit_test_setup_teardown(a_unique_index_of_the_user_refuses_a_row_in_its_own_words,
                                        make_dir, remove_dir),
        cmocka_unit_test_setup_teardown(a_file_that_is_locked_at_the_start_is_waited_for, make_dir,
                                        remove_dir),
        cmocka_unit_test_setup_teardown(a_path_that_cannot_be_made_is_refused, make_dir,
                                        remove_dir),
        cmocka_unit_test_setup_teardown(a_database_of_a_later_version_is_refused, make_dir,
                                        remove_dir),
        cmocka_unit_test_setup_teardown(
            a_file_that_was_removed_is_made_anew_and_has_what_comes_after, make_dir, remove_dir),
        cmocka_unit_test_setup_teardown(
            a_batch_whose_file_goes_before_the_commit_is_refused_and_put_again, make_dir,
            remove_dir),
        cmocka_unit_test_setup_teardown(an_unknown_kind_is_refused_by_name, make_dir, remove_dir),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
