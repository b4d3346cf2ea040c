/*
 * What stands at an address that is added without saying what it is. It is looked at once: a feed is a feed, a
 * sitemap a sitemap. Of a page its feed is taken; without one the sitemap that its site's robots.txt names
 * (RFC 9309 leaves room for it, sitemaps.org fills it); without that the page itself, as a list of links.
 *
 *     LOOK ─► a feed, a sitemap ─► added
 *      └────► a page ─► with a feed ─► the feed is added
 *               └────► ROBOTS ─► the sitemap, or the page
 *
 * What cannot be looked at, or not within LIMIT_DISCOVER_MS, is added as the feed it was said to be: it may be
 * away for the moment.
 */
#include "inside.h"

#include <stdlib.h>

#include "clock.h"
#include "limits.h"
#include "list.h"
#include "log.h"
#include "url.h"
#include "utf8.h"

struct discovery {
    struct pipeline *pipeline;
    json_t *request;
    struct control_call *call;
    char *url; /* of the last hop */
    bool allow_private;
    struct fetch_job *fetch;
    struct parser_job *parse;
    ev_timer timer;
    struct discovery *next, *prev;
};

static void discovery_free(struct discovery *d)
{
    DL_DELETE(d->pipeline->discoveries, d);
    ev_timer_stop(d->pipeline->loop, &d->timer);
    if (d->fetch)
        fetch_cancel(d->fetch);
    if (d->parse)
        parser_cancel(d->parse);
    json_decref(d->request);
    free(d->url);
    free(d);
}

/* Ends it. url NULL: as it was given. */
static void take(struct discovery *d, const char *kind, const char *url, const char *found)
{
    json_object_set_new(d->request, "kind", json_string(kind));
    if (url)
        json_object_set_new(d->request, "url", json_string(url));
    log_info("pipeline: looked at an address url=%s found=%s", log_safez(d->url), log_safez(found));
    catalog_add_found(d->pipeline, d->request, d->call, found);
    discovery_free(d);
}

static void take_as_given(struct discovery *d, const char *why)
{
    /* It goes into JSON. */
    char *found = xasprintf("not looked at (%s), taken for a feed",
                            utf8_valid(str_of(why)) ? why : "it failed");
    take(d, "feed", NULL, found);
    free(found);
}

static void on_timer(struct ev_loop *loop, ev_timer *w, int events)
{
    (void)loop;
    (void)events;
    take_as_given(w->data, "no answer in time");
}

/* ------------------------------------------------------------------------------------- robots.txt */

/* The first sitemap of the site itself that it names; appended. */
static bool find_sitemap(struct str robots, struct str url, struct buf *out)
{
    struct str line;
    while (str_cut(&robots, '\n', &line)) {
        line = str_trim(str_upto(line, str_chr(line, '#')));
        if (!str_startsi(line, STR("sitemap:")))
            continue;
        struct str address = str_trim(str_from(line, 8));
        buf_reset(out);
        if (utf8_valid(address) && url_resolve(url, address, out) == 0 &&
            url_same_site(url, buf_str(out)))
            return true;
    }
    return false;
}

static void on_robots(void *ctx, const struct fetch_reply *reply)
{
    struct discovery *d = ctx;
    struct buf sitemap = BUF_NONE;
    d->fetch = NULL;
    bool plain = reply->class == FETCH_OK && reply->content_encoding[0] == '\0';
    if (plain && find_sitemap(buf_str(reply->body), str_of(d->url), &sitemap)) {
        char *found = xasprintf("a page without a feed; its robots.txt names the sitemap %s",
                                buf_cstr(&sitemap));
        take(d, "sitemap", buf_cstr(&sitemap), found);
        free(found);
    } else {
        take(d, "page", NULL, "a page without a feed or a sitemap, taken as a list of links");
    }
    buf_free(&sitemap);
}

