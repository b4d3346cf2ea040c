/* A state of its own for every test, and its contents as text. */
#ifndef DATELINE_STORE_HELP_H
#define DATELINE_STORE_HELP_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "scratch.h"
#include "store.h"
#include "str.h"

struct room {
    char dir[SCRATCH_PATH]; /* all of the test's files */
    char path[96];          /* the state */
    char why[STORE_WHY];
};

static inline int room_setup(void **state)
{
    struct room *room = xcalloc(1, sizeof *room);
    if (scratch_make(room->dir) != 0)
        return -1;
    snprintf(room->path, sizeof room->path, "%s/state", room->dir);
    *state = room;
    return 0;
}

static inline int room_teardown(void **state)
{
    struct room *room = *state;
    scratch_remove(room->dir);
    free(room);
    return 0;
}

static inline struct store *open_with(struct room *room, struct ev_loop *loop)
{
    struct store_options options = {.path = room->path, .loop = loop};
    struct store *store = NULL;
    int error = store_open(&options, &store, room->why);
    if (error)
        fail_msg("store_open: %d %s", error, room->why);
    return store;
}

static inline struct store *open_plain(struct room *room)
{
    return open_with(room, NULL);
}

static inline int open_error(struct room *room, bool read_only)
{
    struct store_options options = {.path = room->path, .read_only = read_only};
    struct store *store = NULL;
    room->why[0] = '\0';
    int error = store_open(&options, &store, room->why);
    assert_true(error == 0 || store == NULL);
    store_close(store);
    return error;
}

static inline void commit(struct store *store, struct store_change *change)
{
    assert_int_equal(store_commit(store, &change, NULL, NULL), 0);
    assert_null(change);
}

static inline void put_item(struct store *store, uint64_t id, const char *work)
{
    struct store_change *change = store_change_new(store);
    store_queue_put(change, id, str_of(work));
    commit(store, change);
}

static inline void drop_item(struct store *store, uint64_t id)
{
    struct store_change *change = store_change_new(store);
    store_queue_drop(change, id, true);
    commit(store, change);
}

static inline void put_result(struct store *store, uint64_t seq, uint64_t prev, int64_t at,
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

static inline int each_queued_to_text(void *ctx, uint64_t id, struct store_tries tries,
                                      struct str work)
{
    buf_printf(ctx, "%llu:%.*s(%u,%u) ", (unsigned long long)id, STR_ARG(work), tries.deliveries,
               tries.deaths);
    return 0;
}

static inline int each_dead_to_text(void *ctx, uint64_t id, const struct store_dead *dead)
{
    buf_printf(ctx, "%llu:%.*s:%.*s ", (unsigned long long)id, STR_ARG(dead->reason),
               STR_ARG(dead->work));
    return 0;
}

static inline int each_result_to_text(void *ctx, const struct store_result *r)
{
    buf_printf(ctx, "%llu<%llu@%lld %.*s %.*s/%.*s %.*s;", (unsigned long long)r->seq,
               (unsigned long long)r->prev, (long long)r->at, STR_ARG(r->topic), STR_ARG(r->uri),
               STR_ARG(r->version), STR_ARG(r->record));
    return 0;
}

static inline int each_source_to_text(void *ctx, struct str id, struct str source_state)
{
    buf_printf(ctx, "%.*s=%.*s ", STR_ARG(id), STR_ARG(source_state));
    return 0;
}

static inline void assert_queue(struct store *store, const char *expected)
{
    struct buf text = BUF_NONE;
    assert_int_equal(store_each_queued(store, each_queued_to_text, &text), 0);
    assert_string_equal(buf_cstr(&text), expected);
    buf_free(&text);
}

static inline void assert_dead(struct store *store, const char *expected)
{
    struct buf text = BUF_NONE;
    assert_int_equal(store_each_dead(store, 0, each_dead_to_text, &text), 0);
    assert_string_equal(buf_cstr(&text), expected);
    buf_free(&text);
}

static inline void assert_results(struct store *store, uint64_t from, const char *expected)
{
    struct buf text = BUF_NONE;
    assert_int_equal(store_each_result(store, from, each_result_to_text, &text), 0);
    assert_string_equal(buf_cstr(&text), expected);
    buf_free(&text);
}

#define IN_ROOM(test) cmocka_unit_test_setup_teardown(test, room_setup, room_teardown)

#endif
