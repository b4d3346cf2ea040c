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

static inline void open_sources(void)
{
    up_count = 0;
    assert_int_equal(sources_open(&(struct sources_options){loop, on_up, NULL}, &sources), 0);
}

static inline int end(void **state)
{
    (void)state;
    sources_close(sources);
    ev_loop_destroy(loop);
    clock_set(0);
    return 0;
}

#endif
