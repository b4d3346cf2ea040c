#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <rocksdb/c.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "keys.h"
#include "scratch.h"
#include "store.h"
#include "str.h"

/* ---- a state of its own for every test */

struct room {
    char dir[SCRATCH_PATH]; /* all of the test's files */
    char path[96];          /* the state */
    char why[STORE_WHY];
};

static int room_setup(void **state)
{
    struct room *room = xcalloc(1, sizeof *room);
    if (scratch_make(room->dir) != 0)
        return -1;
    snprintf(room->path, sizeof room->path, "%s/state", room->dir);
    *state = room;
    return 0;
}

static int room_teardown(void **state)
{
    struct room *room = *state;
    scratch_remove(room->dir);
    free(room);
    return 0;
}

static struct store *open_with(struct room *room, struct ev_loop *loop)
{
    struct store_options options = {.path = room->path, .loop = loop};
    struct store *store = NULL;
    int error = store_open(&options, &store, room->why);
    if (error)
        fail_msg("store_open: %d %s", error, room->why);
    return store;
}

static struct store *open_plain(struct room *room)
{
    return open_with(room, NULL);
}

static int open_error(struct room *room, bool read_only)
{
    struct store_options options = {.path = room->path, .read_only = read_only};
    struct store *store = NULL;
    room->why[0] = '\0';
    int error = store_open(&options, &store, room->why);
    assert_true(error == 0 || store == NULL);
    store_close(store);
    return error;
}

static void commit(struct store *store, struct store_change *change)
{
    assert_int_equal(store_commit(store, &change, NULL, NULL), 0);
    assert_null(change);
}

static void put_item(struct store *store, uint64_t id, const char *work)
{
    struct store_change *change = store_change_new(store);
    store_queue_put(change, id, str_of(work));
    commit(store, change);
}

static void drop_item(struct store *store, uint64_t id)
{
    struct store_change *change = store_change_new(store);
    store_queue_drop(change, id);
    commit(store, change);
}

static void put_result(struct store *store, uint64_t seq, uint64_t prev, int64_t at,
                       const char *topic, const char *uri)
{
    struct store_change *change = store_change_new(store);
    struct store_numbers numbers;
    store_numbers(store, &numbers);
    numbers.next_seq = seq + 1;
    store_set_numbers(change, &numbers);
    store_put_result(change, &(struct store_result){.seq = seq,
                                                    .prev = prev,
                                                    .at = at,
                                                    .topic = str_of(topic),
                                                    .uri = str_of(uri),
                                                    .version = STR("1"),
                                                    .record = STR("{\"a\":1}")});
    commit(store, change);
}

static int each_queued_to_text(void *ctx, uint64_t id, struct store_tries tries, struct str work)
{
    buf_printf(ctx, "%llu:%.*s(%u,%u) ", (unsigned long long)id, STR_ARG(work), tries.deliveries,
               tries.deaths);
    return 0;
}

static int each_dead_to_text(void *ctx, uint64_t id, struct str reason, struct str work)
{
    buf_printf(ctx, "%llu:%.*s:%.*s ", (unsigned long long)id, STR_ARG(reason), STR_ARG(work));
    return 0;
}

static int each_result_to_text(void *ctx, const struct store_result *r)
{
    buf_printf(ctx, "%llu<%llu@%lld %.*s %.*s/%.*s %.*s;", (unsigned long long)r->seq,
               (unsigned long long)r->prev, (long long)r->at, STR_ARG(r->topic), STR_ARG(r->uri),
               STR_ARG(r->version), STR_ARG(r->record));
    return 0;
}

static int each_source_to_text(void *ctx, struct str id, struct str source_state)
{
    buf_printf(ctx, "%.*s=%.*s ", STR_ARG(id), STR_ARG(source_state));
    return 0;
}

static void assert_queue(struct store *store, const char *expected)
{
    struct buf text = BUF_NONE;
    assert_int_equal(store_each_queued(store, each_queued_to_text, &text), 0);
    assert_string_equal(buf_cstr(&text), expected);
    buf_free(&text);
}

static void assert_dead(struct store *store, const char *expected)
{
    struct buf text = BUF_NONE;
    assert_int_equal(store_each_dead(store, each_dead_to_text, &text), 0);
    assert_string_equal(buf_cstr(&text), expected);
    buf_free(&text);
}

static void assert_results(struct store *store, uint64_t from, const char *expected)
{
    struct buf text = BUF_NONE;
    assert_int_equal(store_each_result(store, from, each_result_to_text, &text), 0);
    assert_string_equal(buf_cstr(&text), expected);
    buf_free(&text);
}

/* ---- what is kept */

