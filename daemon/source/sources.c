#include "kind.h"

#include <assert.h>
#include <errno.h>
#include <sys/random.h>

#include "clock.h"
#include "limits.h"
#include "log.h"

#define DUE_A_TURN 64 /* asked in one turn of the loop */

static const struct source_kind *const kinds[] = {&source_feed, &source_page, &source_directory};

struct sources {
    struct sources_options options;
    struct source *by_id, *by_origin, *by_adopted;
    struct due due;
    ev_timer timer;
    struct directories *directories;
    uint64_t chance;
    bool started, held;
};

/* ---- time */

static void rearm(struct sources *all)
{
    const struct due_entry *first = due_first(&all->due);
    ev_timer_stop(all->options.loop, &all->timer);
    if (!first || all->held || !all->started)
        return;
    int64_t wait = first->at - clock_mono();
    ev_timer_set(&all->timer, wait > 0 ? (double)wait / 1e6 : 0., 0.);
    ev_timer_start(all->options.loop, &all->timer);
}

void sources_run(struct sources *all)
{
    for (int i = 0; i < DUE_A_TURN && all->started && !all->held; i++) {
        struct due_entry *first = due_first(&all->due);
        if (!first || first->at > clock_mono())
            break;
        struct source *source = (struct source *)((char *)first - offsetof(struct source, due));
        due_clear(&all->due, first);
        source->kind->due(source); /* may have ended it */
    }
    rearm(all);
}

static void on_timer(struct ev_loop *loop, ev_timer *w, int events)
{
    (void)loop, (void)events;
    sources_run(w->data);
}

/* Wall times are what people and the store read; the waiting itself is monotonic. */
void sources_plan(struct source *source)
{
    struct sources *all = source->sources;
    bool waits = !source->paused && !source->leaving &&
                 (source->phase == SOURCE_IDLE || !source->kind->asks);
    if (!all->started)
        return;
    if (waits)
        due_set(&all->due, &source->due, clock_mono() + source->schedule.next_at - clock_now());
    else
        due_clear(&all->due, &source->due);
    rearm(all);
}

bool sources_held(const struct sources *all)
{
    return all->held;
}

struct ev_loop *sources_loop(const struct sources *all)
{
    return all->options.loop;
}

struct directories *sources_directories(struct sources *all)
{
    return all->directories;
}

void sources_up(struct source *source, struct source_event *event)
{
    const struct sources_options *options = &source->sources->options;
    options->up(options->ctx, event);
}

/* splitmix64: any spread will do, it decides nothing but jitter. */
double sources_chance(struct sources *all)
{
    uint64_t z = all->chance += 0x9e3779b97f4a7c15;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return (double)((z ^ z >> 31) >> 11) / 9007199254740992.0;
}

/* ---- the list */

int sources_open(const struct sources_options *options, struct sources **out)
{
    struct sources *all = xcalloc(1, sizeof(*all));
    all->options = *options;
    if (getrandom(&all->chance, sizeof(all->chance), 0) != (ssize_t)sizeof(all->chance))
        all->chance = (uint64_t)clock_now();
    ev_timer_init(&all->timer, on_timer, 0., 0.);
    all->timer.data = all;
    all->directories = directories_new(options->loop);
    *out = all;
    return 0;
}

void sources_close(struct sources *all)
{
    struct source *source, *tmp;
    if (!all)
        return;
    HASH_ITER (by_id, all->by_id, source, tmp)
        source_free(source);
    directories_free(all->directories);
    ev_timer_stop(all->options.loop, &all->timer);
    due_done(&all->due);
    free(all);
}

const char *source_address(const struct source *source)
{
    return source->kind->asks ? source->def.url : source->def.path;
}

static struct source *find_origin(struct sources *all, struct str address)
{
    struct source *source;
    HASH_FIND(by_origin, all->by_origin, address.at, address.len, source);
    return source;
}

static struct source *find_adopted(struct sources *all, struct str address)
{
    struct source *source;
    HASH_FIND(by_adopted, all->by_adopted, address.at, address.len, source);
    return source;
}

static struct source *find_id(struct sources *all, struct str id)
{
    struct source *source;
    HASH_FIND(by_id, all->by_id, id.at, id.len, source);
    return source;
}

struct source *sources_at(struct sources *all, const char *address)
{
    struct source *source = find_origin(all, str_of(address));
    return source ? source : find_adopted(all, str_of(address));
}

