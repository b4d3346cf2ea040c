/*
 * When a source publishes, learned from the times of its items, and when it is best asked.
 *
 * The model is a rate in items an hour: an average, times the share of the hour of the day, of the
 * day of the week and of the five minutes within the hour (newsrooms publish by the clock), times a
 * mood that says how the last hours compare with what was expected. What is old counts less: it
 * halves every RHYTHM_HALF_DAYS. Shares begin at 1 and leave it only as items prove it.
 *
 * The plan: a request has a price, the waiting of items for it another one, namely one an hour and
 * item. rhythm_wait_us() finds the series of requests over the next day that costs least (dynamic
 * programming over slots of five minutes) and gives the first of them. For a steady source this is
 * the square-root rule known from web crawlers, interval = sqrt(2 price / rate), with some more for
 * the busy (Cho and Garcia-Molina, "Effective page refresh policies for web crawlers", ACM TODS
 * 28(4), 2003, on why not in proportion to the rate); one that sleeps at night or publishes at the
 * full hour is asked when that is over.
 *
 * Pure: the caller brings the time. Wall times in microseconds, GMT.
 */
#ifndef DATELINE_RHYTHM_H
#define DATELINE_RHYTHM_H

#include <stdint.h>

#define RHYTHM_HOURS     24
#define RHYTHM_DAYS      7
#define RHYTHM_SLOTS     12 /* of five minutes within an hour */
#define RHYTHM_HALF_DAYS 14
#define RHYTHM_ITEMS     10000 /* of one look: more count as so many */

struct rhythm {
    int64_t at;   /* wall: seen up to here, what is below counts as of then; 0 nothing was seen */
    float seen_h; /* hours watched */
    float items;  /* in them */
    float recent, recent_due; /* items of the last hours, and how many were expected */
    float hour[RHYTHM_HOURS], day[RHYTHM_DAYS], slot[RHYTHM_SLOTS]; /* items by when */
};

struct rhythm_plan {
    double price_h;            /* of a request, in hours that one item waits, at an item an hour */
    int64_t least_us, most_us; /* bounds of the wait */
    uint32_t window;           /* items that the document holds, 0 unknown: a request comes before
                                * they are expected to have been pushed out */
};

/* The source was watched without a gap from where it was seen up to `until`, and `items` new ones
 * came, of which `count` have times. Times outside that span (a wrong zone, an old text published
 * late) say nothing of when: such items are spread evenly over it. Nothing before rhythm_history().
 */
void rhythm_watched(struct rhythm *rhythm, int64_t until, const int64_t *times, uint32_t count,
                    uint32_t items);
/* What the first document shows of the time before it was asked: the times of its items, of the
 * last RHYTHM_HALF_DAYS at most. Watching begins. */
void rhythm_history(struct rhythm *rhythm, int64_t now, const int64_t *times, uint32_t count);
/* Items an hour that are expected around `at`. */
double rhythm_rate(const struct rhythm *rhythm, int64_t at);
/* Items that are expected from `from` to `to`, at most a day of them. */
double rhythm_items(const struct rhythm *rhythm, int64_t from, int64_t to);
/* How long to wait from `now`, by what is known up to rhythm->at. */
int64_t rhythm_wait_us(const struct rhythm *rhythm, const struct rhythm_plan *plan, int64_t now);

#endif
