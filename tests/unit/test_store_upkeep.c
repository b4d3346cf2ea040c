/* What becomes of a state over time: older schemas, ageing, retention, backups. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <errno.h>
#include <rocksdb/c.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "age.h"
#include "clock.h"
#include "inside.h"
#include "keys.h"
#include "store_help.h"
#include "upkeep.h"

#define DAY  USEC_PER_DAY
#define KEEP (400 * DAY)
#define NOW  (1800000000 * USEC_PER_SEC) /* 2027 */

static const struct upkeep_told quiet;

static struct store *open_keeping(struct room *room, int64_t keep_us)
{
    struct store *store = NULL;
    struct store_options options = {.path = room->path, .seen_keep_us = keep_us};
    int error = store_open(&options, &store, room->why);
    if (error)
        fail_msg("store_open: %d %s", error, room->why);
    return store;
}

/* ---- older schemas */

static void run_old_state(struct room *room, const char *items)
{
    char program[512];
    ssize_t len = readlink("/proc/self/exe", program, sizeof program - 16);
    assert_true(len > 0);
    program[len] = '\0';
    snprintf(strrchr(program, '/'), 16, "/old-state");
    pid_t child = fork();
    if (child == 0) {
        execl(program, "old-state", room->path, items, (char *)NULL);
        _exit(127);
    }
    int status = 0;
    assert_true(waitpid(child, &status, 0) == child);
    assert_int_equal(status, 0);
}

static void assert_whole(struct room *room)
{
    struct upkeep_check check;
    assert_int_equal(store_check(room->path, &quiet, &check, room->why), 0);
    assert_int_equal(check.wrong, 0);
}

static int count_heads(void *ctx, uint64_t id, struct store_tries tries, size_t size,
                       struct str head)
{
    uint64_t *count = ctx;
    char json[64];
    snprintf(json, sizeof json, "TAGTAGTA{\"item\":%llu}", (unsigned long long)id);
    assert_int_equal(id, ++*count);
    assert_int_equal(size, strlen(json));
    assert_true(str_eq(head, str_upto(str_of(json), STORE_HEAD)));
    assert_int_equal(tries.deliveries, id % 3 == 0 ? 2 : 0);
    return 0;
}

static unsigned entries_with(const char *dir, const char *part)
{
    unsigned count = 0;
    DIR *entries = opendir(dir);
    for (struct dirent *e; (e = readdir(entries));)
        count += strstr(e->d_name, part) != NULL;
    closedir(entries);
    return count;
}

static void assert_migrated(struct room *room, uint64_t items)
{
    uint64_t heads = 0, seq = 0;
    uint8_t id[16] = {0, 0, 0, 0, 0, 0, 0, 1};
    struct buf entry = BUF_NONE;
    struct store *store = open_keeping(room, KEEP);
    assert_string_equal(store_epoch(store), "0123456789abcdef");
    assert_int_equal(store_each_head(store, count_heads, &heads), 0);
    assert_int_equal(heads, items);
    assert_int_equal(store_get_seen(store, id, &entry, NULL), 0);
    assert_true(str_is(buf_str(&entry), "entry"));
    assert_int_equal(store_result_of(store, STR("urn:x:7"), STR("1"), &seq), 0);
    assert_int_equal(seq, 7);
    char dead[64];
    snprintf(dead, sizeof dead, "%llu:poison:TAGTAGTA{} ", (unsigned long long)items + 1);
    assert_dead(store, dead);
    buf_free(&entry);
    store_close(store);
    assert_whole(room);
    assert_int_equal(entries_with(room->dir, "state.schema-1"), 1);
    assert_int_equal(entries_with(room->path, "migrating"), 0);
}

static void a_state_of_the_first_schema_is_kept_aside_and_brought_to_ours(void **state)
{
    struct room *room = *state;
    run_old_state(room, "5000");
    assert_int_equal(open_error(room, true), 0); /* a look changes nothing */
    assert_int_equal(entries_with(room->dir, "schema"), 0);
    assert_migrated(room, 5000);
    /* The copy is the old state, whole: it can be brought to ours once more. */
    snprintf(room->path, sizeof room->path, "%.60s/state.schema-1", room->dir);
    uint32_t schema = 0;
    struct version_found found;
    assert_int_equal(version_peek(room->path, true, &found, room->why), 0);
    schema = found.schema;
    assert_int_equal(schema, 1);
}

