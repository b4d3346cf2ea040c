#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "limits.h"
#include "scratch.h"
#include "sources_help.h"
#include "taken.h"

static char dir[SCRATCH_PATH];

static int begin_directory(void **state)
{
    (void)state;
    loop = ev_loop_new(0);
    answer_files = true;
    open_sources();
    return scratch_make(dir);
}

static int end_directory(void **state)
{
    int rc = end(state);
    scratch_remove(dir);
    return rc;
}

static const char *in_dir(const char *name)
{
    static char paths[4][200];
    static int n;
    char *path = paths[n++ % 4];
    snprintf(path, sizeof(paths[0]), "%s/%s", dir, name);
    return path;
}

static void write_file(const char *name, const char *text)
{
    FILE *f = fopen(in_dir(name), "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static struct source *watch(struct str state)
{
    struct source *s = NULL;
    struct source_def def = {.id = "wire", .kind = "directory", .path = dir};
    assert_int_equal(sources_add(sources, &def, state, &s, why), 0);
    sources_start(sources);
    return s;
}

static void on_late(struct ev_loop *l, ev_timer *w, int events)
{
    (void)w, (void)events;
    ev_break(l, EVBREAK_ALL);
}

static void run_for(int ms)
{
    ev_timer end_timer;
    ev_now_update(loop);
    ev_timer_init(&end_timer, on_late, ms / 1000., 0.);
    ev_timer_start(loop, &end_timer);
    ev_run(loop, 0);
    ev_timer_stop(loop, &end_timer);
}

/* Runs until `count` events came, or for three seconds. */
static void run_until(int count)
{
    for (int i = 0; i < 300 && up_count < count; i++)
        run_for(10);
    run_for(30); /* and no more than that */
    assert_int_equal(up_count, count);
}

static void set_age(const char *name, int seconds)
{
    struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_sec = time(NULL) - seconds}};
    assert_int_equal(utimensat(AT_FDCWD, in_dir(name), times, 0), 0);
}

static void files_that_were_there_come_first_and_the_oldest_before_all(void **state)
{
    (void)state;
    write_file("b", "two");
    write_file("a", "three");
    write_file("c", "one");
    set_age("b", 200);
    set_age("a", 100);
    set_age("c", 300);
    watch(STR_NONE);
    run_until(3);
    assert_string_equal(ups[0].bytes, "one");
    assert_string_equal(ups[1].bytes, "two");
    assert_string_equal(ups[2].bytes, "three");
    assert_string_equal(ups[2].name, "a");
}

