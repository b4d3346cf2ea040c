#include "rhythm.h"

#include <math.h>
#include <stdbool.h>
#include <stddef.h>

#include "clock.h"

#define HALF_H      (RHYTHM_HALF_DAYS * 24.0)
#define MOOD_HALF_H 3.0 /* how long a burst or a silence is believed to last */
#define MOOD_DOUBT  2.0 /* items that the mood must see before it is half believed */
#define MOOD_LEAST  0.3
#define MOOD_MOST   6.0
#define FIRST_ITEMS 0.5 /* before anything was seen: half an item */
#define FIRST_HOURS 3.0 /* in three hours */
#define SHARE_DOUBT 1.0 /* items a bin that say nothing, for hours and slots */
#define DAY_DOUBT   8.0
/* The square root alone makes the mean wait shortest, by asking the rarest sources most for each of
 * their items. News ages fastest while it is young: the tenth minute of a wait counts more than the
 * tenth hour, so busy sources get somewhat more than it would give them. */
#define BUSY_DISCOUNT 0.35
#define STEP_US       (5 * USEC_PER_MIN)
#define STEP_H        (5.0 / 60)
#define STEPS_MOST    288 /* the longest wait: a day */
#define STEPS_HORIZON                                                                              \
    (STEPS_MOST + 144) /* half a day is planned, what lies behind costs as usual */

/* ---- bins */

static unsigned hour_of(int64_t at)
{
    return (unsigned)(at / USEC_PER_HOUR % RHYTHM_HOURS);
}

static unsigned day_of(int64_t at)
{
    return (unsigned)((at / USEC_PER_DAY + 4) % RHYTHM_DAYS); /* 1970-01-01: Thursday */
}

static unsigned slot_of(int64_t at)
{
    return (unsigned)(at / STEP_US % RHYTHM_SLOTS);
}

static void scale(float *bins, size_t count, float by)
{
    for (size_t i = 0; i < count; i++)
        bins[i] *= by;
}

static void fade(struct rhythm *r, double hours)
{
    float by = (float)exp2(-hours / HALF_H), mood = (float)exp2(-hours / MOOD_HALF_H);
    r->seen_h *= by;
    r->items *= by;
    r->recent *= mood;
    r->recent_due *= mood;
    scale(r->hour, RHYTHM_HOURS, by);
    scale(r->day, RHYTHM_DAYS, by);
    scale(r->slot, RHYTHM_SLOTS, by);
}

static void count_item(struct rhythm *r, int64_t at)
{
    r->items++;
    r->hour[hour_of(at)]++;
    r->day[day_of(at)]++;
    r->slot[slot_of(at)]++;
}

/* ---- the rate */

static double average(const struct rhythm *r)
{
    return (r->items + FIRST_ITEMS) / (r->seen_h + FIRST_HOURS);
}

/* How the bin compares with an even spread: 1 without items, and with few hardly more or less. */
static double share(const float *bins, size_t count, unsigned bin, double total, double doubt)
{
    double even = total / (double)count;
    return (bins[bin] + doubt) / (even + doubt);
}

static double usual(const struct rhythm *r, int64_t at)
{
    return average(r) * share(r->hour, RHYTHM_HOURS, hour_of(at), r->items, SHARE_DOUBT) *
           share(r->day, RHYTHM_DAYS, day_of(at), r->items, DAY_DOUBT) *
           share(r->slot, RHYTHM_SLOTS, slot_of(at), r->items, SHARE_DOUBT);
}

/* The mood at `at`: it returns to 1 as time goes by. */
static double mood(const struct rhythm *r, int64_t at)
{
    double now = (r->recent + MOOD_DOUBT) / (r->recent_due + MOOD_DOUBT);
    double ahead = (double)(at - r->at) / USEC_PER_HOUR;
    now = now < MOOD_LEAST ? MOOD_LEAST : now > MOOD_MOST ? MOOD_MOST : now;
    return 1 + (now - 1) * exp2(-(ahead > 0 ? ahead : 0) / MOOD_HALF_H);
}

double rhythm_rate(const struct rhythm *r, int64_t at)
{
    return usual(r, at) * mood(r, at);
}

double rhythm_items(const struct rhythm *r, int64_t from, int64_t to)
{
    double sum = 0;
    if (to - from > USEC_PER_DAY)
        from = to - USEC_PER_DAY;
    for (int64_t at = from; at < to; at += STEP_US) {
        int64_t end = at + STEP_US < to ? at + STEP_US : to;
        sum += usual(r, at) * (double)(end - at) / USEC_PER_HOUR;
    }
    return sum;
}

/* ---- learning */

static bool is_within(int64_t at, int64_t from, int64_t until)
{
    return at >= from && at <= until;
}

/* In the middle of `count` equal parts of the span, all over again when there are more. */
static int64_t spread(int64_t from, int64_t until, uint32_t i, uint32_t count)
{
    return from + (int64_t)((double)(until - from) * (i + 0.5) / count);
}

void rhythm_watched(struct rhythm *r, int64_t until, const int64_t *times, uint32_t count,
                    uint32_t items)
{
    int64_t from = r->at;
    if (until < from) /* the clock was put right: what it says now is believed */
        r->at = until;
    if (from == 0 || until <= from)
        return;
    double hours = (double)(until - from) / USEC_PER_HOUR;
    double due = rhythm_items(r, from, until); /* the mood has forgotten what lies before a day */
    if (items > RHYTHM_ITEMS)
        items = RHYTHM_ITEMS;
    fade(r, hours);
    r->at = until;
    r->seen_h += (float)hours;
    r->recent_due += (float)due;
    r->recent += (float)items;
    for (uint32_t i = 0; i < items; i++) {
        bool known = i < count && is_within(times[i], from, until);
        count_item(r, known ? times[i] : spread(from, until, i, items));
    }
}

