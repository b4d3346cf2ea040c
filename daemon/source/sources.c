#include "kind.h"

#include <assert.h>
#include <errno.h>
#include <sys/random.h>

#include "budget.h"
#include "clock.h"
#include "limits.h"
#include "log.h"
#include "slug.h"

#define DUE_A_TURN 64 /* asked in one turn of the loop */

static const struct source_kind *const kinds[] = {&source_feed, &source_page, &source_sitemap,
                                                  &source_directory, &source_push};

struct sources {
    struct sources_options options;
    struct source *by_id, *by_origin, *by_adopted;
    /* Of those that ask, and of directories: a line of the former does not hold up the latter. */
    struct due asks, looks;
    size_t asking;
    ev_timer timer;
    struct directories *directories;
    uint64_t chance;
    struct budget budget;
    bool started, held;
};

/* ---- time */

static struct due *due_of(struct source *source)
{
    return source->kind->asks ? &source->sources->asks : &source->sources->looks;
}

bool sources_full(const struct sources *sources)
{
    return sources->asking >= LIMIT_ASKS_UNDER_WAY;
}

/* Whose turn is next; an ask only while one more may be under way. */
static struct due_entry *first_due(const struct sources *sources)
{
    struct due_entry *ask = sources_full(sources) ? NULL : due_first(&sources->asks);
    struct due_entry *look = due_first(&sources->looks);
    if (!ask || !look)
        return ask ? ask : look;
    return look->at <= ask->at ? look : ask;
}

static void rearm(struct sources *sources)
{
    const struct due_entry *first = first_due(sources);
    ev_timer_stop(sources->options.loop, &sources->timer);
    if (!first || sources->held || !sources->started)
        return;
    int64_t wait = first->at - clock_mono();
    ev_timer_set(&sources->timer, wait > 0 ? (double)wait / 1e6 : 0., 0.);
    ev_timer_start(sources->options.loop, &sources->timer);
}

void sources_run(struct sources *sources)
{
    for (int i = 0; i < DUE_A_TURN && sources->started && !sources->held; i++) {
        struct due_entry *first = first_due(sources);
        if (!first || first->at > clock_mono())
            break;
        struct source *source = (struct source *)((char *)first - offsetof(struct source, due));
        due_clear(due_of(source), first);
        source->kind->due(source); /* may have ended it */
    }
    rearm(sources);
}

static void on_timer(struct ev_loop *loop, ev_timer *w, int events)
{
    (void)loop, (void)events;
    sources_run(w->data);
}

/* Wall times are what people and the store read; the waiting itself is monotonic. */
void sources_plan(struct source *source)
{
    struct sources *sources = source->sources;
    bool waits = !source->paused && !source->leaving &&
                 (source->phase == SOURCE_IDLE || !source->kind->asks);
    if (!sources->started)
        return;
    if (waits)
        due_set(due_of(source), &source->due,
                clock_mono() + source->schedule.next_at - clock_now());
    else
        due_clear(due_of(source), &source->due);
    rearm(sources);
}

void sources_note_ask(struct source *source, bool begins)
{
    struct sources *sources = source->sources;
    if (source->asked == begins)
        return;
    source->asked = begins;
    if (begins) {
        sources->asking++;
        return;
    }
    sources->asking--;
    rearm(sources); /* the next in line */
}

double sources_price(struct sources *sources)
{
    return budget_price(&sources->budget, clock_mono());
}

void sources_note_interval(struct source *source)
{
    bool counts = source->def.every_us == 0 && source->kind->asks && !source->leaving;
    int64_t interval = counts ? source->schedule.learned_us : 0;
    budget_note(&source->sources->budget, source->budgeted_us, interval);
    source->budgeted_us = interval;
}

void sources_changed(struct source *source)
{
    const struct sources_options *options = &source->sources->options;
    if (options->changed)
        options->changed(options->ctx, source);
}

bool sources_held(const struct sources *sources)
{
    return sources->held;
}

struct directories *sources_directories(struct sources *sources)
{
    return sources->directories;
}

void sources_up(struct source *source, struct source_event *event)
{
    const struct sources_options *options = &source->sources->options;
    options->up(options->ctx, event);
}

/* splitmix64: any spread will do, it decides nothing but jitter. */
double sources_chance(struct sources *sources)
{
    uint64_t z = sources->chance += 0x9e3779b97f4a7c15;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return (double)((z ^ z >> 31) >> 11) / 9007199254740992.0;
}

/* ---- the list */

int sources_open(const struct sources_options *options, struct sources **out)
{
    struct sources *sources = xcalloc(1, sizeof(*sources));
    sources->options = *options;
    if (getrandom(&sources->chance, sizeof(sources->chance), 0) != (ssize_t)sizeof(sources->chance))
        sources->chance = (uint64_t)clock_now();
    budget_init(&sources->budget, options->asks_a_day);
    ev_timer_init(&sources->timer, on_timer, 0., 0.);
    sources->timer.data = sources;
    sources->directories = directories_new(options->loop);
    *out = sources;
    return 0;
}

