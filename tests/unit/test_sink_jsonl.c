#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "keys.h"
#include "scratch.h"
#include "sink.h"

enum { KEYS = 400, ROTATED = 20 };

static char dir[SCRATCH_PATH], path[96];

static int make_dir(void **state)
{
    (void)state;
    if (scratch_make(dir) != 0)
        return -1;
    (void)snprintf(path, sizeof(path), "%s/records.jsonl", dir);
    return 0;
}

static int remove_dir(void **state)
{
    (void)state;
    return scratch_remove(dir);
}

static struct sink *open_with(struct sink_config config)
{
    char why[SINK_WHY] = "";
    struct sink *s = NULL;
    config.kind = "jsonl";
    config.path = path;
    assert_int_equal(sink_open(&config, why, &s), 0);
    return s;
}

static struct sink *open_sink(void)
{
    return open_with((struct sink_config){.fsync = SINK_FSYNC_NEVER});
}

/* A record with `padding` bytes of text before its key, so that keys are found behind other
 * members. */
static int put(struct sink *s, unsigned n, size_t padding)
{
    char uri[32];
    (void)snprintf(uri, sizeof(uri), "urn:x:%u", n);
    char *text = xcalloc(1, padding + 1);
    memset(text, 'a' + (int)(n % 26), padding);
    char *line = xasprintf("{\"event\":\"new\",\"x\":[{\"uri\":\"no\"},\"\\\"%s\"],\"item\":{"
                           "\"type\":\"text\",\"a\":{\"uri\":\"no\"},"
                           "\"uri\":\"%s\",\"version\":\"1\"},\"analysis\":{}}",
                           text, uri);
    struct sink_record r = {.uri = uri, .version = "1", .event = "new", .json = str_of(line)};
    int result = sink_put(s, &r);
    free(text);
    free(line);
    return result;
}

static char *name_of(int n)
{
    return n == 0 ? xstrdup(path) : xasprintf("%s.%d", path, n);
}

static struct buf read_file(int n)
{
    struct buf b = BUF_NONE;
    char *name = name_of(n);
    (void)slurp_file(name, 64UL << 20, &b); /* empty when there is none */
    free(name);
    return b;
}

/* Lines of the file and all rotated ones; each whole, each key once. */
static size_t count_lines(void)
{
    size_t lines = 0, seen[KEYS] = {0};
    for (int n = 0; n <= ROTATED; n++) {
        struct buf b = read_file(n);
        struct str rest = buf_str(&b), line;
        assert_true(b.len == 0 || b.at[b.len - 1] == '\n');
        while (rest.len > 0 && str_cut(&rest, '\n', &line)) {
            json_t *record = json_loadb(line.at, line.len, 0, NULL);
            assert_non_null(record);
            const char *uri =
                json_string_value(json_object_get(json_object_get(record, "item"), "uri"));
            size_t key = (size_t)strtoul(uri + strlen("urn:x:"), NULL, 10);
            assert_true(key < KEYS);
            assert_int_equal(++seen[key], 1);
            json_decref(record);
            lines++;
        }
        buf_free(&b);
    }
    return lines;
}

static void append_raw(const char *bytes)
{
    FILE *file = fopen(path, "a");
    assert_non_null(file);
    (void)fputs(bytes, file);
    (void)fclose(file);
}

static off_t size_of_file(void)
{
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    return st.st_size;
}

static void a_flushed_record_is_a_line(void **state)
{
    (void)state;
    struct sink *s = open_sink();
    assert_int_equal(put(s, 1, 10), 0);
    assert_int_equal(size_of_file(), 0);
    assert_int_equal(sink_flush(s), 0);
    assert_int_equal(count_lines(), 1);
    sink_close(s);
}