static void everything_is_found_again_after_a_reopen(void **state)
{
    struct room *room = *state;
    static const uint8_t id[16] = {1, 2, 0, 255}, hash[16] = {9}, url[16] = {7}, none[16] = {0};
    struct store *store = open_plain(room);
    char epoch[17];
    snprintf(epoch, sizeof epoch, "%s", store_epoch(store));
    struct store_change *change = store_change_new(store);
    struct store_numbers numbers = {5, 6, 7, 8, 9, 10};
    store_set_numbers(change, &numbers);
    store_put_source(change, STR("tass"), STR("{\"etag\":1}"));
    store_put_source(change, STR("afp"), STR(""));
    store_put_seen(change, id, STR("entry"));
    store_put_text(change, hash, STR("text\0entry"));
    store_put_url(change, url, STR("urn:x"));
    store_queue_put(change, 4, STR("work"));
    store_queue_tries(change, 4, (struct store_tries){2, 1});
    assert_true(store_change_bytes(change) > 100);
    commit(store, change);
    store_close(store);

    store = open_plain(room);
    assert_string_equal(store_epoch(store), epoch);
    assert_int_equal(strlen(epoch), 16);
    struct store_numbers read;
    store_numbers(store, &read);
    assert_memory_equal(&read, &numbers, sizeof read);
    struct buf b = BUF_NONE;
    assert_int_equal(store_get_source(store, STR("tass"), &b), 0);
    assert_int_equal(store_get_seen(store, id, &b), 0);
    assert_int_equal(store_get_text(store, hash, &b), 0);
    assert_int_equal(store_get_url(store, url, &b), 0);
    assert_int_equal(store_queue_get(store, 4, &b), 0);
    assert_true(str_eq(buf_str(&b), STR("{\"etag\":1}entrytext\0entryurn:xwork")));
    assert_int_equal(store_get_seen(store, none, &b), -ENOENT);
    assert_int_equal(store_get_source(store, STR("tas"), &b), -ENOENT);
    buf_reset(&b);
    assert_int_equal(store_each_source(store, each_source_to_text, &b), 0);
    assert_string_equal(buf_cstr(&b), "afp= tass={\"etag\":1} ");
    buf_free(&b);
    assert_queue(store, "4:work(2,1) ");
    store_close(store);
}

static void a_new_store_has_first_numbers_and_an_epoch_of_its_own(void **state)
{
    struct room *room = *state;
    struct store *store = open_plain(room);
    struct store_numbers n;
    store_numbers(store, &n);
    assert_true(n.next_queue_id == 1 && n.next_seq == 1 && n.accepted == 0 && n.dead == 0);
    char first[17];
    snprintf(first, sizeof first, "%s", store_epoch(store));
    store_close(store);
    snprintf(room->path, sizeof room->path, "%s/other", room->dir);
    store = open_plain(room);
    assert_string_not_equal(store_epoch(store), first);
    store_close(store);
}

static void a_change_that_is_not_committed_leaves_no_trace(void **state)
{
    struct store *store = open_plain(*state);
    struct store_change *change = store_change_new(store);
    store_queue_put(change, 1, STR("a"));
    store_set_numbers(change, &(struct store_numbers){9, 9, 9, 9, 9, 9});
    store_change_free(change);
    assert_queue(store, "");
    struct store_numbers n;
    store_numbers(store, &n);
    assert_true(n.next_queue_id == 1);
    store_close(store);
}

static void the_queue_comes_in_the_order_of_ids(void **state)
{
    struct store *store = open_plain(*state);
    put_item(store, 256, "c");
    put_item(store, 2, "a");
    put_item(store, 255, "b");
    struct store_change *change = store_change_new(store);
    store_queue_tries(change, 255, (struct store_tries){3, 0});
    store_queue_tries(change, 7, (struct store_tries){9, 9}); /* of an item that is not there */
    commit(store, change);
    assert_queue(store, "2:a(0,0) 255:b(3,0) 256:c(0,0) ");
    drop_item(store, 255);
    assert_queue(store, "2:a(0,0) 256:c(0,0) ");
    store_close(store);
}

static void a_buried_item_is_dead_with_its_reason_and_can_be_queued_again(void **state)
{
    struct room *room = *state;
    struct store *store = open_plain(room);
    put_item(store, 1, "one");
    put_item(store, 2, "two");
    struct store_change *change = store_change_new(store);
    store_queue_tries(change, 1, (struct store_tries){5, 0});
    store_queue_bury(change, 1, STR("one"), STR("5 deliveries"));
    commit(store, change);
    assert_queue(store, "2:two(0,0) ");
    assert_dead(store, "1:5 deliveries:one ");
    struct buf work = BUF_NONE;
    assert_int_equal(store_dead_get(store, 1, &work), 0);
    assert_string_equal(buf_cstr(&work), "one");

    change = store_change_new(store);
    store_dead_drop(change, 1);
    store_queue_put(change, 1, buf_str(&work));
    commit(store, change);
    buf_free(&work);
    assert_dead(store, "");
    assert_queue(store, "1:one(0,0) 2:two(0,0) ");
    store_close(store);
}