static bool ask(struct discovery *d, const char *url, const char *accept,
                void (*on_reply)(void *ctx, const struct fetch_reply *reply))
{
    const struct fetch_request request = {
        .url = url, .accept = accept, .allow_private = d->allow_private};
    d->fetch = fetch_start(d->pipeline->fetch, &request, on_reply, d);
    return d->fetch;
}

static void ask_robots(struct discovery *d)
{
    struct buf url = BUF_NONE;
    if (url_resolve(str_of(d->url), STR("/robots.txt"), &url) != 0 ||
        !ask(d, buf_cstr(&url), "text/plain, */*;q=0.1", on_robots))
        take(d, "page", NULL, "a page without a feed, taken as a list of links");
    buf_free(&url);
}

/* ------------------------------------------------------------------------------------ what it is */

static void take_feed_of_page(struct discovery *d, struct str feeds)
{
    struct str first = str_upto(feeds, str_chr(feeds, '\n'));
    size_t count = 1;
    for (size_t i = 0; i < feeds.len; i++)
        count += feeds.at[i] == '\n';
    char *url = str_dup(first);
    /* A page may name any address: the leave that the operator gave was for this site. */
    d->allow_private = d->allow_private && url_same_site(str_of(d->url), first);
    char *found = count == 1 ? xasprintf("a page; its feed is at %s", url)
                             : xasprintf("a page with %zu feeds; the first is at %s", count, url);
    take(d, "feed", url, found);
    free(found);
    free(url);
}

static void on_parsed(void *ctx, const struct parser_answer *answer)
{
    struct discovery *d = ctx;
    struct str feeds = answer->about ? answer->about->field[ABOUT_FEEDS] : STR_NONE;
    enum parse_type type = answer->report.type;
    d->parse = NULL;
    if (answer->error && answer->error != -EMSGSIZE && type != PARSE_ARTICLE)
        take_as_given(d, answer->report.reason);
    else if (type == PARSE_SITEMAP)
        take(d, "sitemap", NULL, "a sitemap");
    else if (type != PARSE_ARTICLE)
        take(d, "feed", NULL, type == PARSE_WIRECOPY ? "a text, taken for a feed" : "a feed");
    else if (feeds.len)
        take_feed_of_page(d, feeds);
    else
        ask_robots(d);
}

static void on_look(void *ctx, const struct fetch_reply *reply)
{
    struct discovery *d = ctx;
    d->fetch = NULL;
    if (reply->class != FETCH_OK) {
        take_as_given(d, reply->error[0] ? reply->error : fetch_class_name(reply->class));
        return;
    }
    free(d->url);
    d->url = xstrdup(reply->url);
    struct parse_request request = {
        .type = PARSE_AUTO,
        .url = str_of(d->url),
        .charset = str_of(reply->charset),
        .content_type = str_of(reply->content_type),
        .content_encoding = str_of(reply->content_encoding),
        .fetched_at = clock_now(),
    };
    d->parse = parser_submit(d->pipeline->parser, &request, reply->body, on_parsed, d);
}

void discover_begin(struct pipeline *p, const json_t *request, struct control_call *call)
{
    struct discovery *d = xcalloc(1, sizeof *d);
    d->pipeline = p;
    d->request = json_deep_copy(request);
    d->call = call;
    d->url = xstrdup(request_text(request, "url"));
    d->allow_private = json_is_true(json_object_get(request, "allow_private"));
    DL_APPEND(p->discoveries, d);
    ev_timer_init(&d->timer, on_timer, LIMIT_DISCOVER_MS / 1e3, 0.);
    d->timer.data = d;
    ev_timer_start(p->loop, &d->timer);
    if (!ask(d, d->url, NULL, on_look)) /* the list of sources says what is wrong with it */
        take_as_given(d, "not an http or https address");
}

void discover_stop(struct pipeline *p)
{
    while (p->discoveries)
        discovery_free(p->discoveries);
}
