#include "routes.h"

#include "clock.h"
#include "limits.h"
#include "metrics.h"
#include "page.h"

#define KEPT_US      (500 * USEC_PER_MSEC) /* an answer is made anew at most this often */
#define RECENT_COUNT 50
#define TYPE_JSON    "application/json"
#define TYPE_TEXT    "text/plain; charset=utf-8"

struct kept {
    struct buf text;
    int64_t made_at;
    unsigned count;
};

struct routes {
    struct web_options options;
    struct kept status, recent, sources, metrics;
    struct buf ready;
};

struct routes *routes_new(const struct web_options *options)
{
    struct routes *routes = xcalloc(1, sizeof *routes);
    routes->options = *options;
    return routes;
}

void routes_free(struct routes *routes)
{
    if (!routes)
        return;
    buf_free(&routes->status.text);
    buf_free(&routes->recent.text);
    buf_free(&routes->sources.text);
    buf_free(&routes->metrics.text);
    buf_free(&routes->ready);
    free(routes);
}

/* True when the kept answer is good enough; otherwise it is empty now and to be made. */
static bool is_fresh(struct kept *kept, unsigned count)
{
    int64_t now = clock_mono();
    if (kept->text.len && kept->count == count && now - kept->made_at < KEPT_US)
        return true;
    kept->made_at = now;
    kept->count = count;
    buf_reset(&kept->text);
    return false;
}

static int put_text(const char *text, size_t len, void *ctx)
{
    buf_put(ctx, text, len);
    return 0;
}

static void put_json(json_t *json, struct buf *out)
{
    if (json)
        json_dump_callback(json, put_text, out, JSON_COMPACT | JSON_REAL_PRECISION(12));
    buf_putc(out, '\n');
    json_decref(json);
}

static void say(struct reply *out, unsigned status, const char *text)
{
    *out = (struct reply){status, TYPE_TEXT, str_of(text), true};
}

static void answer_status(struct routes *r, const char *count, struct reply *out)
{
    (void)count;
    if (!is_fresh(&r->status, 0))
        put_json(r->options.status(r->options.ctx), &r->status.text);
    *out = (struct reply){200, TYPE_JSON, buf_str(&r->status.text), false};
}

static void answer_recent(struct routes *r, const char *count, struct reply *out)
{
    uint64_t n = RECENT_COUNT;
    if (count && (str_u64(str_of(count), &n) || n == 0)) {
        say(out, 400, "n is a number from 1\n");
        return;
    }
    if (n > LIMIT_WEB_RECENT)
        n = LIMIT_WEB_RECENT;
    if (!is_fresh(&r->recent, (unsigned)n))
        put_json(r->options.recent(r->options.ctx, (unsigned)n), &r->recent.text);
    *out = (struct reply){200, TYPE_JSON, buf_str(&r->recent.text), false};
}

static void answer_sources(struct routes *r, const char *count, struct reply *out)
{
    (void)count;
    if (!r->options.sources) {
        say(out, 404, "not found\n");
        return;
    }
    if (!is_fresh(&r->sources, 0))
        put_json(r->options.sources(r->options.ctx), &r->sources.text);
    *out = (struct reply){200, TYPE_JSON, buf_str(&r->sources.text), false};
}

static void answer_metrics(struct routes *r, const char *count, struct reply *out)
{
    (void)count;
    if (!is_fresh(&r->metrics, 0)) {
        json_t *status = r->options.status(r->options.ctx);
        metrics_write(status, &r->metrics.text);
        json_decref(status);
    }
    *out = (struct reply){200, "text/plain; version=0.0.4; charset=utf-8",
                          buf_str(&r->metrics.text), false};
}

/* That this is answered at all says that the loop turns. */
static void answer_health(struct routes *r, const char *count, struct reply *out)
{
    (void)r;
    (void)count;
    say(out, 200, "ok\n");
}

static void answer_ready(struct routes *r, const char *count, struct reply *out)
{
    (void)count;
    buf_reset(&r->ready);
    if (r->options.ready(r->options.ctx, &r->ready))
        say(out, 200, "ready\n");
    else
        *out = (struct reply){503, TYPE_TEXT, buf_str(&r->ready), false};
}

static const struct route {
    const char *path, *type;
    const struct page *page; /* or */
    void (*answer)(struct routes *r, const char *count, struct reply *out);
} table[] = {
    {"/", "text/html; charset=utf-8", &page_page_html, NULL},
    {"/style.css", "text/css; charset=utf-8", &page_style_css, NULL},
    {"/page.js", "text/javascript; charset=utf-8", &page_page_js, NULL},
    {"/icon.svg", "image/svg+xml", &page_icon_svg, NULL},
    {"/status.json", NULL, NULL, answer_status},
    {"/recent.json", NULL, NULL, answer_recent},
    {"/sources.json", NULL, NULL, answer_sources},
    {"/metrics", NULL, NULL, answer_metrics},
    {"/healthz", NULL, NULL, answer_health},
    {"/readyz", NULL, NULL, answer_ready},
};

void routes_answer(struct routes *routes, struct str path, const char *count, struct reply *out)
{
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        const struct route *route = &table[i];
        if (!str_is(path, route->path))
            continue;
        if (route->page)
            *out = (struct reply){
                200, route->type, {(const char *)route->page->at, route->page->len}, true};
        else
            route->answer(routes, count, out);
        return;
    }
    say(out, 404, "not found\n");
}
