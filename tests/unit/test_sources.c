#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <ev.h>
#include <fcntl.h>
#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "kind.h"
#include "limits.h"
#include "scratch.h"
#include "taken.h"

#define NOW (1767225600 * USEC_PER_SEC)

static struct ev_loop *loop;
static struct sources *sources;
static char why[SOURCE_WHY];

/* ---- the floor above, as a notebook */

#define UPS_MAX 256
static struct {
    enum source_event_type type;
    char id[65], url[200], etag[40], modified[40], name[64], bytes[64];
    size_t len;
} ups[UPS_MAX];
static int up_count;
static struct source *up_source[UPS_MAX];
static bool answer_files; /* at once, as fast as they come */

static void on_up(void *ctx, struct source_event *e)
{
    (void)ctx;
    assert_in_range(up_count, 0, UPS_MAX - 1);
    int n = up_count++;
    memset(&ups[n], 0, sizeof(ups[n]));
    ups[n].type = e->type;
    up_source[n] = e->source;
    snprintf(ups[n].id, sizeof(ups[n].id), "%s", source_def(e->source)->id);
    if (e->type == SOURCE_ASK) {
        snprintf(ups[n].url, sizeof(ups[n].url), "%s", e->url);
        snprintf(ups[n].etag, sizeof(ups[n].etag), "%s", e->etag ? e->etag : "");
        snprintf(ups[n].modified, sizeof(ups[n].modified), "%s",
                 e->last_modified ? e->last_modified : "");
        return;
    }
    snprintf(ups[n].name, sizeof(ups[n].name), "%s", e->name);
    ups[n].len = e->bytes->len;
    snprintf(ups[n].bytes, sizeof(ups[n].bytes), "%.*s", STR_ARG(str_upto(buf_str(e->bytes), 60)));
    assert_true(e->modified_at > 0);
    if (answer_files) {
        source_file_done(e->source, ups[n].name, NULL, 1);
        source_settled(e->source);
    }
}

static void open_sources(void)
{
    up_count = 0;
    assert_int_equal(sources_open(&(struct sources_options){loop, on_up, NULL}, &sources), 0);
}

static int begin_frozen(void **state)
{
    (void)state;
    loop = ev_loop_new(0);
    clock_set(NOW);
    answer_files = false;
    open_sources();
    return 0;
}

static int end(void **state)
{
    (void)state;
    sources_close(sources);
    ev_loop_destroy(loop);
    clock_set(0);
    return 0;
}

static struct source *add_state(const char *id, const char *url, int64_t every_us, struct str state)
{
    struct source *s = NULL;
    struct source_def def = {.id = id, .kind = "feed", .url = url, .every_us = every_us};
    int err = sources_add(sources, &def, state, &s, why);
    if (err)
        fail_msg("%s: %s", id, why);
    return s;
}

static struct source *add(const char *id, const char *url, int64_t every_us)
{
    return add_state(id, url, every_us, STR_NONE);
}

static void settle(struct source *s, struct source_outcome o)
{
    source_polled(s, &o);
    source_settled(s);
}

static const struct source_outcome fine = {.status = 200, .items = 5};

static void advance(int64_t us)
{
    clock_advance(us);
    sources_run(sources);
}

/* ---- asking */

static void what_makes_no_sense_is_refused_with_a_reason(void **state)
{
    (void)state;
    static const struct source_def bad[] = {
        {.id = "a", .kind = "gopher", .url = "http://a/"},
        {.id = "a", .kind = NULL, .url = "http://a/"},
        {.id = "A.b", .kind = "feed", .url = "http://a/"},
        {.id = "a", .kind = "feed"},
        {.id = "a", .kind = "feed", .url = "file:///etc/passwd"},
        {.id = "a", .kind = "feed", .url = "http://a b/"},
        {.id = "a", .kind = "feed", .url = "http://a/", .path = "/x"},
        {.id = "a", .kind = "feed", .url = "http://a/", .every_us = 10},
        {.id = "a", .kind = "feed", .url = "http://a/", .every_us = 100 * USEC_PER_DAY},
        {.id = "a", .kind = "directory"},
        {.id = "a", .kind = "directory", .path = "/x", .url = "http://a/"},
    };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        why[0] = '\0';
        assert_int_equal(sources_add(sources, &bad[i], STR_NONE, NULL, why), -EINVAL);
        assert_true(strlen(why) > 0);
    }
    assert_int_equal(sources_count(sources), 0);
}