/* At random moments; whatever the kill met, the next opening ends it. */
static void a_migration_that_is_killed_anywhere_is_ended_by_the_next_opening(void **state)
{
    struct room *room = *state;
    char first[96];
    run_old_state(room, "20000");
    snprintf(first, sizeof first, "%s", room->path);
    unsigned seed = 7, killed = 0;
    for (int round = 0; round < 8; round++) {
        snprintf(room->path, sizeof room->path, "%.60s/round-%d", room->dir, round);
        assert_int_equal(copy_state(first, room->path), 0);
        for (int again = 0; again < 3; again++) {
            pid_t child = fork();
            if (child == 0) {
                struct store *store = NULL;
                char why[STORE_WHY];
                store_open(&(struct store_options){.path = room->path}, &store, why);
                _exit(0);
            }
            usleep((unsigned)rand_r(&seed) % 60000);
            kill(child, SIGKILL);
            int status = 0;
            waitpid(child, &status, 0);
            killed += WIFSIGNALED(status);
        }
        uint64_t heads = 0;
        struct store *store = open_keeping(room, 0);
        assert_int_equal(store_each_head(store, count_heads, &heads), 0);
        assert_int_equal(heads, 20000);
        store_close(store);
        assert_whole(room);
    }
    assert_true(killed >= 8);
}

/* ---- ageing */

static void put_seen(struct store *store, uint8_t n)
{
    const uint8_t id[16] = {n};
    struct store_change *change = store_change_new(store);
    store_put_seen(change, id, STR("seen"));
    store_put_text(change, id, STR("text"));
    store_put_url(change, id, STR("urn:u"));
    commit(store, change);
}

static int seen(struct store *store, uint8_t n, bool *old)
{
    const uint8_t id[16] = {n};
    struct buf entry = BUF_NONE;
    int error = store_get_seen(store, id, &entry, old);
    assert_true(error < 0 || str_is(buf_str(&entry), "seen"));
    buf_free(&entry);
    return error;
}

static void compact(struct store *store)
{
    rocksdb_flushoptions_t *wait = rocksdb_flushoptions_create();
    char *message = NULL;
    store_settle(store);
    for (int i = 0; i < FAMILY_COUNT; i++) {
        rocksdb_flush_cf(store->db, wait, store->of[i], &message);
        assert_null(message);
        rocksdb_compact_range_cf(store->db, store->of[i], NULL, 0, NULL, 0);
    }
    rocksdb_flushoptions_destroy(wait);
}

static void what_was_seen_long_ago_is_forgotten_and_what_is_written_again_is_not(void **state)
{
    struct store *store = open_keeping(*state, KEEP);
    bool old = true;
    clock_set(NOW);
    put_seen(store, 1);
    put_seen(store, 2);
    assert_int_equal(seen(store, 1, &old), 0);
    assert_false(old);
    clock_advance(KEEP / 2 + DAY);
    assert_int_equal(seen(store, 1, &old), 0);
    assert_true(old);
    put_seen(store, 1);
    assert_int_equal(seen(store, 1, &old), 0);
    assert_false(old);
    clock_advance(KEEP / 2);
    compact(store);
    assert_int_equal(seen(store, 1, &old), 0);
    assert_int_equal(seen(store, 2, &old), -ENOENT);
    clock_set(0);
    store_close(store);
}

static void with_no_end_set_nothing_is_forgotten(void **state)
{
    struct store *store = open_keeping(*state, 0);
    bool old = true;
    clock_set(NOW);
    put_seen(store, 1);
    clock_advance(100 * KEEP);
    compact(store);
    assert_int_equal(seen(store, 1, &old), 0);
    assert_false(old);
    clock_set(0);
    store_close(store);
}

static void rows_without_a_time_age_from_when_they_are_met(void **state)
{
    struct room *room = *state;
    uint8_t id[16] = {0, 0, 0, 0, 0, 0, 0, 1};
    struct buf entry = BUF_NONE;
    bool old = false;
    run_old_state(room, "3");
    clock_set(NOW);
    struct store *store = open_keeping(room, KEEP);
    assert_int_equal(store_get_seen(store, id, &entry, &old), 0);
    assert_true(old); /* to be given a time */
    compact(store);
    assert_int_equal(store_get_seen(store, id, &entry, &old), 0);
    assert_false(old);
    clock_advance(KEEP + DAY);
    compact(store);
    assert_int_equal(store_get_seen(store, id, &entry, &old), -ENOENT);
    buf_free(&entry);
    clock_set(0);
    store_close(store);
}

