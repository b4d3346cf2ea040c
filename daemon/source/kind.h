/*
 * Inside of the room: what a source is, what a kind of source must be able to do, and what
 * sources.c does for them.
 *
 *            due            source_polled(),
 *   IDLE ───────► UNDER_WAY ───────────────► SETTLING ──────────────────► IDLE
 *            or a file      source_file_done()         source_settled()
 */
#ifndef DATELINE_KIND_H
#define DATELINE_KIND_H

#include "due.h"
#include "hash.h"
#include "schedule.h"
#include "source.h"

struct child;
struct directory;

enum source_phase { SOURCE_IDLE, SOURCE_UNDER_WAY, SOURCE_SETTLING };

/* A kind is one of these in a file of its own, listed in kinds[] of sources.c. */
struct source_kind {
    const char *name;
    const char *at_rest;     /* its state in a word while nothing is under way */
    enum source_reads reads; /* what is expected at its address */
    bool asks;               /* by URL; a directory has a path, a push source neither */
    int (*check)(const struct source_def *def, char why[SOURCE_WHY]); /* 0, -EINVAL */
    void (*due)(struct source *source);   /* its time has come; it is IDLE and out of the heap */
    void (*start)(struct source *source); /* plans the first time */
    /* Settled, resumed, or no longer held. NULL: nothing to do. */
    void (*wake)(struct source *source);
    /* Frees what it holds. NULL: nothing. */
    void (*stop)(struct source *source);
};
extern const struct source_kind source_feed, source_page, source_sitemap, source_directory,
    source_push;

struct source {
    struct sources *sources;
    const struct source_kind *kind;
    struct source_def def; /* its strings lie behind the source; an id is always there */

    /* stored */
    struct schedule schedule;
    char *etag, *last_modified; /* NULL none */
    char *adopted; /* asked instead of def.url after equal 301 or 308 in a row; NULL none */
    char *moved;   /* where the last answers pointed, so many in a row */
    uint32_t moved_count;
    char *title;            /* the feed's own; NULL unknown */
    struct child *children; /* of a sitemap's index: sitemap.c */
    bool paused;
    /* Of a push source: batches, items, new ones, none, refused documents. */
    uint64_t asks, items, fresh_items, files, bad_files;

    /* only in memory */
    enum source_phase phase;
    bool asked;          /* one of LIMIT_ASKS_UNDER_WAY */
    int64_t budgeted_us; /* the interval that the budget counts it with; 0 none */
    bool leaving;        /* goes when what is under way has ended */
    struct due_entry due;
    struct directory *directory;
    UT_hash_handle by_id, by_origin, by_adopted;
};

/* ---- sources.c, for the kinds */
/* Into the heap by schedule.next_at, unless it is paused, under way, or nothing was started yet. */
void sources_plan(struct source *source);
/* An ask of this source begins or has ended: counted against LIMIT_ASKS_UNDER_WAY. */
void sources_note_ask(struct source *source, bool begins);
/* So many are under way that others wait in line. */
bool sources_full(const struct sources *sources);
/* Tells the floor above that source_state() has changed with nothing under way. */
void sources_changed(struct source *source);
/* Does what is due now; the timer's callback, tests call it after they turned the clock. */
void sources_run(struct sources *sources);
bool sources_held(const struct sources *sources);
struct directories *sources_directories(struct sources *sources);
void sources_up(struct source *source, struct source_event *event);
double sources_chance(struct sources *sources); /* 0..1 */
/* What a request is worth, for schedule_terms. */
double sources_price(struct sources *sources);
/* The interval of this source was learned anew: its part of the budget follows. */
void sources_note_interval(struct source *source);
/* Who is asked at this address, by definition or by adoption; NULL nobody. */
struct source *sources_at(struct sources *sources, const char *address);
/* NULL: back to its own. Frees the former. */
void sources_adopt(struct source *source, const char *address);
void source_free(struct source *source);
const char *source_address(const struct source *source); /* as defined; NULL: a push source */
/* A replacement of a string of ours that may be NULL. */
void source_keep(char **slot, const char *text);

/* ---- ask.c: what feed and page share */
int ask_check(const struct source_def *def, char why[SOURCE_WHY]);
void ask_start(struct source *source);
void ask_due(struct source *source);

/* ---- sitemap.c: the children of its index. The caller owns what it gets */
json_t *sitemap_state(const struct source *source);
void sitemap_restore(struct source *source, const json_t *list);
void sitemap_forget(struct source *source);

/* ---- state.c */
void state_read(struct source *source, struct str state);

/* ---- directory.c */
struct directories; /* one inotify for all of them */
struct directories *directories_new(struct ev_loop *loop);
void directories_free(struct directories *all); /* NULL is fine */
void directory_done(struct source *source, const char *name,
                    const char *class); /* the file under way */
/* The file under way is no longer: it is taken again. */
void directory_abandon(struct source *source);
size_t directory_pending(const struct source *source);
/* What was taken, 16 hex digits a bucket; appended. The other reads it back. */
void directory_state(const struct source *source, struct buf *out);
void directory_restore(struct source *source, struct str sums);

#endif
