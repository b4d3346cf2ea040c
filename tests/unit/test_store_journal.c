/*
 * The journal and the layers: what a crash leaves behind is what was durable, whatever had reached the database
 * by then. A crash is a copy of the state that is made while it is in use: every commit was synced.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <errno.h>
#include <unistd.h>

#include "inside.h"
#include "journal_inside.h"
#include "keys.h"
#include "limits.h"
#include "rows.h"
#include "store_help.h"
#include "upkeep.h"

static const struct upkeep_told quiet;

/* RocksDB's own threads change files as well; a kill meets one moment, a copy must not meet two. */
static void wait_for_quiet(struct store *store)
{
    static const char *const works[] = {"rocksdb.compaction-pending",
                                        "rocksdb.num-running-compactions",
                                        "rocksdb.num-running-flushes"};
    for (int i = 0; i < FAMILY_COUNT; i++)
        for (size_t k = 0; k < ARRAY_LEN(works); k++) {
            uint64_t n = 1;
            for (int tries = 0; n > 0 && tries < 10000; tries++) {
                rocksdb_property_int_cf(store->db, store->of[i], works[k], &n);
                if (n > 0)
                    usleep(1000);
            }
            assert_int_equal(n, 0);
        }
}

/* The state as a kill would leave it, in a room of its own that goes with the first. */
static struct room crashed(const struct room *room, struct store *store)
{
    static unsigned n;
    struct room copy = *room;
    wait_for_quiet(store);
    snprintf(copy.path, sizeof copy.path, "%.60s/crash%u", room->dir, ++n);
    assert_int_equal(copy_state(room->path, copy.path), 0);
    return copy;
}

static size_t segments_of(const struct room *room, char names[][SEGMENT_NAME], size_t most)
{
    size_t count = 0;
    uint64_t first;
    DIR *dir = opendir(room->path);
    assert_non_null(dir);
    for (struct dirent *e; (e = readdir(dir)) && count < most;)
        if (segment_first(e->d_name, &first) == 0)
            segment_name(first, names[count++]);
    closedir(dir);
    qsort(names, count, SEGMENT_NAME, (int (*)(const void *, const void *))strcmp);
    return count;
}

static unsigned entries_like(const struct room *room, const char *part)
{
    unsigned count = 0;
    DIR *dir = opendir(room->path);
    for (struct dirent *e; (e = readdir(dir));)
        count += strstr(e->d_name, part) != NULL;
    closedir(dir);
    return count;
}

static void assert_queue_of(struct room *room, const char *expected)
{
    struct store *store = open_plain(room);
    assert_queue(store, expected);
    store_close(store);
}

/* ---- after a crash, after a stop */

static void what_a_crash_left_in_the_journal_is_there_again(void **state)
{
    struct room *room = *state;
    struct store *store = open_plain(room);
    put_item(store, 1, "one");
    put_item(store, 2, "two");
    put_result(store, 7, 3, 99, "t", "u");
    drop_item(store, 1);
    struct room copy = crashed(room, store);
    store_close(store);
    store = open_plain(&copy);
    assert_queue(store, "2:two(0,0) ");
    assert_results(store, 0, "7<3@99 t u/1 {\"a\":1};");
    put_item(store, 3, "three");
    struct room again = crashed(&copy, store);
    store_close(store);
    assert_queue_of(&again, "2:two(0,0) 3:three(0,0) ");
}

static void a_stop_leaves_no_journal_and_a_crash_does(void **state)
{
    struct room *room = *state;
    char names[4][SEGMENT_NAME];
    struct store *store = open_plain(room);
    put_item(store, 1, "one");
    struct room copy = crashed(room, store);
    store_close(store);
    assert_int_equal(segments_of(room, names, 4), 0);
    assert_int_equal(segments_of(&copy, names, 4), 1);
    assert_queue_of(&copy, "1:one(0,0) ");
    assert_int_equal(segments_of(&copy, names, 4), 0);
}

static void numbers_of_records_go_on_over_stops(void **state)
{
    struct room *room = *state;
    char names[4][SEGMENT_NAME];
    for (uint64_t id = 1; id <= 3; id++) {
        struct store *store = open_plain(room);
        put_item(store, id, "w");
        assert_int_equal(segments_of(room, names, 4), 1);
        uint64_t first = 0;
        assert_int_equal(segment_first(names[0], &first), 0);
        assert_int_equal(first, id);
        store_close(store);
    }
    assert_queue_of(room, "1:w(0,0) 2:w(0,0) 3:w(0,0) ");
}