static void what_a_clock_that_was_not_set_has_stamped_is_not_old(void **state)
{
    struct store *store = open_keeping(*state, KEEP);
    clock_set(DAY); /* 1970 */
    put_seen(store, 1);
    clock_set(NOW);
    compact(store);
    bool old = true;
    assert_int_equal(seen(store, 1, &old), 0);
    assert_false(old); /* it has today's time now */
    clock_set(0);
    store_close(store);
}

/* Else the first version of an item that was forgotten and came again would be taken for done. */
static void what_was_recorded_is_forgotten_before_the_item_is(void **state)
{
    struct store *store = open_keeping(*state, KEEP);
    uint64_t seq;
    clock_set(NOW);
    put_result(store, 1, 0, NOW, "t", "urn:1");
    assert_int_equal(store_result_of(store, STR("urn:1"), STR("1"), &seq), 0);
    clock_advance(KEEP / 8 * 7 + DAY);
    assert_int_equal(store_result_of(store, STR("urn:1"), STR("1"), &seq), -ENOENT);
    clock_set(0);
    store_close(store);
}

/* ---- retention by size */

static void the_oldest_results_go_first_when_they_take_too_much(void **state)
{
    struct store *store = open_plain(*state);
    static char record[50000];
    uint64_t x = 1, seq = 99;
    assert_int_equal(store_seq_of_size(store, 1, &seq), 0);
    for (uint64_t n = 1; n <= 200; n++) {
        for (size_t i = 0; i < sizeof record; i++) {
            x = x * 6364136223846793005u + 1442695040888963407u;
            record[i] = (char)(x >> 56);
        }
        struct store_change *change = store_change_new(store);
        struct store_numbers numbers = {.next_queue_id = 1, .next_seq = n + 1};
        store_set_numbers(change, &numbers);
        store_put_result(change, &(struct store_result){.seq = n,
                                                        .topic = STR("t"),
                                                        .uri = STR("u"),
                                                        .version = STR("1"),
                                                        .record = {record, sizeof record}});
        commit(store, change);
    }
    compact(store);
    assert_int_equal(store_seq_of_size(store, 1UL << 30, &seq), 0);
    assert_int_equal(seq, 0);
    assert_int_equal(store_seq_of_size(store, 5000000, &seq), 0);
    assert_true(seq > 90 && seq < 120);
    struct store_change *change = store_change_new(store);
    store_drop_results(change, seq);
    commit(store, change);
    uint64_t again, first;
    assert_int_equal(store_seq_of_size(store, 5000000, &again), 0);
    assert_true(again <= seq);
    assert_int_equal(store_seq_at(store, INT64_MIN, &first), 0);
    assert_int_equal(first, seq);
    store_close(store);
}

/* The first one that is kept stands at the end of a file whose other results go. */
static void the_first_result_that_is_kept_stays(void **state)
{
    struct room *room = *state;
    struct store *store = open_plain(room);
    uint64_t first;
    for (uint64_t seq = 1; seq <= 10; seq++)
        put_result(store, seq, seq - 1, (int64_t)seq, "t", "u");
    compact(store);
    put_result(store, 11, 10, 11, "t", "u");
    struct store_change *change = store_change_new(store);
    store_drop_results(change, 10);
    commit(store, change);
    assert_int_equal(store_seq_at(store, INT64_MIN, &first), 0);
    assert_int_equal(first, 10);
    store_close(store);
}

/* A kill between the last step and the marker's end leaves it: it must not speak for a later copy. */
static void a_marker_that_a_migration_left_is_removed(void **state)
{
    struct room *room = *state;
    store_close(open_plain(room));
    char *marker = xasprintf("%s/migrating", room->path);
    fclose(fopen(marker, "w"));
    store_close(open_plain(room));
    assert_int_equal(entries_with(room->path, "migrating"), 0);
    free(marker);
}

static void lose(struct store *store, enum family family, const char *key, size_t len)
{
    rocksdb_writeoptions_t *options = rocksdb_writeoptions_create();
    char *message = NULL;
    store_settle(store);
    rocksdb_delete_cf(store->db, options, store->of[family], key, len, &message);
    assert_null(message);
    rocksdb_writeoptions_destroy(options);
}