static void a_record_put_twice_makes_one_line(void **state)
{
    (void)state;
    struct sink *s = open_sink();
    assert_int_equal(put(s, 1, 10), 0);
    assert_int_equal(put(s, 1, 10), 0);
    assert_int_equal(sink_flush(s), 0);
    assert_int_equal(put(s, 1, 10), 0);
    assert_int_equal(sink_flush(s), 0);
    assert_int_equal(count_lines(), 1);
    sink_close(s);
}

static void what_another_worker_wrote_is_not_written_again(void **state)
{
    (void)state;
    struct sink *a = open_sink(), *b = open_sink();
    assert_int_equal(put(a, 1, 10), 0);
    assert_int_equal(sink_flush(a), 0);
    assert_int_equal(put(b, 1, 10), 0);
    assert_int_equal(put(b, 2, 10), 0);
    assert_int_equal(sink_flush(b), 0);
    assert_int_equal(count_lines(), 2);
    sink_close(a);
    sink_close(b);
}

static void what_was_written_before_a_restart_is_not_written_again(void **state)
{
    (void)state;
    struct sink *s = open_sink();
    assert_int_equal(put(s, 1, 10), 0);
    assert_int_equal(sink_flush(s), 0);
    sink_close(s);
    s = open_sink();
    assert_int_equal(put(s, 1, 10), 0);
    assert_int_equal(sink_flush(s), 0);
    assert_int_equal(count_lines(), 1);
    sink_close(s);
}

static void a_torn_last_line_is_cut_at_open(void **state)
{
    (void)state;
    append_raw("{\"event\":\"new\",\"item\":{\"uri\":\"urn:x:1\",\"version\":\"1\"}}\n{\"event\":"
               "\"new\",\"item\":{\"uri\":\"urn:x:2\",\"vers");
    struct sink *s = open_sink();
    assert_int_equal(count_lines(), 1);
    assert_int_equal(put(s, 2, 10), 0);
    assert_int_equal(sink_flush(s), 0);
    assert_int_equal(count_lines(), 2);
    sink_close(s);
}

static void a_line_torn_by_another_worker_is_cut_before_the_next_is_written(void **state)
{
    (void)state;
    struct sink *s = open_sink();
    append_raw("{\"event\":\"new\",\"item\":{\"uri\":\"urn:x:2\",\"version\":\"1\"}");
    assert_int_equal(put(s, 1, 10), 0);
    assert_int_equal(sink_flush(s), 0);
    assert_int_equal(count_lines(), 1);
    sink_close(s);
}

static void a_full_file_is_rotated_and_remembered(void **state)
{
    (void)state;
    struct sink *s = open_with((struct sink_config){.rotate_bytes = 1000, .rotate_keep = 2});
    for (unsigned n = 0; n < 3; n++) {
        assert_int_equal(put(s, n, 600), 0);
        assert_int_equal(sink_flush(s), 0);
    }
    assert_true(size_of_file() < 1000);
    assert_int_equal(put(s, 1, 600), 0); /* stands in .1 */
    assert_int_equal(sink_flush(s), 0);
    assert_int_equal(count_lines(), 3);
    sink_close(s);
}

static void only_so_many_rotated_files_are_kept(void **state)
{
    (void)state;
    struct sink *s = open_with((struct sink_config){.rotate_bytes = 500, .rotate_keep = 2});
    for (unsigned n = 0; n < 6; n++) {
        assert_int_equal(put(s, n, 400), 0);
        assert_int_equal(sink_flush(s), 0);
    }
    char *third = name_of(3);
    assert_int_equal(access(third, F_OK), -1);
    assert_int_equal(count_lines(), 3);
    free(third);
    sink_close(s);
}

static void a_worker_follows_when_another_one_rotates(void **state)
{
    (void)state;
    struct sink_config config = {.rotate_bytes = 500, .rotate_keep = 9};
    struct sink *a = open_with(config), *b = open_with(config);
    for (unsigned n = 0; n < 4; n++) { /* three times while b looks away */
        assert_int_equal(put(a, n, 400), 0);
        assert_int_equal(sink_flush(a), 0);
    }
    for (unsigned n = 0; n < 5; n++)
        assert_int_equal(put(b, n, 400), 0);
    assert_int_equal(sink_flush(b), 0);
    assert_int_equal(count_lines(), 5);
    sink_close(a);
    sink_close(b);
}