static void a_look_sees_what_stands_in_the_journal_alone(void **state)
{
    struct room *room = *state;
    struct store *store = open_plain(room), *look = NULL;
    put_item(store, 1, "one");
    store_settle(store);
    drop_item(store, 1);
    put_item(store, 2, "two");
    struct store_options options = {.path = room->path, .read_only = true};
    assert_int_equal(store_open(&options, &look, room->why), 0);
    assert_queue(look, "2:two(0,0) ");
    store_close(look);
    store_close(store);
}

/* ---- what reaches the database */

static bool is_below(struct store *store, uint64_t id)
{
    struct key_number key = key_number(id);
    struct buf row = BUF_NONE;
    int error =
        read_below(store, FAMILY_QUEUE, (struct str){(const char *)key.at, sizeof key.at}, &row);
    buf_free(&row);
    return error == 0;
}

static void an_item_that_is_done_soon_never_reaches_the_database(void **state)
{
    struct store *store = open_plain(*state);
    put_item(store, 1, "stays");
    put_item(store, 2, "goes");
    drop_item(store, 2);
    store_settle(store);
    assert_true(is_below(store, 1));
    assert_false(is_below(store, 2));
    assert_queue(store, "1:stays(0,0) ");
    drop_item(store, 1);
    assert_true(is_below(store, 1));
    assert_queue(store, "");
    store_settle(store);
    assert_false(is_below(store, 1));
    store_close(store);
}

/* Dropped below, queued again and dropped again: the last drop must reach the database too. */
static void an_item_that_came_back_goes_for_good(void **state)
{
    struct room *room = *state;
    struct store *store = open_plain(room);
    put_item(store, 5, "first");
    store_settle(store);
    drop_item(store, 5);
    put_item(store, 5, "again");
    assert_queue(store, "5:again(0,0) ");
    drop_item(store, 5);
    struct room copy = crashed(room, store);
    store_settle(store);
    assert_false(is_below(store, 5));
    assert_queue(store, "");
    store_close(store);
    assert_queue_of(&copy, "");
}

/* ---- against a model: random changes, layers and crashes */

#define IDS   40
#define STEPS 3000

struct model {
    unsigned work[IDS]; /* 0: not queued */
    unsigned seen[IDS];
    uint64_t first_seq, next_seq;
};

static void model_step(struct model *model, struct store *store, unsigned *seed, unsigned n)
{
    struct store_change *change = store_change_new(store);
    struct store_numbers numbers;
    for (unsigned rows = 1 + (unsigned)rand_r(seed) % 3; rows > 0; rows--) {
        unsigned id = (unsigned)rand_r(seed) % IDS;
        uint8_t key[16] = {(uint8_t)id};
        char text[16];
        snprintf(text, sizeof text, "%u", n);
        if (model->work[id])
            store_queue_drop(change, id + 1, false);
        else
            store_queue_put(change, id + 1, str_of(text));
        model->work[id] = model->work[id] ? 0 : n;
        if (rand_r(seed) % 2) {
            store_put_seen(change, key, str_of(text));
            model->seen[id] = n;
        }
        store_put_result(change, &(struct store_result){.seq = model->next_seq++,
                                                        .topic = STR("t"),
                                                        .uri = str_of(text),
                                                        .version = STR("1"),
                                                        .record = STR("{}")});
    }
    if (rand_r(seed) % 50 == 0 && model->next_seq - model->first_seq > 5) {
        model->first_seq = model->next_seq - 5;
        store_drop_results(change, model->first_seq);
    }
    store_numbers(store, &numbers);
    numbers.next_seq = model->next_seq;
    store_set_numbers(change, &numbers);
    commit(store, change);
}

static int count_results(void *ctx, const struct store_result *result)
{
    uint64_t *next = ctx;
    assert_int_equal(result->seq, *next);
    ++*next;
    return 0;
}

