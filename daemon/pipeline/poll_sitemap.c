/*
 * The polls of sitemaps: which entries are wanted, and the children of an index, asked one after the other.
 *
 * A sitemap lists all there ever was, so what comes first is the question how much of it is news:
 *   1. an entry that says that it is older than the source's `since` is left out;
 *   2. of a file that is read for the first time the newest LIMIT_SITEMAP_FIRST are taken, and the others
 *      remembered as known, because dates may lie or be missing;
 *   3. of a file that the first poll took for the archive no entry without a date is taken.
 * With `since: all` none of this holds. What is wanted goes the way of a feed's teasers: its page is asked for.
 */
#include "poll.h"

#include <stdlib.h>

#include "clock.h"
#include "limits.h"
#include "log.h"

struct poll_child {
    char *url, *etag, *last_modified; /* the validators: as sent, then as received */
    int64_t updated_at;
    bool first, old;
    bool asked, read;
};

struct entry {
    struct item *item;
    int64_t at; /* 0 not known */
    size_t order;
};

/* ---------------------------------------------------------------------------------------- entries */

static int by_date(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;
    if (x->at != y->at)
        return x->at > y->at ? -1 : 1;
    return x->order < y->order ? -1 : x->order > y->order;
}

static struct entry *sorted(const struct parser_answer *answer)
{
    struct entry *entries = xcalloc(answer->count ? answer->count : 1, sizeof *entries);
    for (size_t i = 0; i < answer->count; i++) {
        struct item *item = answer->items[i];
        int64_t at = item->published_at ? item->published_at : item->updated_at;
        entries[i] = (struct entry){item, at, i};
        answer->items[i] = NULL;
    }
    qsort(entries, answer->count, sizeof *entries, by_date);
    return entries;
}

static void append(struct poll *poll, struct item *item)
{
    poll->items[poll->item_count++] = item;
}

static void take_entries(struct poll *poll, const struct parser_answer *answer, bool first,
                         bool old)
{
    int64_t since = source_def(poll->source)->since_us, from = poll->fetched_at - since;
    struct entry *entries = sorted(answer);
    size_t taken = 0;
    poll->items =
        xrealloc(poll->items, (poll->item_count + answer->count + 1) * sizeof(*poll->items));
    for (size_t i = 0; i < answer->count; i++) {
        struct entry *entry = &entries[i];
        bool too_many = first && (taken >= LIMIT_SITEMAP_FIRST || (old && !entry->at));
        if (entry->item->flags & ITEM_SITEMAP || (since && entry->at && entry->at < from)) {
            item_free(entry->item);
            continue;
        }
        if (since && too_many)
            entry->item->flags |= POLL_PASS;
        else
            taken++;
        append(poll, entry->item);
    }
    free(entries);
}

/* --------------------------------------------------------------------------------------- children */

static void take_children(struct poll *poll, const struct parser_answer *answer)
{
    struct source_child *listed = xcalloc(answer->count + 1, sizeof *listed);
    size_t count = 0;
    bool again;
    for (size_t i = 0; i < answer->count; i++)
        if (answer->items[i]->flags & ITEM_SITEMAP)
            listed[count++] =
                (struct source_child){.url = str_dup(answer->items[i]->field[ITEM_LINK]),
                                      .updated_at = answer->items[i]->updated_at};
    size_t due = source_children(poll->source, listed, count, &again);
    poll->children = xcalloc(due + 1, sizeof *poll->children);
    poll->child_count = due;
    poll->list_again |= again;
    for (size_t i = 0; i < due; i++)
        poll->children[i] = (struct poll_child){
            .url = xstrdup(listed[i].url),
            .etag = listed[i].etag ? xstrdup(listed[i].etag) : NULL,
            .last_modified = listed[i].last_modified ? xstrdup(listed[i].last_modified) : NULL,
            .updated_at = listed[i].updated_at,
            .first = listed[i].first,
            .old = listed[i].old};
    for (size_t i = 0; i < count; i++)
        free(listed[i].url);
    free(listed);
}

