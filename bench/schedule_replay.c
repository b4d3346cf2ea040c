/*
 * Replays a modelled population of sources against rules of asking: how many requests, and how long
 * an item waits. See bench/schedule, which prints the table.
 *
 *   schedule_replay RULE PARAMETER SOURCES SEED [LEAST]      prints one line of JSON
 *
 * RULE ours (PARAMETER: price of a request in hours), fixed (minutes), miniflux (entry_frequency;
 * factor), commafeed (minutes of its `interval`), mediacloud (minutes of its default interval).
 * LEAST: our least interval in minutes, 10 unless given.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "rhythm.h"
#include "str.h"

#define WARM_DAYS 21
#define DAYS      49                          /* of which the first WARM_DAYS do not count */
#define START     (1767225600 * USEC_PER_SEC) /* Thursday, 2026-01-01 00:00 GMT */
#define HISTORY   (14 * USEC_PER_DAY)         /* published before anybody asks */
#define ITEMS_MAX 60000

/* ---- chance */

static uint64_t seed_state;

static double chance(void) /* splitmix64, 0..1 */
{
    uint64_t z = (seed_state += 0x9e3779b97f4a7c15ULL);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return (double)((z ^ (z >> 31)) >> 11) / 9007199254740992.0;
}

static double normal(void)
{
    return sqrt(-2 * log(1 - chance())) * cos(6.283185307179586 * chance());
}

/* ---- the population */

struct publisher {
    int64_t *times; /* ascending */
    uint32_t count;
    uint32_t window; /* items in its document */
};

struct habits {
    double rate;           /* items an hour, on average over a working day */
    double night, weekend; /* share of the day's rate */
    double by_clock;       /* share of items that wait for a mark of the clock */
    int64_t mark;          /* that mark: every so often */
    unsigned zone;         /* hours */
    unsigned editions;     /* 0, or so many times a day everything is published at once */
    double echo;           /* items that one item calls forth within the hour: bursts */
};

static struct habits draw_habits(void)
{
    struct habits h = {.zone = (unsigned)(chance() * 24)};
    double a_day = 8 * exp(1.5 * normal());
    h.rate = (a_day > 300 ? 300 : a_day < 0.05 ? 0.05 : a_day) / 24;
    h.night = chance() < 0.2 ? 0.8 : 0.05 + 0.25 * chance();
    h.weekend = 0.2 + 0.8 * chance();
    if (chance() < 0.35) {
        h.by_clock = 0.5 + 0.4 * chance();
        h.mark = (chance() < 0.5 ? 60 : chance() < 0.5 ? 30 : 15) * USEC_PER_MIN;
    }
    if (chance() < 0.12)
        h.editions = 1 + (unsigned)(chance() * 3);
    h.echo = chance() < 0.5 ? 0.35 : 0;
    return h;
}

static double rate_at(const struct habits *h, int64_t at)
{
    double hour = fmod((double)(at % USEC_PER_DAY) / USEC_PER_HOUR + h->zone, 24);
    int64_t day = ((at + h->zone * USEC_PER_HOUR) / USEC_PER_DAY + 4) % 7;
    double light = hour < 5 || hour > 23
                       ? h->night
                       : h->night + (1 - h->night) * sin((hour - 5) / 18 * 3.14159265);
    return h->rate * light * 1.7 * (day == 0 || day == 6 ? h->weekend : 1) / (1 + h->echo);
}

static int64_t by_habit(const struct habits *h, int64_t at)
{
    if (h->editions) {
        int64_t every = 14 * USEC_PER_HOUR / h->editions,
                local = (at + h->zone * USEC_PER_HOUR) % USEC_PER_DAY, midnight = at - local,
                slot = (local - 6 * USEC_PER_HOUR + every) / every;
        int64_t when = midnight + 6 * USEC_PER_HOUR + (slot < 0 ? 0 : slot) * every;
        return when < at ? at : when + (int64_t)(chance() * 3 * USEC_PER_MIN);
    }
    if (h->mark && chance() < h->by_clock)
        return (at / h->mark + 1) * h->mark + (int64_t)(chance() * 60 * USEC_PER_SEC);
    return at;
}

static void publish(struct publisher *p, int64_t at)
{
    if (p->count < ITEMS_MAX && at < START + DAYS * USEC_PER_DAY)
        p->times[p->count++] = at;
}