static void assert_model(const struct model *model, struct store *store)
{
    struct buf expected = BUF_NONE;
    for (unsigned id = 0; id < IDS; id++) {
        uint8_t key[16] = {(uint8_t)id};
        struct buf value = BUF_NONE;
        char text[16];
        if (model->work[id])
            buf_printf(&expected, "%u:%u(0,0) ", id + 1, model->work[id]);
        snprintf(text, sizeof text, "%u", model->work[id]);
        int error = store_queue_get(store, id + 1, &value);
        assert_int_equal(error, model->work[id] ? 0 : -ENOENT);
        assert_true(!model->work[id] || str_is(buf_str(&value), text));
        buf_reset(&value);
        snprintf(text, sizeof text, "%u", model->seen[id]);
        error = store_get_seen(store, key, &value, NULL);
        assert_int_equal(error, model->seen[id] ? 0 : -ENOENT);
        assert_true(!model->seen[id] || str_is(buf_str(&value), text));
        buf_free(&value);
    }
    assert_queue(store, buf_cstr(&expected));
    buf_free(&expected);
    uint64_t next = model->first_seq, last = 0;
    assert_int_equal(store_each_result(store, 0, count_results, &next), 0);
    assert_int_equal(next, model->next_seq);
    if (model->next_seq > 1) {
        assert_int_equal(store_topic_last(store, STR("t"), &last), 0);
        assert_int_equal(last, model->next_seq - 1);
    }
}

static void after_any_changes_layers_and_crashes_the_store_is_what_was_committed(void **state)
{
    struct room room = *(struct room *)*state;
    struct model model = {.first_seq = 1, .next_seq = 1};
    struct store *store = open_plain(&room);
    unsigned seed = 7, crashes = 0, stops = 0;
    for (unsigned n = 1; n <= STEPS; n++) {
        model_step(&model, store, &seed, n);
        switch (rand_r(&seed) % 60) {
        case 0:
            store_settle(store);
            break;
        case 1: { /* goes on with what a kill would have left */
            char text[STATUS_TEXT];
            if (rand_r(&seed) % 2) /* some of it in tables, as RocksDB likes */
                assert_int_equal(apply_flush(store, text), 0);
            struct room next = crashed(&room, store);
            store_close(store);
            room = next;
            store = open_plain(&room);
            crashes++;
            break;
        }
        case 2:
            store_close(store);
            store = open_plain(&room);
            stops++;
            break;
        default:
            break;
        }
        if (n % 20 == 0)
            assert_model(&model, store);
    }
    assert_model(&model, store);
    store_close(store);
    assert_true(crashes > 20 && stops > 20);
    struct upkeep_check check;
    assert_int_equal(store_check(room.path, &quiet, &check, room.why), 0);
}

/* ---- damage */

/* Ten items, a segment each five. */
static struct room two_segments(struct room *room)
{
    struct store *store = open_plain(room);
    for (uint64_t id = 1; id <= 10; id++) {
        put_item(store, id, "some work");
        if (id == 5)
            journal_rotate(store->journal);
    }
    struct room copy = crashed(room, store);
    store_close(store);
    return copy;
}

#define FIRST_FIVE                                                                                 \
    "1:some work(0,0) 2:some work(0,0) 3:some work(0,0) 4:some work(0,0) 5:some work(0,0) "

static char *segment_path(const struct room *room, size_t i)
{
    char names[4][SEGMENT_NAME];
    assert_true(segments_of(room, names, 4) > i);
    return xasprintf("%s/%s", room->path, names[i]);
}

static void change_file(const char *path, long at, size_t cut)
{
    struct buf bytes = BUF_NONE;
    scratch_read(path, &bytes);
    bytes.len -= cut;
    if (at >= 0)
        bytes.at[at] ^= 1;
    FILE *f = fopen(path, "wb");
    assert_int_equal(fwrite(bytes.at, 1, bytes.len, f), bytes.len);
    fclose(f);
    buf_free(&bytes);
}

static void a_torn_end_is_cut_and_is_no_damage(void **state)
{
    struct room copy = two_segments(*state);
    char *last = segment_path(&copy, 1);
    change_file(last, -1, RECORD_END + 3);
    struct store *store = open_plain(&copy);
    assert_queue(store, FIRST_FIVE "6:some work(0,0) 7:some work(0,0) 8:some work(0,0) "
                                   "9:some work(0,0) ");
    put_item(store, 11, "new");
    struct room again = crashed(&copy, store);
    store_close(store);
    assert_int_equal(entries_like(&again, "damaged-"), 0);
    store = open_plain(&again);
    struct buf work = BUF_NONE;
    assert_int_equal(store_queue_get(store, 11, &work), 0);
    assert_int_equal(store_queue_get(store, 10, &work), -ENOENT);
    buf_free(&work);
    store_close(store);
    free(last);
}