static void a_file_comes_when_it_is_closed_or_moved_in_or_linked(void **state)
{
    (void)state;
    char outside[80];
    watch(STR_NONE);
    run_for(30);
    int fd = open(in_dir("slow"), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_int_equal(write(fd, "hal", 3), 3);
    run_for(50);
    assert_int_equal(up_count, 0);
    assert_int_equal(write(fd, "f", 1), 1);
    close(fd);
    run_until(1);
    assert_string_equal(ups[0].bytes, "half");
    snprintf(outside, sizeof(outside), "%s.outside", dir);
    FILE *f = fopen(outside, "w");
    assert_non_null(f);
    fputs("moved", f);
    fclose(f);
    assert_int_equal(rename(outside, in_dir("moved")), 0);
    run_until(2);
    assert_string_equal(ups[1].bytes, "moved");
    write_file(".hidden", "linked");
    assert_int_equal(link(in_dir(".hidden"), in_dir("linked")), 0);
    run_until(3);
    assert_string_equal(ups[2].name, "linked");
}

static void what_is_no_finished_regular_file_is_left_alone(void **state)
{
    (void)state;
    write_file(".hidden", "x");
    write_file("upload.TMP", "x");
    write_file("upload.part", "x");
    write_file("empty", "");
    assert_int_equal(mkdir(in_dir("sub"), 0700), 0);
    assert_int_equal(mkfifo(in_dir("fifo"), 0600), 0);
    assert_int_equal(symlink("/etc/passwd", in_dir("link")), 0);
    write_file("good", "x");
    watch(STR_NONE);
    run_until(1);
    assert_string_equal(ups[0].name, "good");
    assert_int_equal(symlink("/etc/passwd", in_dir("link2")), 0);
    assert_int_equal(rename(in_dir("link"), in_dir("link3")), 0);
    write_file("later.part", "x");
    run_until(1);
    assert_int_equal(rename(in_dir("later.part"), in_dir("later")), 0);
    run_until(2);
}

static void one_file_at_a_time_and_none_while_held(void **state)
{
    (void)state;
    answer_files = false;
    write_file("a", "1");
    write_file("b", "2");
    struct source *s = watch(STR_NONE);
    sources_hold(sources, true);
    run_for(50);
    assert_int_equal(up_count, 0);
    sources_hold(sources, false);
    run_until(1);
    source_file_done(s, ups[0].name, NULL, 1);
    run_until(1);
    source_settled(s);
    run_until(2);
    source_file_done(s, ups[1].name, "not-understood", 0);
    source_settled(s);
    run_until(2);
    assert_int_equal(s->bad_files, 1);
}

static void the_same_file_is_not_taken_twice_and_a_changed_one_is(void **state)
{
    (void)state;
    write_file("a", "1");
    struct source *s = watch(STR_NONE);
    run_until(1);
    int fd = open(in_dir("a"), O_WRONLY | O_CLOEXEC); /* opened and closed, nothing written */
    close(fd);
    run_until(1);
    source_refresh(s); /* a full scan */
    run_until(1);
    write_file("a", "22");
    run_until(2);
    assert_string_equal(ups[1].bytes, "22");
}

static void after_a_restart_only_what_changed_is_read(void **state)
{
    (void)state;
    char name[16];
    struct buf kept = BUF_NONE;
    for (int i = 0; i < 100; i++) {
        snprintf(name, sizeof(name), "f%d", i);
        write_file(name, "x");
    }
    struct source *s = watch(STR_NONE);
    run_until(100);
    source_state(s, &kept);
    assert_in_range(kept.len, 1000, 3000); /* however many files there are */
    sources_close(sources);
    open_sources();
    s = watch(buf_str(&kept));
    run_until(0);
    buf_reset(&kept);
    source_state(s, &kept);
    sources_close(sources);
    write_file("f5", "changed");
    assert_int_equal(unlink(in_dir("f6")), 0);
    write_file("new", "x");
    open_sources();
    watch(buf_str(&kept));
    run_for(200);
    assert_in_range(up_count, 2, 30); /* their buckets */
    bool changed = false, fresh = false;
    for (int i = 0; i < up_count; i++) {
        changed |= strcmp(ups[i].bytes, "changed") == 0;
        fresh |= strcmp(ups[i].name, "new") == 0;
    }
    assert_true(changed && fresh);
    buf_free(&kept);
}

static void a_file_that_was_not_done_before_the_crash_comes_again(void **state)
{
    (void)state;
    struct buf kept = BUF_NONE;
    answer_files = false;
    write_file("a", "1");
    struct source *s = watch(STR_NONE);
    run_until(1);
    source_state(s, &kept);
    sources_close(sources);
    open_sources();
    watch(buf_str(&kept));
    run_until(1);
    assert_string_equal(ups[0].name, "a");
    buf_free(&kept);
}

static void a_file_over_the_limit_or_unreadable_is_counted_and_not_tried_again(void **state)
{
    (void)state;
    write_file("big", "x");
    assert_int_equal(truncate(in_dir("big"), (off_t)LIMIT_FILE + 1), 0);
    write_file("full", "x");
    assert_int_equal(truncate(in_dir("full"), (off_t)LIMIT_FILE), 0);
    struct source *s = watch(STR_NONE);
    run_until(1);
    assert_string_equal(ups[0].name, "full");
    assert_int_equal(ups[0].len, LIMIT_FILE);
    assert_int_equal(s->bad_files, 1);
    source_refresh(s);
    run_until(1);
    assert_int_equal(s->bad_files, 1);
}

static void a_directory_that_is_not_there_is_a_failure_and_no_end(void **state)
{
    (void)state;
    assert_int_equal(rmdir(dir), 0);
    struct source *s = watch(STR_NONE);
    run_for(30);
    json_t *json = source_json(s);
    assert_string_equal(json_string_value(json_object_get(json, "state")), "failing");
    json_decref(json);
    assert_int_equal(mkdir(dir, 0700), 0);
    write_file("a", "1");
    source_refresh(s);
    run_until(1);
    assert_int_equal(s->schedule.failures, 0);
    assert_int_equal(unlink(in_dir("a")), 0);
    assert_int_equal(rmdir(dir), 0); /* and again, while it is watched */
    run_for(50);
    assert_int_equal(s->schedule.failures, 1);
    assert_int_equal(mkdir(dir, 0700), 0);
    write_file("b", "1");
    source_refresh(s);
    run_until(2);
}

static void a_directory_is_watched_by_one_source(void **state)
{
    (void)state;
    char other[80];
    struct source *s = NULL;
    watch(STR_NONE);
    run_for(20);
    snprintf(other, sizeof(other), "%s/.", dir);
    struct source_def def = {.id = "other", .kind = "directory", .path = other};
    assert_int_equal(sources_add(sources, &def, STR_NONE, &s, why), 0);
    run_for(20);
    assert_int_equal(s->schedule.failures, 1);
    write_file("a", "1");
    run_until(1);
    assert_string_equal(ups[0].id, "wire");
}

/* Reads what is stored, stops, and starts anew. */
static struct source *restart(struct source *s)
{
    struct buf kept = BUF_NONE;
    source_state(s, &kept);
    sources_close(sources);
    open_sources();
    s = watch(buf_str(&kept));
    buf_free(&kept);
    return s;
}

static void run_until_changed(void)
{
    for (int i = 0; i < 300 && changed_count == 0; i++)
        run_for(10);
    assert_int_equal(changed_count, 1);
}

static void deletions_alone_are_told_once_so_that_a_restart_reads_nothing(void **state)
{
    (void)state;
    char name[16];
    for (int i = 0; i < 100; i++) {
        snprintf(name, sizeof(name), "f%d", i);
        write_file(name, "x");
    }
    struct source *s = watch(STR_NONE);
    run_until(100);
    run_for(2 * LIMIT_CHANGED_MS);
    assert_int_equal(changed_count, 0); /* the files themselves carried all */
    for (int i = 0; i < 10; i++) {
        snprintf(name, sizeof(name), "f%d", i);
        assert_int_equal(unlink(in_dir(name)), 0);
    }
    run_until_changed();
    run_for(2 * LIMIT_CHANGED_MS);
    assert_int_equal(changed_count, 1);
    restart(s);
    run_until(0);
}

static void a_refused_file_is_told_so_that_a_restart_does_not_try_it_again(void **state)
{
    (void)state;
    write_file("big", "x");
    assert_int_equal(truncate(in_dir("big"), (off_t)LIMIT_FILE + 1), 0);
    struct source *s = watch(STR_NONE);
    run_until_changed();
    s = restart(s);
    run_for(100);
    assert_int_equal(s->bad_files, 1);
}

static void an_abandoned_file_is_taken_again_or_its_source_removed(void **state)
{
    (void)state;
    answer_files = false;
    write_file("a", "1");
    struct source *s = watch(STR_NONE);
    run_until(1);
    source_abandon(s);
    run_until(2);
    assert_string_equal(ups[1].name, "a");
    source_abandon(s);
    assert_int_equal(sources_remove(sources, STR("wire")), 0);
    run_until(2);
}

static void sums_of_taken_files_are_read_back_or_refused(void **state)
{
    (void)state;
    struct taken t = {0}, back = {0};
    struct buf b = BUF_NONE;
    struct stat st = {.st_size = 5};
    taken_put(&t, "a", taken_stamp("a", &st));
    taken_put(&t, "b", taken_stamp("b", &st));
    assert_true(taken_has(&t, "a", taken_stamp("a", &st)));
    assert_false(taken_has(&t, "a", taken_stamp("b", &st)));
    taken_write(&t, &b);
    assert_int_equal(taken_read(&back, buf_str(&b)), 0);
    assert_memory_equal(back.sums, t.sums, sizeof(t.sums));
    assert_int_equal(taken_read(&back, str_from(buf_str(&b), 1)), -EBADMSG);
    b.at[7] = 'x';
    assert_int_equal(taken_read(&back, buf_str(&b)), -EBADMSG);
    taken_drop(&t, "a");
    taken_drop(&t, "b");
    for (int i = 0; i < TAKEN_BUCKETS; i++)
        assert_int_equal(t.sums[i], 0);
    buf_free(&b);
}

#define WATCHING(name) cmocka_unit_test_setup_teardown(name, begin_directory, end_directory)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WATCHING(files_that_were_there_come_first_and_the_oldest_before_all),
        WATCHING(a_file_comes_when_it_is_closed_or_moved_in_or_linked),
        WATCHING(what_is_no_finished_regular_file_is_left_alone),
        WATCHING(one_file_at_a_time_and_none_while_held),
        WATCHING(the_same_file_is_not_taken_twice_and_a_changed_one_is),
        WATCHING(after_a_restart_only_what_changed_is_read),
        WATCHING(a_file_that_was_not_done_before_the_crash_comes_again),
        WATCHING(a_file_over_the_limit_or_unreadable_is_counted_and_not_tried_again),
        WATCHING(a_directory_that_is_not_there_is_a_failure_and_no_end),
        WATCHING(a_directory_is_watched_by_one_source),
        WATCHING(deletions_alone_are_told_once_so_that_a_restart_reads_nothing),
        WATCHING(a_refused_file_is_told_so_that_a_restart_does_not_try_it_again),
        WATCHING(an_abandoned_file_is_taken_again_or_its_source_removed),
        cmocka_unit_test(sums_of_taken_files_are_read_back_or_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