/* Or every backup of it would be called damaged from then on. */
static void what_was_repaired_is_whole_also_where_results_are_lost(void **state)
{
    struct room *room = *state;
    struct upkeep_check check;
    struct upkeep_repair repair;
    struct buf recorded = BUF_NONE;
    struct store *store = open_plain(room);
    uint64_t seq = 0;
    key_recorded(&recorded, STR("u5"), STR("1"));
    for (uint64_t n = 1; n <= 9; n++) {
        char uri[8];
        snprintf(uri, sizeof uri, "u%d", (int)n);
        put_result(store, n, n - 1, clock_now(), "t", uri);
    }
    lose(store, FAMILY_RESULTS, (const char *)key_number(4).at, 8);
    lose(store, FAMILY_RESULTS, (const char *)key_number(9).at, 8);
    lose(store, FAMILY_RECORDED, recorded.at, recorded.len);
    lose(store, FAMILY_TOPICS, "t", 1);
    store_close(store);
    assert_int_equal(store_check(room->path, &quiet, &check, room->why), 0);
    assert_true(check.wrong > 0);
    assert_int_equal(store_repair(room->path, &quiet, &repair, room->why), 0);
    assert_true(repair.needed);
    assert_whole(room);
    store = open_plain(room);
    assert_int_equal(store_result_of(store, STR("u5"), STR("1"), &seq), 0);
    assert_int_equal(seq, 5);
    assert_int_equal(store_topic_last(store, STR("t"), &seq), 0);
    assert_int_equal(seq, 8);
    put_result(store, 10, 8, clock_now(), "t", "u10");
    put_result(store, 12, 10, clock_now(), "t", "u12");
    store_close(store);
    assert_int_equal(store_check(room->path, &quiet, &check, room->why), 0);
    assert_int_equal(check.wrong, 1); /* 11, which no repair knows of */
    buf_free(&recorded);
}

/* ---- backups */

static void a_backup_is_brought_back_with_another_epoch(void **state)
{
    struct room *room = *state;
    struct upkeep_backup made, *all;
    size_t count;
    char dir[96], kept[STORE_WHY], epoch[17];
    snprintf(dir, sizeof dir, "%.60s/backups", room->dir);
    struct store *store = open_plain(room);
    snprintf(epoch, sizeof epoch, "%s", store_epoch(store));
    put_item(store, 1, "one");
    assert_int_equal(store_backup(store, dir, 0, &made, room->why), 0);
    put_item(store, 2, "two");
    assert_int_equal(store_backup(store, dir, 0, &made, room->why), 0);
    put_item(store, 3, "three");
    assert_int_equal(store_backup(store, dir, 2, &made, room->why), 0);
    assert_int_equal(store_backup_list(dir, &all, &count, room->why), 0);
    assert_int_equal(count, 2);
    assert_true(all[0].id == 2 && all[1].id == 3 && all[1].bytes > 0);
    free(all);
    assert_int_equal(store_restore(room->path, dir, 2, kept, room->why), -EBUSY);
    store_close(store);
    assert_int_equal(store_restore(room->path, dir, 1, kept, room->why), -ENOENT);
    assert_int_equal(store_restore(room->path, dir, 2, kept, room->why), 0);
    assert_true(kept[0]);
    store = open_plain(room);
    assert_queue(store, "1:one(0,0) 2:two(0,0) ");
    assert_string_not_equal(store_epoch(store), epoch);
    store_close(store);
    snprintf(room->path, sizeof room->path, "%.90s", kept);
    store = open_plain(room);
    assert_queue(store, "1:one(0,0) 2:two(0,0) 3:three(0,0) ");
    assert_string_equal(store_epoch(store), epoch);
    store_close(store);
}

static void accept_item(struct store *store)
{
    struct store_change *change = store_change_new(store);
    store_queue_put(change, 1, STR("one"));
    store_set_numbers(change,
                      &(struct store_numbers){.next_queue_id = 2, .next_seq = 1, .accepted = 1});
    commit(store, change);
}

