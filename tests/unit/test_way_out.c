/* way_out.c alone: what it asks of the rooms is answered here. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>

#include "inside.h"

#define RECORD                                                                                     \
    "{\"event\":\"new\",\"item\":{\"uri\":\"urn:x:1\",\"version\":\"1\"},"                         \
    "\"source\":{\"id\":\"tass\"},\"analysis\":{\"language\":{\"code\":\"en\"}}}"

/* What the store answers, and what came of it. */
static struct {
    int topic_error, recorded_error;
    uint64_t topic_seq;
    uint64_t put_off, finished, dropped;
    struct store_result stored;
} world;

static struct batch_result added;
static struct batch made;

struct batch *batch_new(struct pipeline *pipeline)
{
    made = (struct batch){.pipeline = pipeline};
    return &made;
}

struct batch_result *batch_add_result(struct batch *batch)
{
    (void)batch;
    return &added;
}

void batch_finish(struct batch *batch, uint64_t id, bool tried)
{
    (void)batch;
    (void)tried;
    world.finished = id;
}

void batch_commit(struct batch *batch)
{
    (void)batch;
}

bool work_is(struct str row, struct str uri, struct str version)
{
    (void)row;
    (void)uri;
    (void)version;
    return true;
}

struct str work_of_row(struct str row)
{
    return row;
}

void pipeline_fail(struct pipeline *pipeline, const char *what, int error)
{
    (void)what;
    (void)error;
    pipeline->failed = true;
}

int store_queue_get(struct store *store, uint64_t id, struct buf *out)
{
    (void)store;
    (void)id;
    buf_putz(out, "row");
    return 0;
}

int store_result_of(struct store *store, struct str uri, struct str version, uint64_t *out_seq)
{
    (void)store;
    (void)uri;
    (void)version;
    *out_seq = 5;
    return world.recorded_error;
}

int store_topic_last(struct store *store, struct str topic, uint64_t *out_seq)
{
    (void)store;
    (void)topic;
    *out_seq = world.topic_seq;
    return world.topic_error;
}

void store_put_result(struct store_change *change, const struct store_result *result)
{
    (void)change;
    world.stored = *result;
}

void store_queue_drop(struct store_change *change, uint64_t id, bool tried)
{
    (void)change;
    (void)tried;
    world.dropped = id;
}

void store_queue_tries(struct store_change *change, uint64_t id, struct store_tries tries)
{
    (void)change;
    (void)id;
    (void)tries;
}

void store_queue_bury(struct store_change *change, uint64_t id, const struct store_dead *dead)
{
    (void)change;
    (void)id;
    (void)dead;
}

void dispatch_refuse(struct dispatch *dispatch, uint64_t id, const char *reason)
{
    (void)dispatch;
    fail_msg("%llu refused: %s", (unsigned long long)id, reason);
}

void dispatch_put_off(struct dispatch *dispatch, uint64_t id)
{
    (void)dispatch;
    world.put_off = id;
}

/* ---- one result, of item 7 */

static struct pipeline settled(void)
{
    struct pipeline p = {.numbers = {.next_seq = 20}};
    world.stored = (struct store_result){0};
    world.put_off = world.finished = world.dropped = 0;
    way_out_dispatch(&p,
                     &(struct dispatch_event){
                         .type = DISPATCH_RESULT, .id = 7, .deliveries = 1, .record = STR(RECORD)});
    return p;
}

static void done(struct pipeline *p)
{
    way_out_stop(p);
    free(added.topic);
    buf_free(&added.record);
    added = (struct batch_result){0};
}

static void assert_put_off(const struct pipeline *p)
{
    assert_int_equal(world.put_off, 7);
    assert_int_equal(world.stored.seq, 0);
    assert_int_equal(world.dropped + world.finished, 0);
    assert_int_equal(p->numbers.next_seq, 20);
    assert_false(p->failed);
}

static void a_result_names_the_one_before_it_in_its_topic(void **state)
{
    (void)state;
    world.topic_error = 0;
    world.topic_seq = 11;
    world.recorded_error = -ENOENT;
    struct pipeline p = settled();
    assert_int_equal(world.stored.seq, 20);
    assert_int_equal(world.stored.prev, 11);
    assert_int_equal(world.dropped, 7);
    done(&p);
}

static void the_first_of_a_topic_has_none_before_it(void **state)
{
    (void)state;
    world.topic_error = world.recorded_error = -ENOENT;
    world.topic_seq = 0;
    struct pipeline p = settled();
    assert_int_equal(world.stored.seq, 20);
    assert_int_equal(world.stored.prev, 0);
    done(&p);
}

static void what_came_before_in_a_topic_is_not_guessed_when_it_cannot_be_read(void **state)
{
    (void)state;
    world.topic_error = -EIO;
    world.topic_seq = 0;
    world.recorded_error = -ENOENT;
    struct pipeline p = settled();
    assert_put_off(&p);
    done(&p);
}

static void whether_it_was_recorded_before_is_not_guessed_when_it_cannot_be_read(void **state)
{
    (void)state;
    world.topic_error = 0;
    world.recorded_error = -EIO;
    struct pipeline p = settled();
    assert_put_off(&p);
    done(&p);
}

static void a_result_that_was_recorded_before_is_done_and_not_recorded_again(void **state)
{
    (void)state;
    world.recorded_error = 0;
    struct pipeline p = settled();
    assert_int_equal(world.finished, 7);
    assert_int_equal(world.stored.seq, 0);
    done(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_result_names_the_one_before_it_in_its_topic),
        cmocka_unit_test(the_first_of_a_topic_has_none_before_it),
        cmocka_unit_test(what_came_before_in_a_topic_is_not_guessed_when_it_cannot_be_read),
        cmocka_unit_test(whether_it_was_recorded_before_is_not_guessed_when_it_cannot_be_read),
        cmocka_unit_test(a_result_that_was_recorded_before_is_done_and_not_recorded_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
