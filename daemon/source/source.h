/*
 * Sources: what is asked, when, and what came of it. One list (sources.c), one const struct of
 * functions a kind (feed.c, page.c, sitemap.c, directory.c), listed by hand in kinds[].
 *
 * The room decides and remembers; it does not fetch, parse or store. `up` says SOURCE_ASK when a
 * request is due or SOURCE_FILE when a file is complete; the floor above carries it through and
 * answers with source_polled() or source_file_done(), takes source_state() into the same atomic
 * change as the items, and says source_settled() when that is durable: only then is the next ask
 * planned. At most one thing of a source is under way, and at most LIMIT_ASKS_UNDER_WAY sources are
 * asked at once; those that are due besides wait in line.
 */
#ifndef DATELINE_SOURCE_H
#define DATELINE_SOURCE_H

#include "str.h"

#include <ev.h>
#include <jansson.h>
#include <stdint.h>

struct sources;
struct source;

enum source_lane { SOURCE_LIVE, SOURCE_BACKFILL };
enum source_full_text { FULL_TEXT_AUTO, FULL_TEXT_ALWAYS, FULL_TEXT_NEVER };

/* What its address should give: a feed, a page that lists articles, a sitemap. */
enum source_reads { SOURCE_READS_FEED, SOURCE_READS_PAGE, SOURCE_READS_SITEMAP };

struct source_def { /* as configured; strings are copied by sources_add() */
    const char *id, *kind, *url, *path, *title;
    const char *links, *skip; /* of a page: selectors, NULL none */
    int64_t every_us;         /* 0: auto */
    int64_t since_us;         /* of a sitemap: entries older than this are left out; 0: none is */
    enum source_full_text full_text;
    enum source_lane lane;
    bool allow_private;
    bool added; /* by command, not by configuration: remembered in the store */
};

enum source_event_type { SOURCE_ASK, SOURCE_FILE };

struct source_event {
    enum source_event_type type;
    struct source *source;
    const char *url, *etag, *last_modified; /* ASK; validators NULL when there are none */
    const char *name;                       /* FILE: path below the directory */
    struct buf *bytes;                      /* FILE: its content, to be taken */
    int64_t modified_at;                    /* FILE */
};

struct source_outcome { /* of one ask */
    const char *class; /* NULL: all well; "dns", "http4xx", "not-a-feed", "parse", … With status 0
                        * and a retry_after_us it was not even asked (its host's Retry-After): no
                        * failure of its own */
    const char *error; /* one line */
    int status;
    bool not_modified, gone;
    const char *etag, *last_modified, *moved;
    int64_t fresh_us, retry_after_us; /* from the reply */
    int64_t floor_us;                 /* ttl, sy:update*: what the feed asks for */
    struct str skip_hours, skip_days; /* "0 1 2", "Saturday": as the feed says */
    const char *title;                /* of the feed, NULL unknown */
    uint32_t items, fresh_items;      /* in the document; new or updated */
    const int64_t *fresh_at;          /* when they were published, of those that say it */
    uint32_t fresh_at_count;
};

struct sources_options {
    struct ev_loop *loop;
    void (*up)(void *ctx, struct source_event *event);
    /* source_state() has changed though nothing of the source is under way (files of a directory
     * went, or were refused): what is stored is to be written again. At most once a
     * LIMIT_CHANGED_MS and source. NULL: nobody wants to know; then such a directory is read anew in
     * part after a restart. */
    void (*changed)(void *ctx, struct source *source);
    void *ctx;
    /* Asks that all sources on auto together make in a day: their intervals are stretched, or made
     * shorter, to keep to it. 0: no budget, each is asked as suits it. */
    uint64_t asks_a_day;
};

int sources_open(const struct sources_options *options, struct sources **out);
void sources_close(struct sources *sources);
/* `state`: what source_state() gave before, or empty. 0; -EEXIST id or address is there already,
 * -EINVAL unknown kind or a definition that makes no sense; `why` (160 bytes) says it. Nothing is
 * asked before sources_start(). */
#define SOURCE_WHY 160
int sources_add(struct sources *sources, const struct source_def *def, struct str state,
                struct source **out, char why[SOURCE_WHY]);
/* -ENOENT, -EBUSY something of it is under way: it goes when that ends. */
int sources_remove(struct sources *sources, struct str id);
void sources_start(struct sources *sources);
/* Back-pressure: while held nothing is asked; due sources wait. */
void sources_hold(struct sources *sources, bool hold);
/* By id, or by URL or path. */
struct source *sources_find(struct sources *sources, struct str what);
void sources_each(struct sources *sources, void (*each)(void *ctx, struct source *source),
                  void *ctx);
size_t sources_count(const struct sources *sources);
/* An id made of a URL or path: lower case letters, digits, '-'; unused so far. Writes
 * NUL-terminated. */
void sources_make_id(struct sources *sources, const char *address, char *out, size_t size);

const struct source_def *source_def(const struct source *source);
const char *
source_title(const struct source *source); /* feed's own, else configured, else the id */
enum source_reads source_reads(const struct source *source);
/* It has never been asked with success. */
bool source_is_new(const struct source *source);
/* Ask as soon as politeness allows. */
void source_refresh(struct source *source);
void source_pause(struct source *source, bool pause);

void source_polled(struct source *source, const struct source_outcome *outcome);
/* class NULL: taken. Otherwise why the file was not understood. Either way it does not come again,
 * once the source_state() after this is durable, unless it changes. */
void source_file_done(struct source *source, const char *name, const char *class, uint32_t items);
/* A batch was handed in to a push source: items in it, how many of them are new or updates, documents
 * that were refused. source_state() has changed. */
void source_pushed(struct source *source, uint32_t items, uint32_t fresh, uint32_t refused);
bool source_takes_pushes(const struct source *source);
void source_settled(struct source *source);

struct source_child { /* of a sitemap's index */
    char *url;
    int64_t updated_at; /* as listed, 0 not known */
    /* out: validators, lent until it is read; whether it was never read; whether the first poll knew it */
    const char *etag, *last_modified;
    bool first, old;
    /* inside */
    bool due;
    int64_t asked_at;
    size_t order;
};
/* Which children of an index are to be asked now: they stand first in `listed` afterwards, so many are
 * returned. *again: the whole index is wanted next time too, unchanged or not. */
size_t source_children(struct source *source, struct source_child *listed, size_t count,
                       bool *again);
/* It was asked. again: not all of it was taken, or it could not be read, so its turn comes again. */
void source_child_read(struct source *source, const char *url, int64_t updated_at, const char *etag,
                       const char *last_modified, bool again);

/* Whatever was under way has been cancelled by the caller: none of source_polled(),
 * source_file_done() and source_settled() will come for it. The ask is due again, the file is taken
 * again; sources_remove() then frees the source at once, and one that was to go already goes here.
 * Nothing when it is idle. */
void source_abandon(struct source *source);
/* What must survive, JSON, appended. */
void source_state(const struct source *source, struct buf *out);
/* How it is, without a word more: cheap, for counting many. */
enum source_health { SOURCE_WELL, SOURCE_FAILING, SOURCE_PAUSED };
enum source_health source_health(const struct source *source);
/* For sources, explain and metrics:
 * {"id","kind","url","title","state","next":…,"why":"…","failures":…, "class":…,
 * "last_success":…,"last_new":…,"items":…, …}. The caller owns it. */
json_t *source_json(const struct source *source);
/* In sentences, one a line: when it is asked next and because of which header or rule, how it
 * fails. Appends. */
void source_explain(const struct source *source, struct buf *out);

#endif