static void an_id_and_an_address_stand_for_one_source(void **state)
{
    (void)state;
    struct source *a = add("a", "http://a/", 0);
    struct source_def same_id = {.id = "a", .kind = "feed", .url = "http://b/"};
    struct source_def same_url = {.id = "b", .kind = "page", .url = "http://a/"};
    assert_int_equal(sources_add(sources, &same_id, STR_NONE, NULL, why), -EEXIST);
    assert_int_equal(sources_add(sources, &same_url, STR_NONE, NULL, why), -EEXIST);
    assert_non_null(strstr(why, "source a has this address"));
    assert_ptr_equal(sources_find(sources, STR("a")), a);
    assert_ptr_equal(sources_find(sources, STR("http://a/")), a);
    assert_null(sources_find(sources, STR("http://b/")));
    assert_int_equal(sources_remove(sources, STR("b")), -ENOENT);
    assert_int_equal(sources_remove(sources, STR("a")), 0);
    assert_int_equal(sources_count(sources), 0);
}

static void an_id_is_made_of_the_address_and_not_of_its_secrets(void **state)
{
    (void)state;
    char id[LIMIT_SOURCE_ID + 1];
    sources_make_id(sources, "https://www.Example.org/News/rss.xml?x=1", id, sizeof(id));
    assert_string_equal(id, "example-org-news-rss-xml-x-1");
    sources_make_id(sources, "https://user:secret@example.org/", id, sizeof(id));
    assert_string_equal(id, "example-org");
    add("example-org", "http://x/", 0);
    sources_make_id(sources, "https://example.org/", id, sizeof(id));
    assert_true(str_starts(str_of(id), STR("example-org-")) &&
                strlen(id) == strlen("example-org-01234567"));
    sources_make_id(sources, "/srv/wire/in", id, sizeof(id));
    assert_string_equal(id, "srv-wire-in");
    sources_make_id(sources, "http://\xd0\xb9/", id, sizeof(id));
    assert_true(str_starts(str_of(id), STR("source-")));
    struct source *s = add(NULL, "http://feeds.example.com/a", 0);
    assert_string_equal(source_def(s)->id, "feeds-example-com-a");
}

static void nothing_is_asked_before_the_start_and_the_new_at_once(void **state)
{
    (void)state;
    add("a", "http://a/", 0);
    add("b", "http://b/", 0);
    sources_run(sources);
    assert_int_equal(up_count, 0);
    sources_start(sources);
    sources_run(sources);
    assert_int_equal(up_count, 2);
    add("c", "http://c/", 0);
    sources_run(sources);
    assert_int_equal(up_count, 3);
    assert_string_equal(ups[2].url, "http://c/");
}

static void the_next_ask_is_planned_only_when_the_last_one_settled(void **state)
{
    (void)state;
    struct source *a = add("a", "http://a/", 10 * USEC_PER_SEC);
    sources_start(sources);
    sources_run(sources);
    advance(60 * USEC_PER_SEC);
    assert_int_equal(up_count, 1);
    source_polled(a, &fine);
    advance(60 * USEC_PER_SEC);
    assert_int_equal(up_count, 1);
    source_settled(a);
    sources_run(sources);
    assert_int_equal(up_count, 2);
}

static void sources_are_asked_in_the_order_in_which_they_are_due(void **state)
{
    (void)state;
    static const int every_s[] = {50, 10, 40, 20, 30};
    for (int i = 0; i < 5; i++) {
        char id[16], url[32];
        snprintf(id, sizeof(id), "s%d", every_s[i]);
        snprintf(url, sizeof(url), "http://%d/", every_s[i]);
        add(id, url, every_s[i] * USEC_PER_SEC);
    }
    sources_start(sources);
    sources_run(sources);
    for (int i = 0; i < 5; i++)
        settle(up_source[i], fine);
    up_count = 0;
    advance(60 * USEC_PER_SEC);
    assert_int_equal(up_count, 5);
    for (int i = 0; i < 5; i++)
        assert_int_equal(ups[i].id[1], '1' + i);
}