static void a_file_grows_old(void **state)
{
    (void)state;
    struct sink *s =
        open_with((struct sink_config){.rotate_age_us = USEC_PER_HOUR, .rotate_keep = 2});
    assert_int_equal(put(s, 1, 10), 0);
    assert_int_equal(sink_flush(s), 0);
    clock_set(clock_now() + 2 * USEC_PER_HOUR);
    assert_int_equal(put(s, 2, 10), 0);
    assert_int_equal(sink_flush(s), 0);
    clock_set(0);
    struct buf old = read_file(1);
    assert_true(old.len > 0 || access("/proc/self/fd", F_OK) != 0);
    buf_free(&old);
    assert_int_equal(count_lines(), 2);
    sink_close(s);
}

static void a_full_disk_fails_and_leaves_no_torn_line(void **state)
{
    (void)state;
    struct rlimit limit, tight;
    struct sink *s = open_sink();
    assert_int_equal(put(s, 1, 100), 0);
    assert_int_equal(sink_flush(s), 0);
    off_t before = size_of_file();
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    tight = (struct rlimit){(rlim_t)before + 150, limit.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &tight), 0);
    assert_int_equal(put(s, 2, 1000), 0);
    int r = sink_flush(s);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    assert_int_equal(r, -EFBIG);
    assert_int_equal(size_of_file(), before);
    assert_int_equal(sink_flush(s), 0); /* the batch is forgotten */
    assert_int_equal(put(s, 2, 1000), 0);
    assert_int_equal(sink_flush(s), 0);
    assert_int_equal(count_lines(), 2);
    sink_close(s);
}

static void what_is_no_record_is_refused(void **state)
{
    (void)state;
    struct sink *s = open_sink();
    struct sink_record r = {
        .uri = "a", .version = "1", .event = "new", .json = STR("{\"item\":{\"uri\":\"a\"}}")};
    assert_int_equal(sink_put(s, &r), -EBADMSG);
    r.json = STR("{\"item\":{\"uri\":\"a\",\n\"version\":\"1\"}}");
    assert_int_equal(sink_put(s, &r), -EBADMSG);
    sink_close(s);
}

static void a_folder_or_device_is_no_file(void **state)
{
    (void)state;
    char why[SINK_WHY];
    struct sink *s = NULL;
    struct sink_config config = {.kind = "jsonl", .path = "/dev/null"};
    assert_true(sink_open(&config, why, &s) < 0);
    config.path = "/tmp";
    assert_true(sink_open(&config, why, &s) < 0);
}

/* Puts all keys, in batches, in an order of its own; never returns. */
static void child(unsigned seed)
{
    struct sink *s = open_with((struct sink_config){.rotate_bytes = 60000, .rotate_keep = ROTATED});
    for (unsigned i = 0; i < KEYS; i++) {
        unsigned n = (i * 7 + seed * 131) % KEYS; /* 7 and KEYS have no common divisor */
        if (put(s, n, 400 + n) != 0 || (i % 5 == 4 && sink_flush(s) != 0))
            _exit(1);
    }
    _exit(sink_flush(s) == 0 ? 0 : 1);
}

static pid_t start_child(unsigned seed)
{
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0)
        child(seed);
    return pid;
}

static void workers_killed_in_the_middle_leave_no_torn_and_no_doubled_line(void **state)
{
    (void)state;
    for (unsigned round = 0; round < 12; round++) {
        const struct timespec life = {0, 1000000L * (1 + (long)round)};
        int status;
        pid_t a = start_child(round * 2), b = start_child(round * 2 + 1);
        (void)nanosleep(&life, NULL);
        (void)kill(a, SIGKILL);
        (void)kill(b, round % 3 == 0 ? SIGKILL : SIGCONT); /* every third time both */
        assert_int_equal(waitpid(a, &status, 0), a);
        assert_int_equal(waitpid(b, &status, 0), b);
        assert_true(WIFSIGNALED(status) || WEXITSTATUS(status) == 0);
    }
    int status;
    pid_t last = start_child(99);
    assert_int_equal(waitpid(last, &status, 0), last);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    assert_int_equal(count_lines(), KEYS);
}