void sources_close(struct sources *sources)
{
    struct source *source, *tmp;
    if (!sources)
        return;
    HASH_ITER (by_id, sources->by_id, source, tmp)
        source_free(source);
    directories_free(sources->directories);
    ev_timer_stop(sources->options.loop, &sources->timer);
    due_done(&sources->asks);
    due_done(&sources->looks);
    free(sources);
}

const char *source_address(const struct source *source)
{
    return source->kind->asks ? source->def.url : source->def.path;
}

static struct source *find_origin(struct sources *sources, struct str address)
{
    struct source *source;
    HASH_FIND(by_origin, sources->by_origin, address.at, address.len, source);
    return source;
}

static struct source *find_adopted(struct sources *sources, struct str address)
{
    struct source *source;
    HASH_FIND(by_adopted, sources->by_adopted, address.at, address.len, source);
    return source;
}

static struct source *find_id(struct sources *sources, struct str id)
{
    struct source *source;
    HASH_FIND(by_id, sources->by_id, id.at, id.len, source);
    return source;
}

struct source *sources_at(struct sources *sources, const char *address)
{
    struct source *source = find_origin(sources, str_of(address));
    return source ? source : find_adopted(sources, str_of(address));
}

void sources_adopt(struct source *source, const char *address)
{
    struct sources *sources = source->sources;
    if (source->adopted)
        HASH_DELETE(by_adopted, sources->by_adopted, source);
    source_keep(&source->adopted, address);
    if (source->adopted)
        HASH_ADD_KEYPTR(by_adopted, sources->by_adopted, source->adopted, strlen(source->adopted),
                        source);
}

static bool is_id(struct str id)
{
    for (size_t i = 0; i < id.len; i++) {
        char c = id.at[i];
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-'))
            return false;
    }
    return id.len > 0 && id.len <= LIMIT_SOURCE_ID;
}

static const struct source_kind *find_kind(const char *name)
{
    for (size_t i = 0; name && i < ARRAY_LEN(kinds); i++) {
        if (strcmp(kinds[i]->name, name) == 0)
            return kinds[i];
    }
    return NULL;
}

static int check_every(int64_t every_us, char why[SOURCE_WHY])
{
    if (every_us == 0 || (every_us >= LIMIT_INTERVAL_MIN_MS * USEC_PER_MSEC &&
                          every_us <= LIMIT_INTERVAL_MAX_MS * USEC_PER_MSEC))
        return 0;
    snprintf(why, SOURCE_WHY, "every: from 1s to 24h, or auto");
    return -EINVAL;
}

static int check(struct sources *sources, const struct source_def *def,
                 const struct source_kind *kind, char why[SOURCE_WHY])
{
    if (def->id && *def->id && !is_id(str_of(def->id))) {
        snprintf(why, SOURCE_WHY, "id: 1 to %d of a-z, 0-9, '_' and '-', not %s", LIMIT_SOURCE_ID,
                 log_safe(str_upto(str_of(def->id), 80)));
        return -EINVAL;
    }
    int err = kind->check(def, why);
    if (!err)
        err = check_every(def->every_us, why);
    if (!err && HASH_CNT(by_id, sources->by_id) >= LIMIT_SOURCES) {
        snprintf(why, SOURCE_WHY, "more than %d sources", LIMIT_SOURCES);
        err = -EINVAL;
    }
    if (err)
        return err;
    const struct source *there = def->id && *def->id ? find_id(sources, str_of(def->id)) : NULL;
    if (there) {
        snprintf(why, SOURCE_WHY, "id: %s is there already", def->id);
        return -EEXIST;
    }
    const char *address = kind->asks ? def->url : def->path;
    there = address ? find_origin(sources, str_of(address)) : NULL;
    if (there) {
        snprintf(why, SOURCE_WHY, "%s: source %s has this address already",
                 kind->asks ? "url" : "path", there->def.id);
        return -EEXIST;
    }
    return 0;
}

/* The copy lies behind *at, which moves on. */
static const char *copy(char **at, const char *text)
{
    if (!text || !*text)
        return NULL;
    size_t size = strlen(text) + 1;
    char *here = memcpy(*at, text, size);
    *at += size;
    return here;
}

static size_t size_of(const char *text)
{
    return text ? strlen(text) + 1 : 0;
}