static void results_are_read_from_a_seq_on_and_known_by_uri_and_version(void **state)
{
    struct store *store = open_plain(*state);
    put_result(store, 1, 0, 100, "new.en", "urn:a");
    put_result(store, 2, 0, 200, "new.ru", "urn:b");
    put_result(store, 3, 1, 300, "new.en", "urn:c");
    assert_results(store, 2, "2<0@200 new.ru urn:b/1 {\"a\":1};3<1@300 new.en urn:c/1 {\"a\":1};");
    uint64_t seq = 0;
    assert_int_equal(store_result_of(store, STR("urn:b"), STR("1"), &seq), 0);
    assert_int_equal(seq, 2);
    assert_int_equal(store_result_of(store, STR("urn:b"), STR("2"), &seq), -ENOENT);
    assert_int_equal(store_result_of(store, STR("urn:"), STR("b1"), &seq), -ENOENT);
    assert_int_equal(store_topic_last(store, STR("new.en"), &seq), 0);
    assert_int_equal(seq, 3);
    assert_int_equal(store_topic_last(store, STR("new"), &seq), -ENOENT);
    store_close(store);
}

static void dropped_results_are_gone_and_still_recorded(void **state)
{
    struct room *room = *state;
    struct store *store = open_plain(room);
    for (uint64_t seq = 1; seq <= 5; seq++)
        put_result(store, seq, 0, (int64_t)seq * 10, "t", "urn:same");
    struct store_change *change = store_change_new(store);
    store_drop_results(change, 5);
    commit(store, change);
    store_close(store);
    store = open_plain(room);
    assert_results(store, 0, "5<0@50 t urn:same/1 {\"a\":1};");
    uint64_t seq = 0;
    assert_int_equal(store_seq_at(store, 0, &seq), 0);
    assert_int_equal(seq, 5);
    assert_int_equal(store_result_of(store, STR("urn:same"), STR("1"), &seq), 0);
    store_close(store);
}

static void a_time_is_found_among_results_with_gaps(void **state)
{
    struct store *store = open_plain(*state);
    uint64_t seq = 0;
    assert_int_equal(store_seq_at(store, 5, &seq), 0);
    assert_int_equal(seq, 1); /* none yet: the next */
    static const uint64_t seqs[] = {1, 2, 5, 6, 20};
    for (size_t i = 0; i < ARRAY_LEN(seqs); i++)
        put_result(store, seqs[i], 0, (int64_t)seqs[i] * 100, "t", "urn:a");
    static const struct {
        int64_t at;
        uint64_t seq;
    } asked[] = {{0, 1},   {100, 1},  {101, 2},   {201, 5},  {500, 5},
                 {501, 6}, {601, 20}, {2000, 20}, {2001, 21}};
    for (size_t i = 0; i < ARRAY_LEN(asked); i++) {
        assert_int_equal(store_seq_at(store, asked[i].at, &seq), 0);
        assert_int_equal(seq, asked[i].seq);
    }
    store_close(store);
}

static int stop_at_two(void *ctx, uint64_t id, struct store_tries tries, struct str work)
{
    (void)tries, (void)work;
    ++*(int *)ctx;
    return id == 2 ? 77 : 0;
}

static void an_iteration_ends_with_what_its_callback_returned(void **state)
{
    struct store *store = open_plain(*state);
    for (uint64_t id = 1; id <= 4; id++)
        put_item(store, id, "w");
    int calls = 0;
    assert_int_equal(store_each_queued(store, stop_at_two, &calls), 77);
    assert_int_equal(calls, 2);
    store_close(store);
}

/* The head moves over what is gone, survives, and comes back for an id queued again. */
static void a_drained_queue_forgets_its_front_but_no_item(void **state)
{
    struct room *room = *state;
    enum { ITEMS = 10000 };
    struct store *store = open_plain(room);
    struct store_change *change = store_change_new(store);
    for (uint64_t id = 1; id <= ITEMS; id++)
        store_queue_put(change, id, STR("w"));
    commit(store, change);
    change = store_change_new(store);
    for (uint64_t id = 1; id <= ITEMS; id++)
        if (id != 9000)
            store_queue_drop(change, id);
    commit(store, change);
    assert_queue(store, "9000:w(0,0) ");
    put_item(store, ITEMS + 1, "new"); /* writes the head */
    store_close(store);
    store = open_plain(room);
    assert_queue(store, "9000:w(0,0) 10001:new(0,0) ");
    put_item(store, 17, "again");
    assert_queue(store, "17:again(0,0) 9000:w(0,0) 10001:new(0,0) ");
    store_close(store);
    store = open_plain(room);
    assert_queue(store, "17:again(0,0) 9000:w(0,0) 10001:new(0,0) ");
    store_close(store);
}

/* ---- the thread */

struct order {
    struct store *store;
    uint64_t next;
    int wrong, failures, error;
};
struct order_call {
    struct order *order;
    uint64_t n;
};

static void on_durable_in_order(void *ctx)
{
    struct order_call *call = ctx;
    call->order->wrong += call->n != call->order->next;
    call->order->next++;
    free(call);
}

static void commit_numbered(struct order *order, uint64_t n, const char *work)
{
    struct order_call *call = xmalloc(sizeof *call);
    *call = (struct order_call){order, n};
    struct store_change *change = store_change_new(order->store);
    store_queue_put(change, n + 1, str_of(work));
    assert_int_equal(store_commit(order->store, &change, on_durable_in_order, call), 0);
}