static int ascending(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static void draw(struct publisher *p)
{
    struct habits h = draw_habits();
    p->times = xmalloc(ITEMS_MAX * sizeof *p->times);
    p->count = 0;
    p->window = chance() < 0.3 ? 10 : chance() < 0.5 ? 20 : 50;
    double top = h.rate * 1.7;
    for (int64_t at = START - HISTORY; at < START + DAYS * USEC_PER_DAY;) {
        at += (int64_t)(-log(1 - chance()) / top * USEC_PER_HOUR);
        if (chance() * top >= rate_at(&h, at))
            continue;
        publish(p, by_habit(&h, at));
        int64_t child = at;
        while (chance() < h.echo / (1 + h.echo) * 1.0 + (h.echo > 0 ? 0.1 : 0)) {
            child += (int64_t)(-log(1 - chance()) * 0.4 * USEC_PER_HOUR);
            publish(p, by_habit(&h, child));
        }
    }
    qsort(p->times, p->count, sizeof *p->times, ascending);
    p->times = xrealloc(p->times, (p->count + 1) * sizeof *p->times);
}

/* ---- the rules: each looks at what a poll brought and says how long to wait */

struct look { /* one poll, as a reader sees it */
    int64_t now, gap;
    const int64_t *all;    /* every item published so far, ascending */
    uint32_t total;        /* of all */
    uint32_t shown, fresh; /* in the document; of these not seen before */
    bool first;
};

struct reader { /* what a rule remembers of one source */
    struct rhythm rhythm;
    int64_t interval;
    int64_t last_new;
};

typedef int64_t rule(struct reader *, const struct look *, double parameter);

static int64_t bound(int64_t us, int64_t least, int64_t most)
{
    return us < least ? least : us > most ? most : us;
}

static int64_t ours_least = 10 * USEC_PER_MIN; /* the rival's own */

static int64_t ours(struct reader *r, const struct look *l, double price)
{
    const int64_t *shown = l->all + l->total - l->shown;
    if (l->first)
        rhythm_history(&r->rhythm, l->now, shown, l->shown);
    else
        rhythm_watched(&r->rhythm, l->now, l->all + l->total - l->fresh, l->fresh, l->fresh);
    struct rhythm_plan plan = {
        .price_h = price, .least_us = ours_least, .most_us = USEC_PER_DAY, .window = l->shown};
    int64_t wait = rhythm_wait_us(&r->rhythm, &plan, l->now);
    int64_t most = wait / 10 < 2 * USEC_PER_MIN ? wait / 10 : 2 * USEC_PER_MIN;
    return wait + (int64_t)((double)most * chance());
}

static int64_t fixed(struct reader *r, const struct look *l, double minutes)
{
    (void)r;
    (void)l;
    return (int64_t)(minutes * USEC_PER_MIN);
}

/* internal/model/feed.go: minutes of a week by the items of the last week, 5 minutes to 24 hours. */
static int64_t miniflux(struct reader *r, const struct look *l, double factor)
{
    uint32_t week = 0;
    (void)r;
    while (week < l->total && l->all[l->total - 1 - week] > l->now - 7 * USEC_PER_DAY)
        week++;
    if (week == 0)
        return USEC_PER_DAY;
    return bound(lround(7 * 24 * 60 / (week * factor)) * USEC_PER_MIN, 5 * USEC_PER_MIN,
                 USEC_PER_DAY);
}

/* FeedRefreshIntervalCalculator.java, empirical: half the mean time between the document's entries. */
static int64_t commafeed(struct reader *r, const struct look *l, double minutes)
{
    int64_t least = (int64_t)(minutes * USEC_PER_MIN), most = 4 * USEC_PER_HOUR;
    (void)r;
    if (l->shown == 0)
        return most;
    int64_t last = l->all[l->total - 1], since = (l->now - last) / USEC_PER_DAY;
    if (since >= 30)
        return most;
    if (since >= 14)
        return bound(most / 2, least, most);
    if (since >= 7)
        return bound(most / 4, least, most);
    if (l->shown < 2)
        return most;
    int64_t mean = (last - l->all[l->total - l->shown]) / (l->shown - 1);
    return bound(mean / 2, least, most / 4 > least ? most / 4 : least);
}

/* fetcher/tasks.py, auto-adjust by the share of stories known. */
static int64_t mediacloud(struct reader *r, const struct look *l, double minutes)
{
    int64_t start = (int64_t)(minutes * USEC_PER_MIN);
    if (l->first) {
        r->interval = start;
        r->last_new = l->total ? l->all[l->total - 1] : l->now;
        return r->interval;
    }
    if (l->fresh)
        r->last_new = l->now;
    double known = l->shown && l->fresh ? 100.0 * (l->shown - l->fresh) / l->shown : 101;
    if (known >= 67)
        r->interval += known < 100 || l->now - r->last_new < 32 * USEC_PER_DAY ? 10 * USEC_PER_MIN
                                                                               : 60 * USEC_PER_MIN;
    else if (known < 33)
        r->interval = r->interval > start ? start : r->interval - 60 * USEC_PER_MIN;
    r->interval = bound(r->interval, 10 * USEC_PER_MIN, USEC_PER_DAY);
    return r->interval;
}

/* ---- the replay */

struct tally {
    uint64_t requests, items, lost;
    float *delays; /* minutes */
    size_t cap;
};

static void note_delay(struct tally *t, int64_t us)
{
    if (t->items == t->cap) {
        t->cap = t->cap ? t->cap * 2 : 1 << 16;
        t->delays = xrealloc(t->delays, t->cap * sizeof *t->delays);
    }
    t->delays[t->items++] = (float)((double)us / USEC_PER_MIN);
}

static void replay(const struct publisher *p, rule *decide, double parameter, struct tally *t)
{
    struct reader reader = {0};
    int64_t counted = START + WARM_DAYS * USEC_PER_DAY, end = START + DAYS * USEC_PER_DAY;
    int64_t now = START + (int64_t)(chance() * USEC_PER_HOUR), before = 0;
    uint32_t known = 0, total = 0;
    for (bool first = true; now < end; first = false) {
        while (total < p->count && p->times[total] <= now)
            total++;
        struct look l = {
            .now = now, .gap = now - before, .all = p->times, .total = total, .first = first};
        l.shown = total < p->window ? total : p->window;
        uint32_t unseen = total - known;
        l.fresh = first ? l.shown : unseen < l.shown ? unseen : l.shown;
        if (now >= counted) {
            t->requests++;
            t->lost += first ? 0 : unseen - l.fresh;
            for (uint32_t i = total - l.fresh; i < total && !first; i++)
                note_delay(t, now - p->times[i]);
        }
        known = total;
        before = now;
        now += decide(&reader, &l, parameter);
    }
}

static int by_size(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        rule *decide;
    } rules[] = {{"ours", ours},
                 {"fixed", fixed},
                 {"miniflux", miniflux},
                 {"commafeed", commafeed},
                 {"mediacloud", mediacloud}};
    if (argc != 5 && argc != 6)
        return 64;
    if (argc == 6)
        ours_least = (int64_t)strtoul(argv[5], NULL, 10) * USEC_PER_MIN;
    rule *decide = NULL;
    for (size_t i = 0; i < ARRAY_LEN(rules); i++)
        if (strcmp(argv[1], rules[i].name) == 0)
            decide = rules[i].decide;
    if (!decide)
        return 64;
    struct tally t = {0};
    unsigned sources = (unsigned)strtoul(argv[3], NULL, 10);
    uint64_t seed = strtoull(argv[4], NULL, 10);
    for (unsigned i = 0; i < sources; i++) {
        struct publisher p;
        seed_state = seed * 1000003 + i;
        draw(&p);
        replay(&p, decide, strtod(argv[2], NULL), &t);
        free(p.times);
    }
    if (t.items == 0)
        return 65;
    qsort(t.delays, t.items, sizeof *t.delays, by_size);
    double sum = 0;
    for (size_t i = 0; i < t.items; i++)
        sum += t.delays[i];
    printf("{\"requests\": %.1f, \"items\": %llu, \"median\": %.2f, \"p95\": %.2f, \"mean\": %.2f, "
           "\"lost\": %llu}\n",
           (double)t.requests / sources / (DAYS - WARM_DAYS), (unsigned long long)t.items,
           t.delays[t.items / 2], t.delays[t.items * 95 / 100], sum / (double)t.items,
           (unsigned long long)t.lost);
    free(t.delays);
    return 0;
}