static void a_record_damaged_in_the_middle_is_told_and_what_lies_before_is_opened(void **state)
{
    struct room copy = two_segments(*state);
    char *last = segment_path(&copy, 1);
    struct upkeep_check check;
    change_file(last, 40, 0); /* in record 6 */
    assert_int_equal(store_check(copy.path, &quiet, &check, copy.why), 0);
    assert_true(check.wrong > 0);
    struct store *store = open_plain(&copy);
    assert_queue(store, FIRST_FIVE);
    assert_int_equal(entries_like(&copy, "damaged-"), 1);
    put_item(store, 12, "new");
    struct room again = crashed(&copy, store);
    store_close(store);
    assert_queue_of(&again, FIRST_FIVE "12:new(0,0) ");
    free(last);
}

/* Nothing of either can be read any more, but the second one was begun. */
static void a_segment_that_was_begun_tells_of_the_records_before_it(void **state)
{
    struct room copy = two_segments(*state);
    for (size_t i = 0; i < 2; i++) {
        char *path = segment_path(&copy, i);
        struct buf bytes = BUF_NONE;
        scratch_read(path, &bytes);
        for (size_t at = SEGMENT_HEAD; at < bytes.len; at++)
            bytes.at[at] ^= 0x55;
        FILE *f = fopen(path, "wb");
        assert_int_equal(fwrite(bytes.at, 1, bytes.len, f), bytes.len);
        fclose(f);
        buf_free(&bytes);
        free(path);
    }
    assert_queue_of(&copy, "");
    assert_int_equal(entries_like(&copy, "damaged-"), 1);
}

static void a_missing_segment_is_damage(void **state)
{
    struct room copy = two_segments(*state);
    char *first = segment_path(&copy, 0);
    struct upkeep_check check;
    assert_int_equal(unlink(first), 0);
    assert_int_equal(store_check(copy.path, &quiet, &check, copy.why), 0);
    assert_true(check.wrong > 0);
    struct store *store = open_plain(&copy);
    assert_queue(store, "");
    store_close(store);
    assert_int_equal(entries_like(&copy, "damaged-"), 1);
    free(first);
}

static void what_the_database_has_already_is_not_missed(void **state)
{
    struct room *room = *state;
    struct store *store = open_plain(room);
    for (uint64_t id = 1; id <= 3; id++)
        put_item(store, id, "w");
    struct room before = crashed(room, store);
    store_settle(store); /* done with the first segment */
    put_item(store, 4, "w");
    struct room copy = crashed(room, store);
    store_close(store);
    /* The first segment is there again, and damaged. */
    char *from = segment_path(&before, 0), *name = strrchr(from, '/'),
         *to = xasprintf("%s%s", copy.path, name);
    assert_int_equal(rename(from, to), 0);
    change_file(to, 30, 0);
    assert_queue_of(&copy, "1:w(0,0) 2:w(0,0) 3:w(0,0) 4:w(0,0) ");
    assert_int_equal(entries_like(&copy, "damaged-"), 0);
    free(from);
    free(to);
}

static void a_check_and_a_repair_count_what_stands_in_the_journal_alone(void **state)
{
    struct room *room = *state;
    struct upkeep_check check;
    struct upkeep_repair repair;
    struct store *store = open_plain(room);
    struct store_numbers numbers = {.next_queue_id = 3, .next_seq = 1, .accepted = 2, .done = 1};
    put_item(store, 1, "one");
    store_settle(store);
    struct store_change *change = store_change_new(store);
    store_queue_drop(change, 1, false);
    store_queue_put(change, 2, STR("two"));
    store_set_numbers(change, &numbers);
    commit(store, change);
    struct room copy = crashed(room, store);
    store_close(store);
    assert_int_equal(store_check(copy.path, &quiet, &check, copy.why), 0);
    assert_int_equal(check.wrong, 0);
    /* Something is wrong with it, so that it is repaired. */
    char *manifest = xasprintf("%s/CURRENT", copy.path);
    assert_int_equal(unlink(manifest), 0);
    free(manifest);
    assert_int_equal(store_repair(copy.path, &quiet, &repair, copy.why), 0);
    assert_queue_of(&copy, "2:two(0,0) ");
}

static void a_segment_with_nothing_good_in_it_goes_when_the_journal_is_cut(void **state)
{
    struct room copy = two_segments(*state);
    char *first = segment_path(&copy, 0), names[4][SEGMENT_NAME];
    const struct journal_found found = {.state = JOURNAL_DAMAGED,
                                        .segment = "0000000000000006.journal"};
    assert_int_equal(journal_cut(copy.path, &found), 0);
    assert_int_equal(segments_of(&copy, names, 4), 1);
    assert_queue_of(&copy, FIRST_FIVE);
    free(first);
}

