/* One pool, many documents, answers kept: for the tests of the parser children. */
#ifndef DATELINE_POOL_HELP_H
#define DATELINE_POOL_HELP_H

#include <errno.h>
#include <ev.h>
#include <linux/limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#include "parser.h"

struct kept_answer {
    int error;
    char reason[160];
    size_t count;
    char guid[64], title[64]; /* of the first item; of the document */
    bool came;
};

struct pool;
struct slot {
    struct pool *pool;
    struct kept_answer *answer;
};

struct pool {
    struct ev_loop *loop;
    struct parser *parser;
    struct kept_answer answers[256];
    struct slot slots[256];
    unsigned asked, answered;
};

static inline void pool_on_answer(void *ctx, const struct parser_answer *answer)
{
    struct slot *slot = ctx;
    struct kept_answer *kept = slot->answer;
    assert_false(kept->came);
    kept->came = true;
    kept->error = answer->error;
    kept->count = answer->count;
    snprintf(kept->reason, sizeof kept->reason, "%s", answer->report.reason);
    if (answer->count)
        snprintf(kept->guid, sizeof kept->guid, "%.*s",
                 STR_ARG(answer->items[0]->field[ITEM_GUID]));
    if (answer->about)
        snprintf(kept->title, sizeof kept->title, "%.*s",
                 STR_ARG(answer->about->field[ABOUT_TITLE]));
    if (++slot->pool->answered == slot->pool->asked)
        ev_break(slot->pool->loop, EVBREAK_ALL);
}

/* A program that was built beside this one. */
static inline const char *pool_program(const char *name)
{
    static char path[PATH_MAX + 64];
    ssize_t len = readlink("/proc/self/exe", path, PATH_MAX);
    assert_true(len > 0);
    path[len] = '\0';
    char *slash = strrchr(path, '/');
    assert_non_null(slash);
    snprintf(slash + 1, 64, "%s", name);
    return path;
}

static inline int pool_open(struct pool *pool, const char *program, const char *jail,
                            unsigned children)
{
    *pool = (struct pool){.loop = ev_default_loop(0)};
    const struct parser_options options = {pool->loop, program, jail, children};
    return parser_open(&options, &pool->parser);
}

static inline struct parser_job *pool_submit(struct pool *pool, struct str bytes)
{
    struct parse_request request = {.url = STR("http://a.example/feed")};
    struct buf body = BUF_NONE;
    assert_true(pool->asked < ARRAY_LEN(pool->answers));
    struct slot *slot = &pool->slots[pool->asked];
    *slot = (struct slot){pool, &pool->answers[pool->asked++]};
    buf_puts(&body, bytes);
    return parser_submit(pool->parser, &request, &body, pool_on_answer, slot);
}

static inline void pool_give_up(struct ev_loop *loop, ev_timer *w, int events)
{
    (void)w;
    (void)events;
    ev_break(loop, EVBREAK_ALL);
}

static inline void pool_run(struct pool *pool)
{
    ev_timer patience;
    ev_timer_init(&patience, pool_give_up, 40., 0.);
    ev_timer_start(pool->loop, &patience);
    ev_run(pool->loop, 0);
    ev_timer_stop(pool->loop, &patience);
    assert_int_equal(pool->answered, pool->asked);
}

/* Until every child has said that it is ready. */
static inline void pool_wait_for_children(struct pool *pool, unsigned children)
{
    struct parser_counts counts;
    ev_timer patience;
    ev_timer_init(&patience, pool_give_up, 0.05, 0.05);
    ev_timer_start(pool->loop, &patience);
    for (int i = 0; i < 400; i++) {
        parser_counts(pool->parser, &counts);
        if (counts.children == children)
            break;
        ev_run(pool->loop, 0);
    }
    ev_timer_stop(pool->loop, &patience);
    assert_int_equal(counts.children, children);
}

static inline void pool_close(struct pool *pool)
{
    parser_close(pool->parser);
}

#endif
