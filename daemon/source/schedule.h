/*
 * When a source is asked next, and why. Pure: the caller brings the time and the chance, nothing
 * here reads a clock.
 *
 * The rules, in the order in which they apply:
 *   1. the interval: the operator's `every`, else the one that suits when the source publishes
 *      (rhythm.h), between LIMIT_AUTO_MIN_MS and LIMIT_INTERVAL_MAX_MS;
 *   2. after a failure it doubles with each one in a row, up to a day; the first success heals;
 *   3. what the publisher asks for raises it: freshness (Cache-Control, Expires), ttl and
 *      sy:update*, Retry-After; skipHours and skipDays move the result out of what they name;
 *   4. chance lengthens it by up to a tenth, so that what fell into step falls out of it again.
 * 410 Gone retires a source: it is looked at again after LIMIT_RETIRED_DAYS.
 */
#ifndef DATELINE_SCHEDULE_H
#define DATELINE_SCHEDULE_H

#include "rhythm.h"
#include "source.h"

#define SCHEDULE_WHY   320
#define SCHEDULE_CLASS 32
#define SCHEDULE_ERROR 200

struct schedule {
    /* stored */
    struct rhythm rhythm;                     /* when it publishes */
    int64_t learned_us;                       /* the interval that suits it; 0 not begun */
    uint32_t window;                          /* items of its last document */
    int64_t last_ask, last_success, last_new; /* wall, 0 never */
    int64_t next_at;                          /* wall, 0 at once */
    uint32_t failures;                        /* in a row */
    bool retired;                             /* 410 */
    int64_t floor_us;                         /* by ttl, sy:update* of the last document */
    uint32_t skip_hours;                      /* bit 0..23, GMT */
    uint8_t skip_days;                        /* bit 0 Sunday .. 6 */
    int status;                               /* of the last answer */
    char class[SCHEDULE_CLASS];               /* of the last failure, "" all well */
    char error[SCHEDULE_ERROR];
    char why[SCHEDULE_WHY]; /* what decided next_at */
};

/* An ask of a source begins. */
void schedule_asked(struct schedule *s, int64_t now);
struct schedule_terms { /* the operator's */
    int64_t every_us;   /* 0: auto */
    double price_h;     /* of a request, in hours that one item waits; for auto */
};
/* An ask ended. chance: 0..1. */
void schedule_decide(struct schedule *s, const struct schedule_terms *terms,
                     const struct source_outcome *outcome, int64_t now, double chance);
/* The daemon starts: what is overdue is spread, what was never asked is due now. */
void schedule_start(struct schedule *s, int64_t every_us, int64_t now, double chance);
/* The address that was asked is left for another one, which is due now: why. */
void schedule_elsewhere(struct schedule *s, int64_t now, const char *why);
/* Now, by command. */
void schedule_refresh(struct schedule *s, int64_t now);
/* `every`, or what was learned so far. */
int64_t schedule_interval_us(const struct schedule *s, int64_t every_us);

/* "0 1 2" and "Saturday, Sunday" as bits. Words that are not understood do not count, a set that
 * leaves no hour or day is no set: 0. */
uint32_t schedule_hours(struct str list);
uint8_t schedule_days(struct str list);
/* "90s", "10m", "1h 30m": at most two units. */
#define SCHEDULE_SPAN 32
const char *schedule_span(int64_t us, char out[SCHEDULE_SPAN]);

#endif
