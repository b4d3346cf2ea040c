/*
 * One ask of one source, or one file of a directory. way_in.c begins and ends it, poll_item.c takes its
 * items. Inside the pipeline only.
 */
#ifndef DATELINE_PIPELINE_POLL_H
#define DATELINE_PIPELINE_POLL_H

#include "limits.h"
#include "inside.h"

#include "list.h"

/* Of an item: it is remembered as known, and not taken. A bit no parser sets. */
#define POLL_PASS (1U << 31)

struct poll_child;
struct page { /* an item that waits for its page */
    struct poll *poll;
    struct item *item;
    struct link_identity identity;
    struct fetch_job *fetch;
    struct parser_job *parse;
    char *url; /* of the last hop */
    struct page *prev, *next;
};

struct poll {
    struct pipeline *pipeline;
    struct source *source;
    struct fetch_job *fetch;
    struct parser_job *parse;
    char *url;  /* of the last hop, or of the file */
    char *name; /* of the file, NULL: not a file */
    int64_t fetched_at, modified_at;
    struct batch
        *batch; /* open only inside one call: batches are committed in the order they were made */
    struct item **items; /* of the list, not looked at yet from next_item on */
    size_t item_count, next_item;
    struct poll_child *children; /* of a sitemap's index: to be asked from next_child on */
    size_t child_count, next_child;
    ev_timer slice;
    struct page *pages;
    unsigned pages_asked;
    bool left_over;  /* items were left for the next poll */
    bool list_again; /* something was left besides: the whole list is wanted again, not a 304 */
    /* what the source is told at the end; the strings are ours */
    struct source_outcome outcome;
    int64_t fresh_at[LIMIT_RHYTHM_TIMES]; /* behind outcome.fresh_at */
    char *etag, *last_modified, *moved, *title, *error, *skip_hours, *skip_days;
    struct poll *prev, *next;
};

/* The source's id. */
const char *poll_id(const struct poll *poll);
/* What has come was taken: takes or asks for the rest, or ends it. */
void poll_go_on(struct poll *poll);
/* All is in: tells the source, writes its state, frees the poll. */
void poll_finish(struct poll *poll);
/* One item of the list: known, queued into poll->batch, or asked its page for; taken when *item is NULL. */
void poll_item(struct poll *poll, struct item **item);
void poll_drop_pages(struct poll *poll);

/* ---- poll_sitemap.c */
void poll_take_sitemap(struct poll *poll, const struct parser_answer *answer);
/* Asks for the next child of the index; false when there is none, or none may be asked now. */
bool poll_next_child(struct poll *poll);
/* The source learns which were read. again: not all that stands in them was taken. */
void poll_tell_children(struct poll *poll, bool again);
void poll_free_children(struct poll *poll);

#endif