static void flip_in(const char *dir)
{
    DIR *entries = opendir(dir);
    for (struct dirent *e; (e = readdir(entries));) {
        char *path = xasprintf("%s/%s", dir, e->d_name);
        FILE *file = str_ends(str_of(e->d_name), STR(".sst")) ? fopen(path, "r+b") : NULL;
        if (file) {
            assert_int_equal(fseek(file, 30, SEEK_SET), 0);
            assert_true(fputc('!', file) == '!');
            fclose(file);
        }
        free(path);
    }
    closedir(entries);
}

static void a_damaged_backup_is_refused_and_the_state_stays(void **state)
{
    struct room *room = *state;
    struct upkeep_backup made;
    char dir[96], shared[120], kept[STORE_WHY];
    snprintf(dir, sizeof dir, "%.60s/backups", room->dir);
    snprintf(shared, sizeof shared, "%s/shared_checksum", dir);
    struct store *store = open_plain(room);
    accept_item(store);
    assert_int_equal(store_backup(store, dir, 0, &made, room->why), 0);
    if (store_backup_verify(dir, 0, &quiet, room->why) != 0)
        fail_msg("%s", room->why);
    store_close(store);
    flip_in(shared);
    assert_int_equal(store_backup_verify(dir, 0, &quiet, room->why), -EUCLEAN);
    assert_int_equal(store_restore(room->path, dir, 0, kept, room->why), -EUCLEAN);
    assert_int_equal(entries_with(room->dir, "state."), 0);
    store = open_plain(room);
    assert_queue(store, "1:one(0,0) ");
    store_close(store);
}

static void a_restore_without_a_state_makes_one(void **state)
{
    struct room *room = *state;
    struct upkeep_backup made;
    char dir[96], kept[STORE_WHY];
    snprintf(dir, sizeof dir, "%.60s/backups", room->dir);
    struct store *store = open_plain(room);
    put_item(store, 1, "one");
    assert_int_equal(store_backup(store, dir, 0, &made, room->why), 0);
    store_close(store);
    snprintf(room->path, sizeof room->path, "%.60s/elsewhere", room->dir);
    assert_int_equal(store_restore(room->path, dir, 0, kept, room->why), 0);
    assert_true(kept[0] == '\0');
    assert_int_equal(entries_with(room->dir, "elsewhere"), 1);
    store = open_plain(room);
    assert_queue(store, "1:one(0,0) ");
    store_close(store);
    assert_int_equal(store_restore(room->path, room->dir, 0, kept, room->why), -ENOENT);
}

/* As a crash leaves it after the two states have changed places. */
static void what_a_restore_left_behind_is_kept_when_it_was_whole(void **state)
{
    struct room *room = *state;
    struct swap swap;
    struct store *store = open_plain(room);
    put_item(store, 1, "one");
    store_close(store);
    char *side = xasprintf("%s.new", room->path), *db = xasprintf("%s.new/db", room->path);
    assert_int_equal(mkdir(side, 0700), 0);
    assert_int_equal(copy_state(room->path, db), 0);
    assert_int_equal(swap_begin(&swap, room->path, "restore"), 0);
    assert_int_equal(entries_with(room->dir, "state.before-restore"), 1);
    swap_done(&swap);
    assert_int_equal(entries_with(room->dir, "state.new"), 0);
    free(side);
    free(db);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_ROOM(a_state_of_the_first_schema_is_kept_aside_and_brought_to_ours),
        IN_ROOM(a_migration_that_is_killed_anywhere_is_ended_by_the_next_opening),
        IN_ROOM(what_was_seen_long_ago_is_forgotten_and_what_is_written_again_is_not),
        IN_ROOM(with_no_end_set_nothing_is_forgotten),
        IN_ROOM(rows_without_a_time_age_from_when_they_are_met),
        IN_ROOM(what_a_clock_that_was_not_set_has_stamped_is_not_old),
        IN_ROOM(what_was_recorded_is_forgotten_before_the_item_is),
        IN_ROOM(the_oldest_results_go_first_when_they_take_too_much),
        IN_ROOM(the_first_result_that_is_kept_stays),
        IN_ROOM(a_marker_that_a_migration_left_is_removed),
        IN_ROOM(what_was_repaired_is_whole_also_where_results_are_lost),
        IN_ROOM(a_backup_is_brought_back_with_another_epoch),
        IN_ROOM(a_damaged_backup_is_refused_and_the_state_stays),
        IN_ROOM(a_restore_without_a_state_makes_one),
        IN_ROOM(what_a_restore_left_behind_is_kept_when_it_was_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