static struct poll_child *current(const struct poll *poll)
{
    return &poll->children[poll->next_child - 1];
}

static void on_child_parsed(void *ctx, const struct parser_answer *answer)
{
    struct poll *poll = ctx;
    struct poll_child *child = current(poll);
    poll->parse = NULL;
    pipeline_weigh(poll->pipeline);
    /* One over a limit is read up to there. */
    child->read = answer->error == 0 || answer->error == -EMSGSIZE;
    if (child->read) {
        take_entries(poll, answer, child->first, child->old);
    } else {
        poll->pipeline->seen.documents_refused++;
        log_warning("pipeline: sitemap not understood source=%s url=%s why=%s", poll_id(poll),
                    log_safez(child->url), log_safez(answer->report.reason));
    }
    poll_go_on(poll);
}

static void replace(char **slot, const char *text)
{
    free(*slot);
    *slot = text && *text ? xstrdup(text) : NULL;
}

static void on_child(void *ctx, const struct fetch_reply *reply)
{
    struct poll *poll = ctx;
    struct poll_child *child = current(poll);
    poll->fetch = NULL;
    if (reply->class != FETCH_OK) {
        /* One that is not there any more is not missed. */
        child->read = reply->status == 404 || reply->class == FETCH_GONE;
        log_info("pipeline: sitemap not fetched source=%s url=%s class=%s status=%d why=%s",
                 poll_id(poll), log_safez(child->url), fetch_class_name(reply->class),
                 reply->status, log_safez(reply->error));
        poll_go_on(poll);
        return;
    }
    replace(&child->etag, reply->etag[0] || !reply->not_modified ? reply->etag : child->etag);
    if (reply->last_modified[0] || !reply->not_modified)
        replace(&child->last_modified, reply->last_modified);
    child->read = reply->not_modified;
    if (reply->not_modified) {
        poll_go_on(poll);
        return;
    }
    struct parse_request request = {
        .type = PARSE_SITEMAP,
        .url = str_of(reply->url),
        .charset = str_of(reply->charset),
        .content_type = str_of(reply->content_type),
        .content_encoding = str_of(reply->content_encoding),
        .fetched_at = poll->fetched_at,
    };
    poll->parse =
        parser_submit(poll->pipeline->parser, &request, reply->body, on_child_parsed, poll);
    pipeline_weigh(poll->pipeline);
}

/* ---------------------------------------------------------------------------------------- the poll */

void poll_take_sitemap(struct poll *poll, const struct parser_answer *answer)
{
    bool index = answer->about && str_is(answer->about->field[ABOUT_SITEMAP], "index");
    if (index)
        take_children(poll, answer);
    else
        take_entries(poll, answer, source_is_new(poll->source), false);
}

bool poll_next_child(struct poll *poll)
{
    while (poll->next_child < poll->child_count && poll->pages_asked < LIMIT_PAGES_A_POLL) {
        struct poll_child *child = &poll->children[poll->next_child++];
        child->asked = true;
        poll->fetch = fetch_start(
            poll->pipeline->fetch,
            &(struct fetch_request){.url = child->url,
                                    .etag = child->etag,
                                    .last_modified = child->last_modified,
                                    .accept = "application/xml, text/xml, */*;q=0.5",
                                    .allow_private = source_def(poll->source)->allow_private},
            on_child, poll);
        if (poll->fetch)
            return true;
        child->read = true; /* no address that can be asked */
    }
    return false;
}

void poll_tell_children(struct poll *poll, bool again)
{
    for (size_t i = 0; i < poll->child_count; i++) {
        const struct poll_child *child = &poll->children[i];
        poll->list_again |= !child->read;
        if (!child->asked)
            continue;
        source_child_read(poll->source, child->url, child->updated_at, child->etag,
                          child->last_modified, again || !child->read);
    }
}

void poll_free_children(struct poll *poll)
{
    for (size_t i = 0; i < poll->child_count; i++) {
        free(poll->children[i].url);
        free(poll->children[i].etag);
        free(poll->children[i].last_modified);
    }
    free(poll->children);
}
