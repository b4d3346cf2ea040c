#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store_help.h"

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
    assert_int_equal(store_get_seen(store, id, &b, NULL), 0);
    assert_int_equal(store_get_text(store, hash, &b, NULL), 0);
    assert_int_equal(store_get_url(store, url, &b), 0);
    assert_int_equal(store_queue_get(store, 4, &b), 0);
    assert_true(str_eq(buf_str(&b), STR("{\"etag\":1}entrytext\0entryurn:xwork")));
    assert_int_equal(store_get_seen(store, none, &b, NULL), -ENOENT);
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

static int keep_dead(void *ctx, uint64_t id, const struct store_dead *dead)
{
    buf_printf(ctx, "%llu %.*s/%.*s@%lld %u,%u %.*s;", (unsigned long long)id,
               STR_ARG(dead->reason), STR_ARG(dead->worker), (long long)dead->at, dead->deliveries,
               dead->deaths, STR_ARG(dead->work));
    return 0;
}

static int keep_work(void *ctx, uint64_t id, struct str work)
{
    buf_printf(ctx, "%llu:%.*s ", (unsigned long long)id, STR_ARG(work));
    return 0;
}

static void the_dead_are_read_from_any_id_on_with_all_that_was_written(void **state)
{
    struct room *room = *state;
    struct store *store = open_plain(room);
    struct buf text = BUF_NONE;
    for (uint64_t id = 1; id <= 3; id++) {
        put_item(store, id, "work");
        struct store_change *change = store_change_new(store);
        store_queue_bury(change, id,
                         &(struct store_dead){.reason = STR("why"),
                                              .worker = STR("w1"),
                                              .at = 17 * (int64_t)id,
                                              .deliveries = 5,
                                              .deaths = 2,
                                              .work = STR("work")});
        commit(store, change);
    }
    assert_int_equal(store_each_dead(store, 2, keep_dead, &text), 0);
    assert_string_equal(buf_cstr(&text), "2 why/w1@34 5,2 work;3 why/w1@51 5,2 work;");
    buf_free(&text);
    store_close(store);
}

static void the_queue_is_read_from_any_id_on(void **state)
{
    struct room *room = *state;
    struct store *store = open_plain(room);
    struct buf text = BUF_NONE;
    for (uint64_t id = 1; id <= 4; id++)
        put_item(store, id, "x");
    drop_item(store, 3);
    assert_int_equal(store_each_work(store, 2, keep_work, &text), 0);
    assert_string_equal(buf_cstr(&text), "2:x 4:x ");
    buf_free(&text);
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
    store_queue_bury(change, 1,
                     &(struct store_dead){.reason = STR("5 deliveries"), .work = STR("one")});
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
            store_queue_drop(change, id, true);
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
    assert_true(stats.commits == 3000 && stats.commit_items == 6000); /* with its head */
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
    struct store_options options = {
        .path = path, .loop = loop, .up = on_store_event, .ctx = &order};
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
        IN_ROOM(the_dead_are_read_from_any_id_on_with_all_that_was_written),
        IN_ROOM(the_queue_is_read_from_any_id_on),
        IN_ROOM(results_are_read_from_a_seq_on_and_known_by_uri_and_version),
        IN_ROOM(dropped_results_are_gone_and_still_recorded),
        IN_ROOM(a_time_is_found_among_results_with_gaps),
        IN_ROOM(an_iteration_ends_with_what_its_callback_returned),
        IN_ROOM(a_drained_queue_forgets_its_front_but_no_item),
        IN_ROOM(on_durable_comes_once_each_in_order_and_groups_share_a_sync),
        IN_ROOM(closing_waits_for_what_was_committed_and_for_what_that_commits),
        IN_ROOM(reads_beside_the_writer_see_whole_changes),
        IN_ROOM(after_a_failed_write_nothing_is_durable_and_failure_is_told_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