/* The source and the strings of its definition are one block. */
static struct source *make(struct sources *sources, const struct source_def *def,
                           const struct source_kind *kind)
{
    char made[LIMIT_SOURCE_ID + 1];
    const char *id = def->id;
    if (!id || !*id) {
        sources_make_id(sources, kind->asks ? def->url : def->path, made, sizeof(made));
        id = made;
    }
    struct source *s =
        xcalloc(1, sizeof(*s) + size_of(id) + size_of(def->url) + size_of(def->path) +
                       size_of(def->title) + size_of(def->links) + size_of(def->skip));
    char *at = (char *)(s + 1);
    s->sources = sources;
    s->kind = kind;
    s->def = *def;
    s->def.kind = kind->name;
    s->def.id = copy(&at, id);
    s->def.url = copy(&at, def->url);
    s->def.path = copy(&at, def->path);
    s->def.title = copy(&at, def->title);
    s->def.links = copy(&at, def->links);
    s->def.skip = copy(&at, def->skip);
    return s;
}

int sources_add(struct sources *sources, const struct source_def *def, struct str state,
                struct source **out, char why[SOURCE_WHY])
{
    const struct source_kind *kind = find_kind(def->kind);
    if (!kind) {
        int len = snprintf(why, SOURCE_WHY, "kind: %.60s is none of", log_safez(def->kind));
        for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
            len += snprintf(why + len, SOURCE_WHY - (size_t)len, " %s", kinds[i]->name);
        return -EINVAL;
    }
    int err = check(sources, def, kind, why);
    if (err)
        return err;
    struct source *s = make(sources, def, kind);
    const char *address = source_address(s);
    HASH_ADD_KEYPTR(by_id, sources->by_id, s->def.id, strlen(s->def.id), s);
    if (address) {
        HASH_ADD_KEYPTR(by_origin, sources->by_origin, address, strlen(address), s);
        /* A definition has the older right to an address than a redirect. */
        struct source *adopter = find_adopted(sources, str_of(address));
        if (adopter)
            sources_adopt(adopter, NULL);
    }
    state_read(s, state);
    sources_note_interval(s);
    if (sources->started)
        kind->start(s);
    if (out)
        *out = s;
    return 0;
}

void source_free(struct source *s)
{
    struct sources *sources = s->sources;
    sources_note_ask(s, false);
    budget_note(&sources->budget, s->budgeted_us, 0);
    due_clear(due_of(s), &s->due);
    if (s->kind->stop)
        s->kind->stop(s);
    sources_adopt(s, NULL);
    HASH_DELETE(by_id, sources->by_id, s);
    if (source_address(s))
        HASH_DELETE(by_origin, sources->by_origin, s);
    free(s->etag);
    free(s->last_modified);
    free(s->moved);
    free(s->title);
    free(s);
}

int sources_remove(struct sources *sources, struct str id)
{
    struct source *source = find_id(sources, id);
    if (!source)
        return -ENOENT;
    if (source->phase != SOURCE_IDLE) {
        source->leaving = true;
        return -EBUSY;
    }
    source_free(source);
    rearm(sources);
    return 0;
}

void sources_start(struct sources *sources)
{
    struct source *source, *tmp;
    if (sources->started)
        return;
    sources->started = true;
    HASH_ITER (by_id, sources->by_id, source, tmp)
        source->kind->start(source);
    rearm(sources);
}

void sources_hold(struct sources *sources, bool hold)
{
    struct source *source, *tmp;
    if (sources->held == hold)
        return;
    sources->held = hold;
    log_info("source: %s", hold ? "nobody is asked for now" : "asking again");
    rearm(sources);
    if (hold)
        return;
    HASH_ITER (by_id, sources->by_id, source, tmp) {
        if (source->kind->wake)
            source->kind->wake(source);
    }
}

struct source *sources_find(struct sources *sources, struct str what)
{
    struct source *source = find_id(sources, what);
    if (!source)
        source = find_origin(sources, what);
    return source ? source : find_adopted(sources, what);
}

void sources_each(struct sources *sources, void (*each)(void *ctx, struct source *source),
                  void *ctx)
{
    struct source *source, *tmp;
    HASH_ITER (by_id, sources->by_id, source, tmp)
        each(ctx, source);
}

size_t sources_count(const struct sources *sources)
{
    return HASH_CNT(by_id, sources->by_id);
}

void sources_make_id(struct sources *sources, const char *address, char *out, size_t size)
{
    struct buf id = BUF_NONE;
    slug_put(&id, str_of(address), false, LIMIT_SOURCE_ID);
    if (find_id(sources, buf_str(&id))) {
        buf_reset(&id);
        slug_put(&id, str_of(address), true, LIMIT_SOURCE_ID);
    }
    snprintf(out, size, "%s", buf_cstr(&id));
    for (unsigned n = 2; find_id(sources, str_of(out)); n++)
        snprintf(out, size, "%.*s-%u", LIMIT_SOURCE_ID - 8, buf_cstr(&id), n);
    buf_free(&id);
}