static void on_durable_comes_once_each_in_order_and_groups_share_a_sync(void **state)
{
    struct room *room = *state;
    struct ev_loop *loop = ev_loop_new(EVFLAG_AUTO);
    struct order order = {.store = open_with(room, loop)};
    for (uint64_t n = 0; n < 3000; n++)
        commit_numbered(&order, n, "work");
    assert_true(order.next == 0); /* never from inside store_commit */
    ev_run(loop, 0);              /* ends when nothing is under way */
    assert_int_equal(order.next, 3000);
    assert_int_equal(order.wrong, 0);
    assert_int_equal(store_pending_bytes(order.store), 0);
    struct store_stats stats;
    store_stats(order.store, &stats);
    assert_true(stats.commits == 3000 && stats.commit_items == 3000);
    assert_true(stats.syncs > 0 && stats.syncs < 3000 && stats.bytes > 3000 &&
                stats.disk_bytes > 0);
    store_close(order.store);
    ev_loop_destroy(loop);

    struct store *store = open_plain(room);
    int calls = 0;
    assert_int_equal(store_each_queued(store, stop_at_two, &calls), 77);
    struct buf work = BUF_NONE;
    assert_int_equal(store_queue_get(store, 3000, &work), 0);
    buf_free(&work);
    store_close(store);
}

static void on_durable_commit_one_more(void *ctx)
{
    struct order *order = ctx;
    if (order->next++ < 3) {
        struct store_change *change = store_change_new(order->store);
        store_queue_put(change, 100 + order->next, STR("w"));
        store_commit(order->store, &change, on_durable_commit_one_more, order);
    }
}

static void closing_waits_for_what_was_committed_and_for_what_that_commits(void **state)
{
    struct room *room = *state;
    struct ev_loop *loop = ev_loop_new(EVFLAG_AUTO);
    struct order order = {.store = open_with(room, loop)};
    on_durable_commit_one_more(&order);
    store_close(order.store);
    assert_int_equal(order.next, 4);
    ev_loop_destroy(loop);
    struct store *store = open_plain(room);
    assert_queue(store, "101:w(0,0) 102:w(0,0) 103:w(0,0) ");
    store_close(store);
}

static void reads_beside_the_writer_see_whole_changes(void **state)
{
    struct ev_loop *loop = ev_loop_new(EVFLAG_AUTO);
    struct store *store = open_with(*state, loop);
    static const uint8_t id[16] = {1};
    int torn = 0;
    for (uint64_t n = 1; n <= 500; n++) {
        struct store_change *change = store_change_new(store);
        store_put_seen(change, id, STR("x"));
        store_queue_put(change, n, STR("w"));
        store_put_result(change,
                         &(struct store_result){.seq = n, .topic = STR("t"), .uri = STR("u")});
        store_commit(store, &change, NULL, NULL);
        struct buf b = BUF_NONE;
        uint64_t last = 0;
        if (store_topic_last(store, STR("t"), &last) == 0)
            torn += store_queue_get(store, last, &b) != 0;
        buf_free(&b);
        ev_run(loop, EVRUN_NOWAIT);
    }
    assert_int_equal(torn, 0);
    store_close(store);
    ev_loop_destroy(loop);
}

static void on_store_event(void *ctx, enum store_event_type event, int error)
{
    struct order *order = ctx;
    order->failures += event == STORE_FAILED;
    order->error = error;
}

static void commit_until_failure(struct order *order, struct ev_loop *loop)
{
    static char work[20000];
    memset(work, 'w', sizeof work - 1);
    for (uint64_t n = 1; order->failures == 0 && n < 5000; n++) {
        struct store_change *change = store_change_new(order->store);
        store_queue_put(change, n, str_of(work));
        store_commit(order->store, &change, NULL, NULL);
        ev_run(loop, EVRUN_ONCE);
    }
}

/* A process of its own, for a failed store holds its state until the process ends. Its exit status
 * is the error that was told, or what else went wrong. */
enum { TOLD_TWICE = 201, TOLD_DURABLE, NOT_TOLD, NOT_OPENED };

static int fail_main(const char *path, const char *max_file)
{
    struct ev_loop *loop = ev_loop_new(EVFLAG_AUTO);
    struct order order = {0};
    struct store_options options = {path, loop, false, on_store_event, &order};
    char why[STORE_WHY];
    if (store_open(&options, &order.store, why) < 0)
        return NOT_OPENED;
    uint64_t bytes;
    signal(SIGXFSZ, SIG_IGN);
    if (str_u64(str_of(max_file), &bytes) == 0 && bytes > 0)
        setrlimit(RLIMIT_FSIZE, &(struct rlimit){bytes, bytes});
    commit_until_failure(&order, loop);
    struct store_change *late = store_change_new(order.store);
    store_queue_put(late, 9999, STR("late"));
    store_commit(order.store, &late, on_durable_commit_one_more, &order);
    ev_run(loop, 0);
    store_close(order.store);
    ev_loop_destroy(loop);
    if (order.failures != 1)
        return order.failures ? TOLD_TWICE : NOT_TOLD;
    return order.next > 0 ? TOLD_DURABLE : -order.error;
}

