/* What happens to one source: asked, answered, settled, paused, moved. */
#include "kind.h"

#include <assert.h>

#include "clock.h"
#include "limits.h"
#include "log.h"
#include "utf8.h"

const struct source_def *source_def(const struct source *source)
{
    return &source->def;
}

const char *source_title(const struct source *source)
{
    if (source->title)
        return source->title;
    return source->def.title ? source->def.title : source->def.id;
}

enum source_reads source_reads(const struct source *source)
{
    return source->kind->reads;
}

bool source_is_new(const struct source *source)
{
    return source->schedule.last_success == 0;
}

void source_keep(char **slot, const char *text)
{
    char *kept = text && *text ? xstrdup(text) : NULL;
    free(*slot);
    *slot = kept;
}

void source_refresh(struct source *source)
{
    if (source->phase != SOURCE_IDLE && source->kind->asks)
        return; /* it is being asked */
    schedule_refresh(&source->schedule, clock_now());
    sources_plan(source);
}

void source_pause(struct source *source, bool pause)
{
    source->paused = pause;
    sources_plan(source);
    if (!pause && source->kind->wake)
        source->kind->wake(source);
}

/* Validators belong to what was understood: after a failure the next ask must not be answered by
 * "same as before". A 304 may bring newer ones, or none. */
static void keep_validators(struct source *s, const struct source_outcome *o)
{
    if (!o->not_modified || (o->etag && *o->etag))
        source_keep(&s->etag, o->etag);
    if (!o->not_modified || (o->last_modified && *o->last_modified))
        source_keep(&s->last_modified, o->last_modified);
}

static void keep_title(struct source *s, const char *title)
{
    if (!title || !*title)
        return;
    struct str cut = utf8_upto(str_of(title), LIMIT_TITLE);
    free(s->title);
    s->title = str_dup(cut);
}

/* A maintenance page answers 301 once or twice; a publisher that moved does so for ever. */
static void follow_move(struct source *s, const char *moved)
{
    if (!moved || !*moved || strlen(moved) > LIMIT_URL) {
        source_keep(&s->moved, NULL);
        s->moved_count = 0;
        return;
    }
    if (!s->moved || strcmp(s->moved, moved) != 0) {
        source_keep(&s->moved, moved);
        s->moved_count = 0;
    }
    s->moved_count++;
    const struct source *there = sources_at(s->sources, moved);
    if (s->moved_count < LIMIT_ADOPT_AFTER)
        return;
    if (there == s) {
        if (s->adopted && strcmp(moved, source_address(s)) == 0)
            sources_adopt(s, NULL); /* and back again */
        return;
    }
    if (there) {
        if (s->moved_count == LIMIT_ADOPT_AFTER)
            log_warning(
                "source: moved to an address that is asked already source=%s url=%s other=%s",
                s->def.id, log_safez(moved), there->def.id);
        return;
    }
    log_info("source: moved for good source=%s url=%s", s->def.id, log_safez(moved));
    sources_adopt(s, moved);
    source_keep(&s->moved, NULL);
    s->moved_count = 0;
}

/* The address that was taken over is dead: whoever runs the source's own may have a better one by
 * now. It is asked at once, without validators of the other; when it still leads there, that counts
 * as three moves again. */
static void leave_adopted(struct source *s, const struct source_outcome *o)
{
    char why[SCHEDULE_WHY], number[16];
    bool gone = o->gone || o->status == 404 || o->status == 410;
    if (!s->adopted || (!gone && s->schedule.failures < LIMIT_ADOPT_AFTER))
        return;
    snprintf(number, sizeof(number), "%d", o->status);
    snprintf(why, sizeof(why), "the address it had moved to failed (%s): its own is asked again",
             gone && o->status ? number : s->schedule.class);
    log_warning("source: leaving the address it moved to source=%s url=%s class=%s status=%d",
                s->def.id, log_safez(s->adopted), log_safez(s->schedule.class), o->status);
    sources_adopt(s, NULL);
    source_keep(&s->etag, NULL);
    source_keep(&s->last_modified, NULL);
    source_keep(&s->moved, NULL);
    s->moved_count = 0;
    schedule_elsewhere(&s->schedule, clock_now(), why);
}

static void log_outcome(const struct source *s, const struct source_outcome *o,
                        uint32_t failures_before)
{
    char next[CLOCK_TEXT];
    clock_format(s->schedule.next_at, next);
    if (!o->class && !o->gone) {
        if (failures_before)
            log_info("source: healed source=%s failures=%u", s->def.id, failures_before);
        log_debug("source: asked source=%s status=%d items=%u new=%u next=%s", s->def.id, o->status,
                  o->items, o->fresh_items, next);
    } else if (o->gone) {
        log_warning("source: gone, retired source=%s status=%d next=%s", s->def.id, o->status,
                    next);
    } else if (failures_before == 0) {
        log_warning("source: failing source=%s class=%s status=%d error=%s next=%s", s->def.id,
                    log_safez(o->class), o->status, log_safez(o->error), next);
    } else {
        log_info("source: still failing source=%s class=%s failures=%u next=%s", s->def.id,
                 log_safez(o->class), s->schedule.failures, next);
    }
}

void source_polled(struct source *s, const struct source_outcome *o)
{
    assert(s->kind->asks && s->phase == SOURCE_UNDER_WAY);
    uint32_t failures_before = s->schedule.failures;
    struct schedule_terms terms = {s->def.every_us, sources_price(s->sources)};
    schedule_decide(&s->schedule, &terms, o, clock_now(), sources_chance(s->sources));
    sources_note_interval(s);
    if (!o->class && !o->gone) {
        keep_validators(s, o);
        keep_title(s, o->title);
        follow_move(s, o->moved);
        s->items += o->items;
        s->fresh_items += o->fresh_items;
    } else if (s->schedule.failures > failures_before) {
        leave_adopted(s, o);
    }
    log_outcome(s, o, failures_before);
    s->phase = SOURCE_SETTLING;
}

void source_file_done(struct source *s, const char *name, const char *class, uint32_t items)
{
    assert(!s->kind->asks && s->phase == SOURCE_UNDER_WAY);
    if (class)
        log_debug("source: file not understood source=%s file=%s class=%s", s->def.id,
                  log_safez(name), log_safez(class));
    directory_done(s, name, class);
    s->items += items;
    s->schedule.last_success = clock_now();
    if (items > 0)
        s->schedule.last_new = s->schedule.last_success;
    s->phase = SOURCE_SETTLING;
}

/* Nothing is under way any more. */
static void rest(struct source *s)
{
    s->phase = SOURCE_IDLE;
    sources_note_ask(s, false);
    if (s->leaving) {
        source_free(s);
        return;
    }
    if (s->kind->asks)
        sources_plan(s);
    if (s->kind->wake)
        s->kind->wake(s);
}

void source_settled(struct source *s)
{
    assert(s->phase == SOURCE_SETTLING);
    rest(s);
}

void source_abandon(struct source *s)
{
    if (s->phase == SOURCE_IDLE)
        return;
    if (!s->kind->asks)
        directory_abandon(s);
    rest(s);
}