/* It was dead, is queued again below the head, and stands in the journal alone. */
static void a_check_knows_that_the_head_is_the_databases(void **state)
{
    struct room *room = *state;
    struct upkeep_check check;
    struct store *store = open_plain(room);
    struct store_numbers numbers = {
        .next_queue_id = 10001, .next_seq = 1, .accepted = 10000, .done = 9999, .dead = 1};
    struct store_change *change = store_change_new(store);
    for (uint64_t id = 1; id <= 10000; id++)
        store_queue_put(change, id, STR("w"));
    commit(store, change);
    store_settle(store);
    change = store_change_new(store);
    for (uint64_t id = 1; id <= 10000; id++)
        if (id == 3)
            store_queue_bury(change, id,
                             &(struct store_dead){.reason = STR("r"), .work = STR("w")});
        else
            store_queue_drop(change, id, false);
    store_set_numbers(change, &numbers);
    commit(store, change);
    store_settle(store);
    change = store_change_new(store);
    store_dead_drop(change, 3);
    store_queue_put(change, 3, STR("w"));
    numbers.dead = 0;
    store_set_numbers(change, &numbers);
    commit(store, change);
    struct room copy = crashed(room, store);
    store_close(store);
    assert_int_equal(store_check(copy.path, &quiet, &check, copy.why), 0);
    assert_int_equal(check.wrong, 0);
    assert_queue_of(&copy, "3:w(0,0) ");
}

static void a_repair_reads_the_journal_whose_place_is_lost(void **state)
{
    struct room *room = *state;
    struct upkeep_repair repair;
    char *message = NULL, text[STATUS_TEXT];
    struct store *store = open_plain(room);
    for (uint64_t id = 1; id <= 3; id++)
        put_item(store, id, "w");
    store_settle(store);
    assert_int_equal(apply_flush(store, text), 0);
    for (uint64_t id = 4; id <= 6; id++)
        put_item(store, id, "w");
    rocksdb_delete_cf(store->db, store->synced, store->of[FAMILY_META], "applied", 7, &message);
    assert_null(message);
    struct room copy = crashed(room, store);
    store_close(store);
    char *current = xasprintf("%s/CURRENT", copy.path);
    assert_int_equal(unlink(current), 0);
    free(current);
    assert_int_equal(store_repair(copy.path, &quiet, &repair, copy.why), 0);
    assert_queue_of(&copy, "1:w(0,0) 2:w(0,0) 3:w(0,0) 4:w(0,0) 5:w(0,0) 6:w(0,0) ");
}

/* ---- segments that are used again */

static int record_to_text(void *ctx, uint64_t number, struct buf *rows)
{
    buf_printf(ctx, "%llu=%.*s ", (unsigned long long)number, STR_ARG(buf_str(rows)));
    return 0;
}

static void assert_records(const char *path, uint64_t after, const char *expected,
                           enum journal_state wanted)
{
    struct journal_segments segments;
    struct journal_found found;
    struct buf text = BUF_NONE;
    assert_int_equal(journal_segments_open(path, &segments), 0);
    assert_int_equal(journal_read(&segments, after, record_to_text, &text, &found), 0);
    journal_segments_close(&segments);
    assert_string_equal(buf_cstr(&text), expected);
    assert_int_equal(found.state, wanted);
    buf_free(&text);
}

static void append(struct journal *journal, const char *text)
{
    uint64_t number;
    const struct str part = str_of(text);
    assert_int_equal(journal_append(journal, &part, 1, &number), 0);
}

static void a_segment_that_is_done_with_is_written_over_and_its_old_records_are_none(void **state)
{
    struct room *room = *state;
    struct journal *journal;
    char names[4][SEGMENT_NAME];
    snprintf(room->path, sizeof room->path, "%s", room->dir);
    assert_int_equal(journal_open(room->path, 1, &journal), 0);
    for (int i = 0; i < 20; i++)
        append(journal, "one of twenty, in the file's first life");
    journal_rotate(journal);
    journal_trim(journal, 19); /* one is still wanted */
    assert_int_equal(segments_of(room, names, 4), 1);
    append(journal, "not over it");
    assert_int_equal(segments_of(room, names, 4), 2);
    journal_rotate(journal);
    journal_trim(journal, 20);
    append(journal, "over it");
    assert_records(room->path, 20, "21=not over it 22=over it ", JOURNAL_WHOLE);
    assert_int_equal(segments_of(room, names, 4), 2);
    char *path = xasprintf("%s/%s", room->path, names[1]);
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    assert_true(st.st_size > 800); /* the first one's file */
    /* What a crash leaves that comes between the new name and the first record. */
    char *next = xasprintf("%s/%016x" JOURNAL_SUFFIX, room->path, 23);
    assert_int_equal(rename(path, next), 0);
    assert_records(room->path, 20, "21=not over it ", JOURNAL_WHOLE);
    journal_close(journal);
    free(path);
    free(next);
}