static int fail_elsewhere(struct room *room, const char *max_file)
{
    pid_t child = fork();
    if (child == 0) {
        execl("/proc/self/exe", "test_store", "fail", room->path, max_file, (char *)NULL);
        _exit(127);
    }
    int status = 0;
    assert_true(waitpid(child, &status, 0) == child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

/* A limit on file sizes stands for a disk that refuses: everybody may set one. */
static void after_a_failed_write_nothing_is_durable_and_failure_is_told_once(void **state)
{
    struct room *room = *state;
    assert_int_equal(fail_elsewhere(room, "200000"), EIO);
    struct store *store = open_plain(room);
    struct buf work = BUF_NONE;
    assert_int_equal(store_queue_get(store, 1, &work), 0);
    assert_int_equal(work.len, 19999);
    assert_int_equal(store_queue_get(store, 9999, &work), -ENOENT);
    buf_free(&work);
    store_close(store);
}

static void a_full_disk_is_told_as_such(void **state)
{
    struct room *room = *state;
    char small[72];
    snprintf(small, sizeof small, "%.60s/small", room->dir);
    mkdir(small, 0700);
    if (mount("tmpfs", small, "tmpfs", 0, "size=3m") < 0)
        skip();
    snprintf(room->path, sizeof room->path, "%s/state", small);
    int error = fail_elsewhere(room, "0");
    assert_int_equal(umount2(small, MNT_DETACH), 0);
    assert_int_equal(error, ENOSPC);
}

/* ---- refusals */

static void a_second_opening_is_refused_while_the_first_lasts(void **state)
{
    struct room *room = *state;
    struct store *store = open_plain(room);
    assert_int_equal(open_error(room, false), -EBUSY);
    assert_non_null(strstr(room->why, "another process"));
    store_close(store);
    assert_int_equal(open_error(room, false), 0);
}

static void a_look_beside_the_running_one_sees_the_state_and_commits_nothing(void **state)
{
    struct room *room = *state;
    struct store *store = open_plain(room);
    put_item(store, 1, "a");
    struct store_options options = {.path = room->path, .read_only = true};
    struct store *look = NULL;
    assert_int_equal(store_open(&options, &look, room->why), 0);
    assert_queue(look, "1:a(0,0) ");
    assert_string_equal(store_epoch(look), store_epoch(store));
    struct store_change *change = store_change_new(look);
    store_queue_put(change, 2, STR("b"));
    assert_int_equal(store_commit(look, &change, NULL, NULL), -EROFS);
    assert_null(change);
    put_item(store, 2, "b");
    store_close(look);
    assert_queue(store, "1:a(0,0) 2:b(0,0) ");
    store_close(store);
}

/* Names, sizes and times of all files of the state. */
static void state_picture(const char *path, struct buf *out)
{
    struct dirent **names = NULL;
    int count = scandir(path, &names, NULL, alphasort);
    assert_true(count > 2);
    for (int i = 0; i < count; i++) {
        struct stat st;
        char *file = xasprintf("%s/%s", path, names[i]->d_name);
        assert_int_equal(stat(file, &st), 0);
        if (strcmp(names[i]->d_name, "..") != 0)
            buf_printf(out, "%s %lld %lld.%09ld\n", names[i]->d_name, (long long)st.st_size,
                       (long long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
        free(file);
        free(names[i]);
    }
    free(names);
}

static void assert_untouched_by(struct room *room, bool read_only, int expected)
{
    struct buf before = BUF_NONE, after = BUF_NONE;
    state_picture(room->path, &before);
    assert_int_equal(open_error(room, read_only), expected);
    state_picture(room->path, &after);
    assert_string_equal(buf_cstr(&before), buf_cstr(&after));
    buf_free(&before);
    buf_free(&after);
}

static void a_read_only_look_changes_no_file(void **state)
{
    struct room *room = *state;
    struct store *store = open_plain(room);
    put_item(store, 1, "a");
    assert_untouched_by(room, true, 0);
    store_close(store);
    assert_untouched_by(room, true, 0);
}

static void a_read_only_look_at_nothing_says_so_and_makes_nothing(void **state)
{
    struct room *room = *state;
    assert_int_equal(open_error(room, true), -ENOENT);
    assert_int_equal(access(room->path, F_OK), -1);
    mkdir(room->path, 0700);
    assert_int_equal(open_error(room, true), -ENOENT);
    assert_int_equal(rmdir(room->path), 0); /* still empty */
}

static void places_that_cannot_hold_a_state_are_refused_in_words(void **state)
{
    struct room *room = *state;
    snprintf(room->path, sizeof room->path, "%s/no/state", room->dir);
    assert_int_equal(open_error(room, false), -ENOENT);
    assert_non_null(strstr(room->why, "above it"));

    snprintf(room->path, sizeof room->path, "%s/file", room->dir);
    int fd = open(room->path, O_CREAT | O_WRONLY, 0600);
    assert_true(fd >= 0 && write(fd, "x", 1) == 1);
    close(fd);
    assert_int_equal(open_error(room, false), -ENOTDIR);
    assert_non_null(strstr(room->why, "not a directory"));
    snprintf(room->path, sizeof room->path, "%s/file/below", room->dir);
    assert_int_equal(open_error(room, false), -ENOTDIR);
    assert_null(strchr(room->why, '\n'));
}

static void a_directory_without_write_permission_is_refused(void **state)
{
    struct room *room = *state;
    if (geteuid() == 0)
        skip(); /* modes do not bind root */
    mkdir(room->path, 0500);
    assert_int_equal(open_error(room, false), -EACCES);
    assert_non_null(strstr(room->why, "not writable"));
}

/* Writes one meta value with RocksDB itself, past store/. */
static void tamper_meta(struct room *room, const char *key, const void *value, size_t len,
                        const char *new_family)
{
    char *message = NULL;
    size_t count = 0;
    rocksdb_options_t *o = rocksdb_options_create();
    char **names = rocksdb_list_column_families(o, room->path, &count, &message);
    assert_null(message);
    rocksdb_column_family_handle_t *of[32];
    const rocksdb_options_t *options[32];
    assert_true(count < 32);
    for (size_t i = 0; i < count; i++)
        options[i] = o;
    rocksdb_t *db = rocksdb_open_column_families(o, room->path, (int)count,
                                                 (const char *const *)names, options, of, &message);
    assert_null(message);
    rocksdb_writeoptions_t *w = rocksdb_writeoptions_create();
    for (size_t i = 0; i < count; i++)
        if (key && strcmp(names[i], "meta") == 0)
            rocksdb_put_cf(db, w, of[i], key, strlen(key), value, len, &message);
    assert_null(message);
    if (new_family)
        rocksdb_column_family_handle_destroy(
            rocksdb_create_column_family(db, o, new_family, &message));
    assert_null(message);
    for (size_t i = 0; i < count; i++)
        rocksdb_column_family_handle_destroy(of[i]);
    rocksdb_writeoptions_destroy(w);
    rocksdb_close(db);
    rocksdb_list_column_families_destroy(names, count);
    rocksdb_options_destroy(o);
}

static void a_newer_versions_state_is_refused_and_untouched(void **state)
{
    struct room *room = *state;
    store_close(open_plain(room));
    tamper_meta(room, "schema", "\0\0\0\2", 4, NULL);
    /* The directory's own time moves by nothing; its lock leaves no file. */
    assert_untouched_by(room, false, -EPROTO);
    assert_non_null(strstr(room->why, "newer version"));
    assert_untouched_by(room, true, -EPROTO);
}

static void a_family_of_a_newer_version_is_refused_and_untouched(void **state)
{
    struct room *room = *state;
    store_close(open_plain(room));
    tamper_meta(room, NULL, NULL, 0, "hologram\n");
    assert_untouched_by(room, false, -EPROTO);
    assert_non_null(strstr(room->why, "hologram"));
    assert_null(strchr(room->why, '\n'));
}

/* ---- damage */

static void make_tables(struct room *room)
{
    struct store *store = open_plain(room);
    for (uint64_t id = 1; id <= 50; id++)
        put_item(store, id, "some work that fills a table");
    store_close(store);
    store_close(open_plain(room)); /* what was in the log is in tables now */
}

/* Flips bits of every file whose name has `part`, at `at` of its size / 100. Gives their number. */
static int damage(struct room *room, const char *part, int percent)
{
    int damaged = 0;
    DIR *dir = opendir(room->path);
    assert_non_null(dir);
    for (struct dirent *e; (e = readdir(dir));) {
        struct stat st;
        if (!strstr(e->d_name, part) || fstatat(dirfd(dir), e->d_name, &st, 0) < 0 ||
            st.st_size < 16)
            continue;
        int fd = openat(dirfd(dir), e->d_name, O_RDWR);
        assert_true(fd >= 0);
        off_t at = st.st_size * percent / 100;
        uint8_t bytes[8] = {0};
        ssize_t n = pread(fd, bytes, sizeof bytes, at);
        for (ssize_t i = 0; i < n; i++)
            bytes[i] ^= 0x55;
        assert_int_equal(pwrite(fd, bytes, (size_t)n, at), n);
        close(fd);
        damaged++;
    }
    closedir(dir);
    return damaged;
}

static void a_damaged_manifest_is_an_error_and_no_fresh_start(void **state)
{
    struct room *room = *state;
    make_tables(room);
    assert_true(damage(room, "MANIFEST", 50) > 0);
    assert_int_equal(open_error(room, false), -EUCLEAN);
    assert_non_null(strstr(room->why, "damaged"));
    assert_null(strchr(room->why, '\n'));
    assert_int_equal(open_error(room, false), -EUCLEAN); /* and stays one */
}

static void a_missing_file_is_an_error_and_no_fresh_start(void **state)
{
    struct room *room = *state;
    make_tables(room);
    char *current = xasprintf("%s/CURRENT", room->path);
    assert_int_equal(unlink(current), 0);
    free(current);
    assert_int_equal(open_error(room, false), -EUCLEAN);
    assert_non_null(strstr(room->why, "CURRENT"));
}

/* Wherever it is hit, the state says so: at open, or when the table is read. */
static void damaged_tables_are_an_error_and_no_fresh_start(void **state)
{
    struct room *room = *state;
    make_tables(room);
    for (int percent = 0; percent < 100; percent += 10) {
        assert_true(damage(room, ".sst", percent) > 1);
        struct store_options options = {.path = room->path};
        struct store *store = NULL;
        int error = store_open(&options, &store, room->why);
        if (error == 0) {
            struct buf text = BUF_NONE;
            error = store_each_queued(store, each_queued_to_text, &text);
            assert_true(error == -EIO || text.len > 1000);
            buf_free(&text);
            store_close(store);
        } else {
            assert_int_equal(error, -EUCLEAN);
            assert_non_null(strstr(room->why, "damaged"));
        }
        assert_true(damage(room, ".sst", percent) > 1); /* the same bits again: healed */
    }
}

static void a_log_damaged_in_its_middle_is_kept_aside_and_what_lies_before_is_opened(void **state)
{
    struct room *room = *state;
    struct store *store = open_plain(room);
    static char work[4000] = "some work";
    memset(work + 9, '.', sizeof work - 10); /* more than one block of the log */
    for (uint64_t id = 1; id <= 50; id++)
        put_item(store, id, work);
    store_close(store);
    assert_true(damage(room, ".log", 50) > 0);
    store = open_plain(room);
    struct buf text = BUF_NONE;
    assert_int_equal(store_each_queued(store, each_queued_to_text, &text), 0);
    assert_true(str_starts(buf_str(&text), STR("1:some work")));
    assert_true(str_find(buf_str(&text), STR("50:some work")) == SIZE_MAX);
    buf_free(&text);
    store_close(store);
    int aside = 0;
    DIR *dir = opendir(room->path);
    for (struct dirent *e; (e = readdir(dir));)
        aside += strncmp(e->d_name, "damaged-", 8) == 0;
    closedir(dir);
    assert_int_equal(aside, 1);
}

static void a_torn_tail_of_the_log_is_no_damage(void **state)
{
    struct room *room = *state;
    struct store *store = open_plain(room);
    for (uint64_t id = 1; id <= 3; id++)
        put_item(store, id, "w");
    store_close(store);
    DIR *dir = opendir(room->path);
    for (struct dirent *e; (e = readdir(dir));) {
        struct stat st;
        if (!strstr(e->d_name, ".log") || fstatat(dirfd(dir), e->d_name, &st, 0) < 0 || !st.st_size)
            continue;
        char *file = xasprintf("%s/%s", room->path, e->d_name);
        assert_int_equal(truncate(file, st.st_size - 3), 0);
        free(file);
    }
    store = open_plain(room);
    assert_queue(store, "1:w(0,0) 2:w(0,0) ");
    store_close(store);
    rewinddir(dir);
    for (struct dirent *e; (e = readdir(dir));)
        assert_null(strstr(e->d_name, "damaged-"));
    closedir(dir);
}

static void stored_values_are_refused_unless_whole(void **state)
{
    (void)state;
    struct store_result result = {.seq = 1,
                                  .prev = 2,
                                  .at = -3,
                                  .topic = STR("topic"),
                                  .uri = STR("uri"),
                                  .version = STR("v")};
    uint8_t bytes[VALUE_RESULT_HEAD + 9];
    value_result_write(bytes, &result);
    memcpy(bytes + VALUE_RESULT_HEAD, "topicuriv", 9);
    struct str value = {(const char *)bytes, sizeof bytes};
    struct store_result read = {0};
    assert_int_equal(value_result(value, &read), 0);
    assert_true(read.prev == 2 && read.at == -3 && str_is(read.uri, "uri") && read.record.len == 0);
    for (size_t len = 0; len < value.len; len++) {
        /* In a block of its own, so that a read beyond the end is seen. */
        char *cut = xmalloc(len + 1);
        memcpy(cut, bytes, len);
        assert_int_equal(value_result((struct str){cut, len}, &read), -EBADMSG);
        free(cut);
    }
    bytes[17] = 0xff; /* a topic of 4 GB */
    assert_int_equal(value_result(value, &read), -EBADMSG);
    bytes[17] = 0;
    bytes[0] = 2; /* a layout of the future */
    assert_int_equal(value_result(value, &read), -EBADMSG);

    struct str reason, work;
    assert_int_equal(value_dead(STR("\1\0\0\0\3why"), &reason, &work), 0);
    assert_true(str_is(reason, "why") && work.len == 0);
    assert_int_equal(value_dead(STR("\1\0\0\0\4why"), &reason, &work), -EBADMSG);
    struct store_tries tries;
    assert_int_equal(value_tries(STR("\1\0\0\0\4\0\0\0\5x"), &tries), -EBADMSG);
    struct store_numbers numbers;
    assert_int_equal(value_numbers(STR(""), &numbers), -EBADMSG);
    uint32_t schema;
    assert_int_equal(value_schema(STR("\0\0\0\0"), &schema), -EBADMSG);
    uint64_t n;
    assert_int_equal(key_number_read(STR("1234567"), &n), -EBADMSG);
}

static void a_value_that_does_not_decode_is_passed_over_and_counted(void **state)
{
    struct room *room = *state;
    struct store *store = open_plain(room);
    put_item(store, 1, "a");
    put_item(store, 3, "c");
    store_close(store);

    char *message = NULL;
    rocksdb_options_t *o = rocksdb_options_create();
    size_t count = 0;
    char **names = rocksdb_list_column_families(o, room->path, &count, &message);
    rocksdb_column_family_handle_t *of[32];
    const rocksdb_options_t *options[32];
    for (size_t i = 0; i < count; i++)
        options[i] = o;
    rocksdb_t *db = rocksdb_open_column_families(o, room->path, (int)count,
                                                 (const char *const *)names, options, of, &message);
    assert_null(message);
    rocksdb_writeoptions_t *w = rocksdb_writeoptions_create();
    for (size_t i = 0; i < count; i++) {
        if (strcmp(names[i], "queue") == 0) {
            rocksdb_put_cf(db, w, of[i], "\0\0\0\0\0\0\0\2", 8, "\7bad", 4, &message);
            rocksdb_put_cf(db, w, of[i], "\0\0\0\0\0\0\0\4x", 9, "\1odd", 4, &message);
        }
        rocksdb_column_family_handle_destroy(of[i]);
    }
    rocksdb_writeoptions_destroy(w);
    rocksdb_close(db);
    rocksdb_list_column_families_destroy(names, count);
    rocksdb_options_destroy(o);

    store = open_plain(room);
    assert_queue(store, "1:a(0,0) 3:c(0,0) ");
    struct buf b = BUF_NONE;
    assert_int_equal(store_queue_get(store, 2, &b), -EIO);
    assert_int_equal(b.len, 0);
    buf_free(&b);
    struct store_stats stats;
    store_stats(store, &stats);
    assert_int_equal(stats.damaged, 3);
    store_close(store);
}

#define IN_ROOM(test) cmocka_unit_test_setup_teardown(test, room_setup, room_teardown)

int main(int argc, char **argv)
{
    if (argc == 4 && strcmp(argv[1], "fail") == 0)
        return fail_main(argv[2], argv[3]);
    const struct CMUnitTest tests[] = {
        IN_ROOM(everything_is_found_again_after_a_reopen),
        IN_ROOM(a_new_store_has_first_numbers_and_an_epoch_of_its_own),
        IN_ROOM(a_change_that_is_not_committed_leaves_no_trace),
        IN_ROOM(the_queue_comes_in_the_order_of_ids),
        IN_ROOM(a_buried_item_is_dead_with_its_reason_and_can_be_queued_again),
        IN_ROOM(results_are_read_from_a_seq_on_and_known_by_uri_and_version),
        IN_ROOM(dropped_results_are_gone_and_still_recorded),
        IN_ROOM(a_time_is_found_among_results_with_gaps),
        IN_ROOM(an_iteration_ends_with_what_its_callback_returned),
        IN_ROOM(a_drained_queue_forgets_its_front_but_no_item),
        IN_ROOM(on_durable_comes_once_each_in_order_and_groups_share_a_sync),
        IN_ROOM(closing_waits_for_what_was_committed_and_for_what_that_commits),
        IN_ROOM(reads_beside_the_writer_see_whole_changes),
        IN_ROOM(after_a_failed_write_nothing_is_durable_and_failure_is_told_once),
        IN_ROOM(a_full_disk_is_told_as_such),
        IN_ROOM(a_second_opening_is_refused_while_the_first_lasts),
        IN_ROOM(a_look_beside_the_running_one_sees_the_state_and_commits_nothing),
        IN_ROOM(a_read_only_look_changes_no_file),
        IN_ROOM(a_read_only_look_at_nothing_says_so_and_makes_nothing),
        IN_ROOM(places_that_cannot_hold_a_state_are_refused_in_words),
        IN_ROOM(a_directory_without_write_permission_is_refused),
        IN_ROOM(a_newer_versions_state_is_refused_and_untouched),
        IN_ROOM(a_family_of_a_newer_version_is_refused_and_untouched),
        IN_ROOM(a_damaged_manifest_is_an_error_and_no_fresh_start),
        IN_ROOM(a_missing_file_is_an_error_and_no_fresh_start),
        IN_ROOM(damaged_tables_are_an_error_and_no_fresh_start),
        IN_ROOM(a_log_damaged_in_its_middle_is_kept_aside_and_what_lies_before_is_opened),
        IN_ROOM(a_torn_tail_of_the_log_is_no_damage),
        IN_ROOM(a_value_that_does_not_decode_is_passed_over_and_counted),
        cmocka_unit_test(stored_values_are_refused_unless_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