static void while_held_nothing_is_asked_and_nothing_is_forgotten(void **state)
{
    (void)state;
    struct source *a = add("a", "http://a/", 10 * USEC_PER_SEC);
    sources_start(sources);
    sources_hold(sources, true);
    sources_run(sources);
    assert_int_equal(up_count, 0);
    json_t *json = source_json(a);
    assert_string_equal(json_string_value(json_object_get(json, "state")), "held");
    json_decref(json);
    sources_hold(sources, false);
    sources_run(sources);
    assert_int_equal(up_count, 1);
}

static void a_turn_asks_few_and_leaves_the_rest_to_the_next(void **state)
{
    (void)state;
    for (int i = 0; i < 100; i++) {
        char id[16], url[32];
        snprintf(id, sizeof(id), "s%d", i);
        snprintf(url, sizeof(url), "http://%d/", i);
        add(id, url, 0);
    }
    sources_start(sources);
    sources_run(sources);
    assert_in_range(up_count, 1, 99);
    sources_run(sources);
    assert_int_equal(up_count, 100);
}

static void the_timer_asks_by_itself(void **state)
{
    (void)state;
    clock_set(0);
    add("a", "http://a/", USEC_PER_SEC);
    sources_start(sources);
    ev_run(loop, EVRUN_ONCE);
    assert_int_equal(up_count, 1);
}

static void validators_come_back_and_a_failure_does_not_bring_new_ones(void **state)
{
    (void)state;
    struct source_outcome o = fine;
    struct source *a = add("a", "http://a/", 10 * USEC_PER_SEC);
    sources_start(sources);
    sources_run(sources);
    o.etag = "\"1\"";
    o.last_modified = "Thu, 01 Jan 2026 00:00:00 GMT";
    settle(a, o);
    advance(20 * USEC_PER_SEC);
    assert_string_equal(ups[1].etag, "\"1\"");
    assert_string_equal(ups[1].modified, "Thu, 01 Jan 2026 00:00:00 GMT");
    settle(a, (struct source_outcome){
                  .status = 304, .not_modified = true, .etag = "\"2\"", .last_modified = ""});
    advance(20 * USEC_PER_SEC);
    assert_string_equal(ups[2].etag, "\"2\"");
    assert_string_equal(ups[2].modified, "Thu, 01 Jan 2026 00:00:00 GMT");
    settle(a, (struct source_outcome){.class = "not-a-feed", .status = 200, .etag = "\"html\""});
    advance(20 * USEC_PER_SEC);
    assert_string_equal(ups[3].etag, "\"2\"");
    settle(a, fine); /* has no validators any more */
    advance(20 * USEC_PER_SEC);
    assert_string_equal(ups[4].etag, "");
}

static void an_address_is_taken_over_after_three_equal_moves_in_a_row(void **state)
{
    (void)state;
    struct source_outcome moved = fine, elsewhere = fine;
    moved.moved = "http://new/";
    elsewhere.moved = "http://maintenance/";
    struct source *a = add("a", "http://old/", 10 * USEC_PER_SEC);
    sources_start(sources);
    sources_run(sources);
    const struct source_outcome *answers[] = {&moved, &moved, &elsewhere, &moved, &moved, &moved};
    for (size_t i = 0; i < ARRAY_LEN(answers); i++) {
        assert_string_equal(ups[up_count - 1].url, "http://old/");
        settle(a, *answers[i]);
        advance(20 * USEC_PER_SEC);
    }
    assert_string_equal(ups[up_count - 1].url, "http://new/");
    assert_ptr_equal(sources_find(sources, STR("http://old/")), a);
    assert_ptr_equal(sources_find(sources, STR("http://new/")), a);
    assert_string_equal(source_def(a)->url, "http://old/");
    struct source *b = add("b", "http://new/", 0); /* a definition has the older right */
    assert_ptr_equal(sources_find(sources, STR("http://new/")), b);
    settle(a, fine);
    advance(20 * USEC_PER_SEC);
    assert_string_equal(ups[up_count - 1].url, "http://old/");
}

static void a_source_moves_to_no_address_that_is_asked_already(void **state)
{
    (void)state;
    struct source_outcome moved = fine;
    moved.moved = "http://b/";
    struct source *a = add("a", "http://a/", 10 * USEC_PER_SEC);
    add("b", "http://b/", USEC_PER_HOUR);
    sources_start(sources);
    sources_run(sources);
    for (int i = 0; i < 5; i++) {
        settle(a, moved);
        advance(20 * USEC_PER_SEC);
    }
    assert_string_equal(ups[up_count - 1].url, "http://a/");
}