static void a_file_that_was_filled_in_advance_is_written_over(void **state)
{
    struct room *room = *state;
    struct journal *journal;
    char names[4][SEGMENT_NAME];
    enum { ROOM = 1 << 20 };
    snprintf(room->path, sizeof room->path, "%s", room->dir);
    assert_int_equal(journal_open(room->path, 1, &journal), 0);
    append(journal, "a");
    if (place_free(room->path) < LIMIT_STORE_PLENTY)
        skip();
    journal_prepare(journal, ROOM);
    append(journal, "b");
    append(journal, "c");
    assert_int_equal(segments_of(room, names, 4), 2);
    struct stat st;
    char *path = xasprintf("%s/%s", room->path, names[1]);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_size, ROOM);
    assert_records(room->path, 0, "1=a 2=b 3=c ", JOURNAL_WHOLE);
    journal_close(journal);
    assert_int_equal(entries_like(room, "spare"), 0);
    free(path);
}

/* ---- rows */

static void rows_are_cut_as_they_were_put(void **state)
{
    (void)state;
    struct buf rows = BUF_NONE;
    const struct str parts[] = {STR("va"), STR(""), STR("lue")};
    rows_put(&rows, FAMILY_SEEN, STR("key"), parts, ARRAY_LEN(parts));
    rows_put(&rows, FAMILY_META, STR("empty"), NULL, 0);
    rows_drop(&rows, FAMILY_QUEUE, STR("k"));
    rows_drop_before(&rows, FAMILY_RESULTS, STR("b"));
    struct str rest = buf_str(&rows);
    struct row row;
    assert_int_equal(rows_cut(&rest, &row), 0);
    assert_true(row.op == ROW_PUT && row.family == FAMILY_SEEN && str_is(row.key, "key") &&
                str_is(row.value, "value"));
    assert_int_equal(rows_cut(&rest, &row), 0);
    assert_true(row.op == ROW_PUT && row.value.at && row.value.len == 0);
    assert_int_equal(rows_cut(&rest, &row), 0);
    assert_true(row.op == ROW_DROP && str_is(row.key, "k"));
    assert_int_equal(rows_cut(&rest, &row), 0);
    assert_true(row.op == ROW_DROP_BEFORE && rest.len == 0);
    for (size_t len = 1; len < rows.len; len++) {
        rest = str_upto(buf_str(&rows), len);
        int error = 0;
        while (error == 0 && rest.len > 0)
            error = rows_cut(&rest, &row);
        assert_true(error == 0 || error == -EBADMSG);
    }
    buf_free(&rows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_ROOM(what_a_crash_left_in_the_journal_is_there_again),
        IN_ROOM(a_stop_leaves_no_journal_and_a_crash_does),
        IN_ROOM(numbers_of_records_go_on_over_stops),
        IN_ROOM(a_look_sees_what_stands_in_the_journal_alone),
        IN_ROOM(an_item_that_is_done_soon_never_reaches_the_database),
        IN_ROOM(an_item_that_came_back_goes_for_good),
        IN_ROOM(after_any_changes_layers_and_crashes_the_store_is_what_was_committed),
        IN_ROOM(a_torn_end_is_cut_and_is_no_damage),
        IN_ROOM(a_record_damaged_in_the_middle_is_told_and_what_lies_before_is_opened),
        IN_ROOM(a_segment_that_was_begun_tells_of_the_records_before_it),
        IN_ROOM(a_missing_segment_is_damage),
        IN_ROOM(what_the_database_has_already_is_not_missed),
        IN_ROOM(a_check_and_a_repair_count_what_stands_in_the_journal_alone),
        IN_ROOM(a_segment_with_nothing_good_in_it_goes_when_the_journal_is_cut),
        IN_ROOM(a_check_knows_that_the_head_is_the_databases),
        IN_ROOM(a_repair_reads_the_journal_whose_place_is_lost),
        IN_ROOM(a_segment_that_is_done_with_is_written_over_and_its_old_records_are_none),
        IN_ROOM(a_file_that_was_filled_in_advance_is_written_over),
        cmocka_unit_test(rows_are_cut_as_they_were_put),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
