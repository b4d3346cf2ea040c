/* The sources under test, and the floor above them as a notebook. */
#ifndef DATELINE_SOURCES_HELP_H
#define DATELINE_SOURCES_HELP_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <ev.h>

#include "clock.h"
#include "kind.h"

#define NOW (1767225600 * USEC_PER_SEC)

static struct ev_loop *loop;
static struct sources *sources;
static char why[SOURCE_WHY];

#define UPS_MAX 256
static struct {
    enum source_event_type type;
    char id[65], url[200], etag[40], modified[40], name[64], bytes[64];
    size_t len;
} ups[UPS_MAX];
static int up_count;
static struct source *up_source[UPS_MAX];
static bool answer_files; /* at once, as fast as they come */

static inline void on_up(void *ctx, struct source_event *e)
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

static int changed_count;

static inline void on_changed(void *ctx, struct source *source)
{
    (void)ctx;
    assert_int_equal(source->phase, SOURCE_IDLE);
    changed_count++;
}

static inline void open_sources(void)
{
    up_count = changed_count = 0;
    struct sources_options options = {.loop = loop, .up = on_up, .changed = on_changed};
    assert_int_equal(sources_open(&options, &sources), 0);
}

static inline int end(void **state)
{
    (void)state;
    sources_close(sources);
    ev_loop_destroy(loop);
    clock_set(0);
    return 0;
}

/* ---- those that are asked, with a clock that stands still */

static inline int begin_frozen(void **state)
{
    (void)state;
    loop = ev_loop_new(0);
    clock_set(NOW);
    answer_files = false;
    open_sources();
    return 0;
}

static inline struct source *add_state(const char *id, const char *url, int64_t every_us,
                                       struct str state)
{
    struct source *s = NULL;
    struct source_def def = {.id = id, .kind = "feed", .url = url, .every_us = every_us};
    int err = sources_add(sources, &def, state, &s, why);
    if (err)
        fail_msg("%s: %s", url, why);
    return s;
}

static inline struct source *add(const char *id, const char *url, int64_t every_us)
{
    return add_state(id, url, every_us, STR_NONE);
}

static inline void settle(struct source *s, struct source_outcome o)
{
    source_polled(s, &o);
    source_settled(s);
}

static const struct source_outcome fine = {.status = 200, .items = 5};

static inline void advance(int64_t us)
{
    clock_advance(us);
    sources_run(sources);
}

#endif