static void what_is_known_survives_a_restart(void **state)
{
    (void)state;
    struct buf kept = BUF_NONE;
    struct source_outcome o = fine;
    struct source *a = add("a", "http://a/", 0);
    sources_start(sources);
    sources_run(sources);
    o.etag = "W/\"x\"";
    o.title = "A feed";
    o.fresh_us = 2 * USEC_PER_HOUR;
    settle(a, o);
    source_state(a, &kept);
    int64_t next = a->schedule.next_at;
    sources_close(sources);
    open_sources();
    a = add_state("a", "http://a/", 0, buf_str(&kept));
    sources_start(sources);
    advance(USEC_PER_HOUR);
    assert_int_equal(up_count, 0);
    assert_int_equal(a->schedule.next_at, next);
    assert_string_equal(source_title(a), "A feed");
    advance(2 * USEC_PER_HOUR);
    assert_int_equal(up_count, 1);
    assert_string_equal(ups[0].etag, "W/\"x\"");
    buf_free(&kept);
}

static void a_new_address_is_asked_without_the_validators_of_the_old(void **state)
{
    (void)state;
    struct buf kept = BUF_NONE;
    struct source_outcome o = fine;
    struct source *a = add("a", "http://a/", 0);
    sources_start(sources);
    sources_run(sources);
    o.etag = "\"x\"";
    settle(a, o);
    source_state(a, &kept);
    sources_close(sources);
    open_sources();
    add_state("a", "http://elsewhere/", 0, buf_str(&kept));
    sources_start(sources);
    sources_run(sources);
    assert_int_equal(up_count, 1);
    assert_string_equal(ups[0].etag, "");
    buf_free(&kept);
}

static void bad_stored_state_is_never_fatal(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "{",
        "[]",
        "null",
        "{\"v\":2,\"etag\":\"x\"}",
        "{\"v\":1}",
        "{\"v\":\"1\"}",
        "\xff\xfe",
        "{\"v\":1,\"address\":\"http://a/\",\"etag\":5,\"next_at\":\"x\",\"failures\":-3}",
        "{\"v\":1,\"address\":\"http://a/\",\"learned_us\":1e300,\"skip_hours\":99999999999}",
        "{\"v\":1,\"address\":\"http://a/\",\"adopted\":\"\",\"taken\":\"zz\",\"failures\":9}",
        "{\"v\":1,\"address\":\"http://a/\",\"class\":[],\"moved_count\":1000,\"last_ask\":-1}",
    };
    sources_start(sources);
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        up_count = 0;
        struct source *a = add_state("a", "http://a/", 0, str_of(bad[i]));
        sources_run(sources);
        assert_int_equal(up_count, 1);
        assert_string_equal(ups[0].etag, "");
        settle(a, fine);
        assert_int_equal(sources_remove(sources, STR("a")), 0);
    }
}

static void a_paused_source_stays_so_over_a_restart_until_it_is_resumed(void **state)
{
    (void)state;
    struct buf kept = BUF_NONE;
    struct source *a = add("a", "http://a/", 0);
    source_pause(a, true);
    sources_start(sources);
    sources_run(sources);
    source_refresh(a);
    sources_run(sources);
    assert_int_equal(up_count, 0);
    source_state(a, &kept);
    sources_close(sources);
    open_sources();
    a = add_state("a", "http://a/", 0, buf_str(&kept));
    sources_start(sources);
    sources_run(sources);
    assert_int_equal(up_count, 0);
    source_pause(a, false);
    sources_run(sources);
    assert_int_equal(up_count, 1);
    buf_free(&kept);
}

static void a_refresh_asks_now(void **state)
{
    (void)state;
    struct source *a = add("a", "http://a/", USEC_PER_HOUR);
    sources_start(sources);
    sources_run(sources);
    source_refresh(a); /* it is being asked */
    settle(a, (struct source_outcome){.status = 410, .gone = true, .class = "gone"});
    sources_run(sources);
    assert_int_equal(up_count, 1);
    source_refresh(a);
    sources_run(sources);
    assert_int_equal(up_count, 2);
}

static void a_source_under_way_is_removed_when_that_ends(void **state)
{
    (void)state;
    struct source *a = add("a", "http://a/", 0);
    sources_start(sources);
    sources_run(sources);
    assert_int_equal(sources_remove(sources, STR("a")), -EBUSY);
    source_polled(a, &fine);
    assert_int_equal(sources_count(sources), 1);
    source_settled(a);
    assert_int_equal(sources_count(sources), 0);
}