/* ---- keys */

static void the_key_is_that_of_the_item_and_of_nothing_within(void **state)
{
    (void)state;
    uint64_t a, b, c;
    assert_true(
        keys_of_line(STR("{\"event\":\"new\",\"item\":{\"uri\":\"u\",\"version\":\"1\"}}"), &a));
    assert_true(keys_of_line(STR("{ \"x\" : {\"uri\":\"q\"}, \"item\" : { \"version\" : \"1\" , "
                                 "\"a\":[1,{\"uri\":\"z\"}], \"uri\" : \"u\" } }"),
                             &b));
    assert_true(keys_of_line(STR("{\"item\":{\"uri\":\"u\",\"version\":\"2\"}}"), &c));
    assert_true(a == b);
    assert_true(a != c);
}

static void lines_without_a_key_have_none(void **state)
{
    static const char *const lines[] = {"",
                                        "{",
                                        "[]",
                                        "{}",
                                        "{\"item\":7}",
                                        "{\"item\":{\"uri\":\"u\"}}",
                                        "{\"item\":{\"uri\":7,\"version\":\"1\"}}",
                                        "{\"item\":{\"uri\":\"u\",\"version\":\"1",
                                        "{\"item\":{\"uri\":\"u\\",
                                        "\"\\",
                                        "{\"a\":\"\\"};
    uint64_t key;
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
        char *line = str_dup(str_of(lines[i]));
        assert_false(keys_of_line((struct str){line, strlen(line)}, &key));
        free(line);
    }
}

static void the_newest_keys_are_known_and_the_oldest_forgotten(void **state)
{
    (void)state;
    struct keys k;
    keys_init(&k, 1000);
    for (uint64_t i = 1; i <= 5000; i++)
        keys_add(&k, i * 0x9E3779B97F4A7C15ULL);
    for (uint64_t i = 4001; i <= 5000; i++)
        assert_true(keys_has(&k, i * 0x9E3779B97F4A7C15ULL));
    assert_false(keys_has(&k, 0x9E3779B97F4A7C15ULL));
    keys_done(&k);
}

#define IN_DIR(test) cmocka_unit_test_setup_teardown(test, make_dir, remove_dir)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_DIR(a_flushed_record_is_a_line),
        IN_DIR(a_record_put_twice_makes_one_line),
        IN_DIR(what_another_worker_wrote_is_not_written_again),
        IN_DIR(what_was_written_before_a_restart_is_not_written_again),
        IN_DIR(a_torn_last_line_is_cut_at_open),
        IN_DIR(a_line_torn_by_another_worker_is_cut_before_the_next_is_written),
        IN_DIR(a_full_file_is_rotated_and_remembered),
        IN_DIR(only_so_many_rotated_files_are_kept),
        IN_DIR(a_worker_follows_when_another_one_rotates),
        IN_DIR(a_file_grows_old),
        IN_DIR(a_full_disk_fails_and_leaves_no_torn_line),
        IN_DIR(what_is_no_record_is_refused),
        IN_DIR(a_folder_or_device_is_no_file),
        IN_DIR(workers_killed_in_the_middle_leave_no_torn_and_no_doubled_line),
        cmocka_unit_test(the_key_is_that_of_the_item_and_of_nothing_within),
        cmocka_unit_test(lines_without_a_key_have_none),
        cmocka_unit_test(the_newest_keys_are_known_and_the_oldest_forgotten),
    };
    (void)signal(SIGXFSZ, SIG_IGN); /* so that RLIMIT_FSIZE is an error like a full disk */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