void rhythm_history(struct rhythm *r, int64_t now, const int64_t *times, uint32_t count)
{
    int64_t oldest = now, limit = now - RHYTHM_HALF_DAYS * USEC_PER_DAY;
    for (uint32_t i = 0; i < count; i++)
        if (times[i] > limit && times[i] < oldest)
            oldest = times[i];
    for (uint32_t i = 0; i < count; i++)
        if (is_within(times[i], oldest, now))
            count_item(r, times[i]);
    r->seen_h += (float)((double)(now - oldest) / USEC_PER_HOUR);
    r->at = now;
}

/* ---- the plan */

struct prospect {                     /* of the coming slots */
    double items[STEPS_HORIZON + 1];  /* expected before slot i begins */
    double moment[STEPS_HORIZON + 1]; /* the same, each times its slot's number */
};

static void look_ahead(const struct rhythm *r, int64_t now, struct prospect *p)
{
    double hour[RHYTHM_HOURS], day[RHYTHM_DAYS], slot[RHYTHM_SLOTS];
    for (unsigned i = 0; i < RHYTHM_HOURS; i++)
        hour[i] = share(r->hour, RHYTHM_HOURS, i, r->items, SHARE_DOUBT);
    for (unsigned i = 0; i < RHYTHM_DAYS; i++)
        day[i] = share(r->day, RHYTHM_DAYS, i, r->items, DAY_DOUBT);
    for (unsigned i = 0; i < RHYTHM_SLOTS; i++)
        slot[i] = share(r->slot, RHYTHM_SLOTS, i, r->items, SHARE_DOUBT);
    double usually = average(r) * STEP_H, excess = mood(r, now) - 1;
    double fading = exp2(-STEP_H / MOOD_HALF_H);
    p->items[0] = p->moment[0] = 0;
    for (unsigned i = 0; i < STEPS_HORIZON; i++) {
        int64_t at = now + i * STEP_US + STEP_US / 2;
        double n = usually * hour[hour_of(at)] * day[day_of(at)] * slot[slot_of(at)] * (1 + excess);
        p->items[i + 1] = p->items[i] + n;
        p->moment[i + 1] = p->moment[i] + n * i;
        excess *= fading;
    }
}

/* Hours that the items of the slots [from, to) wait for a request at the end of them. */
static double waiting(const struct prospect *p, unsigned from, unsigned to)
{
    double items = p->items[to] - p->items[from], moment = p->moment[to] - p->moment[from];
    return ((to - 0.5) * items - moment) * STEP_H;
}

static unsigned steps(int64_t us, unsigned least)
{
    int64_t n = us / STEP_US;
    return n < least ? least : n > STEPS_MOST ? STEPS_MOST : (unsigned)n;
}

/* Half of the window is as much as may be new: what overlaps proves that nothing was missed. */
static bool overruns(const struct prospect *p, uint32_t window, unsigned from, unsigned to)
{
    return window && p->items[to] - p->items[from] > window / 2.0;
}

/* The step at which a request after that of step `from` costs least, when `cost` tells what
 * everything from a later step on costs. */
static unsigned best_step(const struct prospect *p, double price, uint32_t window,
                          const double *cost, unsigned from, unsigned least, unsigned most,
                          double *out)
{
    unsigned best = 0, last = from + most;
    for (unsigned to = from + least; to <= last; to++) {
        double now = waiting(p, from, to) + price, sum = now + cost[to];
        if (best && (overruns(p, window, from, to) || now + cost[last] > *out))
            break; /* waiting only grows, and nothing later costs less than the end does */
        if (!best || sum < *out) {
            best = to;
            *out = sum;
        }
    }
    return best;
}

/* What a slot costs on average in the long run, asked as suits the mean rate. */
static double usual_cost(const struct prospect *p, double price, unsigned most)
{
    double rate = p->items[STEPS_HORIZON] / STEPS_HORIZON / STEP_H;
    double hours = sqrt(2 * price / rate); /* never 0: average() doubts */
    if (hours > most * STEP_H)
        hours = most * STEP_H;
    return (price + rate * hours * hours / 2) / hours * STEP_H;
}

int64_t rhythm_wait_us(const struct rhythm *r, const struct rhythm_plan *plan, int64_t now)
{
    struct prospect p;
    double cost[STEPS_HORIZON + 1]; /* of everything from the request at step i on */
    unsigned least = steps(plan->least_us + STEP_US - 1, 1), most = steps(plan->most_us, least);
    look_ahead(r, now, &p);
    double price = plan->price_h * pow(average(r), -BUSY_DISCOUNT);
    double a_slot = usual_cost(&p, price, most);
    unsigned planned = STEPS_HORIZON - most, first = 0;
    for (unsigned i = STEPS_HORIZON; i > planned; i--)
        cost[i] = (STEPS_HORIZON - i) * a_slot;
    for (unsigned i = planned + 1; i-- > 0;)
        first = best_step(&p, price, plan->window, cost, i, least, most, &cost[i]);
    int64_t wait = (int64_t)first * STEP_US;
    return wait < plan->least_us ? plan->least_us : wait > plan->most_us ? plan->most_us : wait;
}