void sources_adopt(struct source *source, const char *address)
{
    struct sources *all = source->sources;
    if (source->adopted)
        HASH_DELETE(by_adopted, all->by_adopted, source);
    source_keep(&source->adopted, address);
    if (source->adopted)
        HASH_ADD_KEYPTR(by_adopted, all->by_adopted, source->adopted, strlen(source->adopted), source);
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

static int check(struct sources *all, const struct source_def *def, const struct source_kind *kind,
                 char why[SOURCE_WHY])
{
    if (def->id && *def->id && !is_id(str_of(def->id))) {
        snprintf(why, SOURCE_WHY, "id: 1 to %d of a-z, 0-9, '_' and '-', not %s", LIMIT_SOURCE_ID,
                 log_safe(str_upto(str_of(def->id), 80)));
        return -EINVAL;
    }
    int err = kind->check(def, why);
    if (!err)
        err = check_every(def->every_us, why);
    if (!err && HASH_CNT(by_id, all->by_id) >= LIMIT_SOURCES) {
        snprintf(why, SOURCE_WHY, "more than %d sources", LIMIT_SOURCES);
        err = -EINVAL;
    }
    if (err)
        return err;
    const struct source *there = def->id && *def->id ? find_id(all, str_of(def->id)) : NULL;
    if (there) {
        snprintf(why, SOURCE_WHY, "id: %s is there already", def->id);
        return -EEXIST;
    }
    there = find_origin(all, str_of(kind->asks ? def->url : def->path));
    if (there) {
        snprintf(why, SOURCE_WHY, "%s: source %s has this address already", kind->asks ? "url" : "path",
                 there->def.id);
        return -EEXIST;
    }
    return 0;
}

static const char *copy(const char *text)
{
    return text && *text ? xstrdup(text) : NULL;
}

static struct source *make(struct sources *all, const struct source_def *def,
                           const struct source_kind *kind)
{
    struct source *s = xcalloc(1, sizeof(*s));
    char id[LIMIT_SOURCE_ID + 1];
    s->sources = all;
    s->kind = kind;
    s->def = *def;
    if (def->id && *def->id)
        s->def.id = xstrdup(def->id);
    else {
        sources_make_id(all, kind->asks ? def->url : def->path, id, sizeof(id));
        s->def.id = xstrdup(id);
    }
    s->def.kind = kind->name;
    s->def.url = copy(def->url);
    s->def.path = copy(def->path);
    s->def.title = copy(def->title);
    return s;
}

int sources_add(struct sources *all, const struct source_def *def, struct str state,
                struct source **out, char why[SOURCE_WHY])
{
    const struct source_kind *kind = find_kind(def->kind);
    if (!kind) {
        snprintf(why, SOURCE_WHY, "kind: %s is none of feed, page, directory", log_safez(def->kind));
        return -EINVAL;
    }
    int err = check(all, def, kind, why);
    if (err)
        return err;
    struct source *s = make(all, def, kind);
    const char *address = source_address(s);
    HASH_ADD_KEYPTR(by_id, all->by_id, s->def.id, strlen(s->def.id), s);
    HASH_ADD_KEYPTR(by_origin, all->by_origin, address, strlen(address), s);
    /* A definition has the older right to an address than a redirect. */
    struct source *adopter = find_adopted(all, str_of(address));
    if (adopter)
        sources_adopt(adopter, NULL);
    state_read(s, state);
    if (all->started)
        kind->start(s);
    if (out)
        *out = s;
    return 0;
}

void source_free(struct source *s)
{
    struct sources *all = s->sources;
    due_clear(&all->due, &s->due);
    if (s->kind->stop)
        s->kind->stop(s);
    sources_adopt(s, NULL);
    HASH_DELETE(by_id, all->by_id, s);
    HASH_DELETE(by_origin, all->by_origin, s);
    char *const strings[] = {(char *)(uintptr_t)s->def.id,
                             (char *)(uintptr_t)s->def.url,
                             (char *)(uintptr_t)s->def.path,
                             (char *)(uintptr_t)s->def.title,
                             s->etag,
                             s->last_modified,
                             s->moved,
                             s->title};
    for (size_t i = 0; i < ARRAY_LEN(strings); i++)
        free(strings[i]);
    free(s);
}

int sources_remove(struct sources *all, struct str id)
{
    struct source *source = find_id(all, id);
    if (!source)
        return -ENOENT;
    if (source->phase != SOURCE_IDLE) {
        source->leaving = true;
        return -EBUSY;
    }
    source_free(source);
    rearm(all);
    return 0;
}

void sources_start(struct sources *all)
{
    struct source *source, *tmp;
    if (all->started)
        return;
    all->started = true;
    HASH_ITER (by_id, all->by_id, source, tmp)
        source->kind->start(source);
    rearm(all);
}

void sources_hold(struct sources *all, bool hold)
{
    struct source *source, *tmp;
    if (all->held == hold)
        return;
    all->held = hold;
    log_info("source: %s", hold ? "holding, the queue is full" : "asking again");
    rearm(all);
    if (hold)
        return;
    HASH_ITER (by_id, all->by_id, source, tmp) {
        if (source->kind->wake)
            source->kind->wake(source);
    }
}

struct source *sources_find(struct sources *all, struct str what)
{
    struct source *source = find_id(all, what);
    if (!source)
        source = find_origin(all, what);
    return source ? source : find_adopted(all, what);
}

void sources_each(struct sources *all, void (*each)(void *ctx, struct source *source), void *ctx)
{
    struct source *source, *tmp;
    HASH_ITER (by_id, all->by_id, source, tmp)
        each(ctx, source);
}

size_t sources_count(const struct sources *all)
{
    return HASH_CNT(by_id, all->by_id);
}

/* Without scheme, credentials and "www.": what people call it by. */
static struct str gist(struct str address)
{
    size_t scheme = str_find(address, STR("://"));
    if (scheme != SIZE_MAX) {
        address = str_from(address, scheme + 3);
        size_t at = str_chr(address, '@'), slash = str_chr(address, '/');
        if (at != SIZE_MAX && at < slash)
            address = str_from(address, at + 1);
    }
    return str_startsi(address, STR("www.")) ? str_from(address, 4) : address;
}

void sources_make_id(struct sources *all, const char *address, char *out, size_t size)
{
    char base[LIMIT_SOURCE_ID - 7]; /* room for "-200000" */
    size_t len = 0;
    struct str rest = gist(str_of(address));
    for (size_t i = 0; i < rest.len && len < sizeof(base) - 1; i++) {
        char c = rest.at[i];
        if (c >= 'A' && c <= 'Z')
            c = (char)(c | 0x20);
        if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))
            base[len++] = c;
        else if (len > 0 && base[len - 1] != '-')
            base[len++] = '-';
    }
    while (len > 0 && base[len - 1] == '-')
        len--;
    base[len] = '\0';
    snprintf(out, size, "%s", len ? base : "source");
    for (unsigned n = 2; find_id(all, str_of(out)); n++)
        snprintf(out, size, "%s-%u", len ? base : "source", n);
}