static void an_explanation_names_the_time_and_the_reason(void **state)
{
    (void)state;
    struct buf b = BUF_NONE;
    struct source_outcome o = fine;
    struct source *a = add("a", "http://a/", 60 * USEC_PER_SEC);
    sources_start(sources);
    sources_run(sources);
    source_explain(a, &b);
    assert_non_null(strstr(buf_cstr(&b), "It is being asked now."));
    o.fresh_us = 600 * USEC_PER_SEC;
    settle(a, o);
    buf_reset(&b);
    source_explain(a, &b);
    assert_non_null(strstr(buf_cstr(&b), "Next asked 2026-01-01T00:1"));
    assert_non_null(
        strstr(buf_cstr(&b), "Cache-Control or Expires of 10m raised the 1m that every: asks."));
    json_t *json = source_json(a);
    assert_string_equal(json_string_value(json_object_get(json, "state")), "waiting");
    assert_non_null(json_string_value(json_object_get(json, "next")));
    json_decref(json);
    advance(USEC_PER_HOUR);
    settle(a, (struct source_outcome){.class = "dns", .error = "no such\nname"});
    buf_reset(&b);
    source_explain(a, &b);
    assert_non_null(
        strstr(buf_cstr(&b), "It failed 1 time in a row, last as dns: \"no such\\x0aname\"."));
    buf_free(&b);
}

static void many_idle_sources_are_cheap(void **state)
{
    (void)state;
    enum { MANY = 100000 };
    for (int i = 0; i < MANY; i++) {
        char id[16], url[40];
        snprintf(id, sizeof(id), "s%d", i);
        snprintf(url, sizeof(url), "http://%d/", i);
        struct source *s = add(id, url, USEC_PER_HOUR);
        s->schedule.last_ask = NOW - USEC_PER_MIN;
        s->schedule.next_at = NOW + USEC_PER_HOUR + (int64_t)i * 7919 % MANY * USEC_PER_MSEC;
    }
    sources_start(sources);
    int64_t last = 0;
    int asked = 0;
    for (int turn = 0; turn < 20; turn++) {
        up_count = 0;
        advance(turn ? USEC_PER_SEC : USEC_PER_HOUR);
        for (int i = 0; i < up_count; i++, asked++) {
            assert_true(up_source[i]->schedule.next_at >= last);
            last = up_source[i]->schedule.next_at;
            settle(up_source[i], fine);
        }
    }
    assert_in_range(asked, 64, 20 * 64);
}

/* ---- a directory, with a real one */

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

#define ASKING(name)   cmocka_unit_test_setup_teardown(name, begin_frozen, end)
#define WATCHING(name) cmocka_unit_test_setup_teardown(name, begin_directory, end_directory)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ASKING(what_makes_no_sense_is_refused_with_a_reason),
        ASKING(an_id_and_an_address_stand_for_one_source),
        ASKING(an_id_is_made_of_the_address_and_not_of_its_secrets),
        ASKING(nothing_is_asked_before_the_start_and_the_new_at_once),
        ASKING(the_next_ask_is_planned_only_when_the_last_one_settled),
        ASKING(sources_are_asked_in_the_order_in_which_they_are_due),
        ASKING(while_held_nothing_is_asked_and_nothing_is_forgotten),
        ASKING(a_turn_asks_few_and_leaves_the_rest_to_the_next),
        ASKING(the_timer_asks_by_itself),
        ASKING(validators_come_back_and_a_failure_does_not_bring_new_ones),
        ASKING(an_address_is_taken_over_after_three_equal_moves_in_a_row),
        ASKING(a_source_moves_to_no_address_that_is_asked_already),
        ASKING(what_is_known_survives_a_restart),
        ASKING(a_new_address_is_asked_without_the_validators_of_the_old),
        ASKING(bad_stored_state_is_never_fatal),
        ASKING(a_paused_source_stays_so_over_a_restart_until_it_is_resumed),
        ASKING(a_refresh_asks_now),
        ASKING(a_source_under_way_is_removed_when_that_ends),
        ASKING(an_explanation_names_the_time_and_the_reason),
        ASKING(many_idle_sources_are_cheap),
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
        cmocka_unit_test(sums_of_taken_files_are_read_back_or_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
