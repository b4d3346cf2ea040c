#include "schedule.h"

#include "clock.h"
#include "limits.h"
#include "utf8.h"

#define LEAST_US   (LIMIT_AUTO_MIN_MS * USEC_PER_MSEC)
#define FIRST_US   (LIMIT_AUTO_FIRST_MS * USEC_PER_MSEC)
#define MOST_US    (LIMIT_INTERVAL_MAX_MS * USEC_PER_MSEC)
#define RETIRED_US (LIMIT_RETIRED_DAYS * USEC_PER_DAY)
#define ALL_HOURS  0xffffffU
#define ALL_DAYS   0x7fU

const char *schedule_span(int64_t us, char out[SCHEDULE_SPAN])
{
    static const struct {
        int64_t us;
        char name;
    } units[] = {
        {USEC_PER_DAY, 'd'}, {USEC_PER_HOUR, 'h'}, {USEC_PER_MIN, 'm'}, {USEC_PER_SEC, 's'}};
    int64_t rest = us / USEC_PER_SEC * USEC_PER_SEC;
    int len = 0, parts = 0;
    if (us < 10 * USEC_PER_SEC && us % USEC_PER_SEC != 0) {
        snprintf(out, SCHEDULE_SPAN, "%.1fs", (double)us / 1e6);
        return out;
    }
    for (size_t i = 0; i < ARRAY_LEN(units) && parts < 2; i++) {
        if (rest < units[i].us)
            continue;
        len += snprintf(out + len, SCHEDULE_SPAN - (size_t)len, "%s%lld%c", parts ? " " : "",
                        (long long)(rest / units[i].us), units[i].name);
        rest %= units[i].us;
        parts++;
    }
    if (!parts)
        snprintf(out, SCHEDULE_SPAN, "0s");
    return out;
}

/* ---- skipHours, skipDays (RSS 2.0) */

static bool next_word(struct str *rest, struct str *out)
{
    while (rest->len > 0 && strchr(" \t\r\n,;", rest->at[0]))
        *rest = str_from(*rest, 1);
    size_t len = 0;
    while (len < rest->len && !strchr(" \t\r\n,;", rest->at[len]))
        len++;
    *out = str_upto(*rest, len);
    *rest = str_from(*rest, len);
    return len > 0;
}

uint32_t schedule_hours(struct str list)
{
    uint32_t hours = 0;
    struct str word;
    while (next_word(&list, &word)) {
        uint64_t hour;
        if (str_u64(word, &hour) == 0 && hour <= 24)
            hours |= 1U << (hour % 24); /* RSS 0.91 counted 1 to 24 */
    }
    return hours == ALL_HOURS ? 0 : hours;
}

uint8_t schedule_days(struct str list)
{
    static const char *const names[] = {"sunday",   "monday", "tuesday", "wednesday",
                                        "thursday", "friday", "saturday"};
    unsigned days = 0;
    struct str word;
    while (next_word(&list, &word)) {
        for (unsigned i = 0; i < ARRAY_LEN(names); i++) {
            if (str_isi(word, names[i]) || str_eqi(word, str_upto(str_of(names[i]), 3)))
                days |= 1U << i;
        }
    }
    return days == ALL_DAYS ? 0 : (uint8_t)days;
}

static bool is_skipped(const struct schedule *s, int64_t at)
{
    int64_t hour = at / USEC_PER_HOUR % 24,
            day = (at / USEC_PER_DAY + 4) % 7; /* 1970-01-01: Thursday */
    return (s->skip_hours >> hour & 1) || (s->skip_days >> day & 1);
}

/* The first hour from `at` on that is not skipped: there is one within a week, as no set is whole.
 */
static int64_t behind_skipped(const struct schedule *s, int64_t at)
{
    for (int i = 0; i < 8 * 24 && is_skipped(s, at); i++)
        at = (at / USEC_PER_HOUR + 1) * USEC_PER_HOUR;
    return at;
}

/* ---- the interval */

int64_t schedule_interval_us(const struct schedule *s, int64_t every_us)
{
    if (every_us > 0)
        return every_us;
    return s->learned_us ? s->learned_us : FIRST_US;
}

static int64_t within(int64_t us, int64_t least, int64_t most)
{
    return us < least ? least : us > most ? most : us;
}

/* What an ask showed of the source's rhythm, and the wait that costs least by it. */
static void learn(struct schedule *s, const struct schedule_terms *terms,
                  const struct source_outcome *o, int64_t asked)
{
    if (s->rhythm.at == 0)
        rhythm_history(&s->rhythm, asked, o->fresh_at, o->fresh_at_count);
    else
        rhythm_watched(&s->rhythm, asked, o->fresh_at, o->fresh_at_count, o->fresh_items);
    if (!o->not_modified)
        s->window = o->items;
    if (terms->every_us)
        return;
    struct rhythm_plan plan = {
        .price_h = terms->price_h, .least_us = LEAST_US, .most_us = MOST_US, .window = s->window};
    s->learned_us = rhythm_wait_us(&s->rhythm, &plan, asked);
}

/* ---- the decision: the latest of several times, which keeps its reason */

struct decision {
    int64_t wait_us;
    char why[SCHEDULE_WHY];
};

static void raise_to(struct decision *d, int64_t wait_us, const char *reason)
{
    char asked[SCHEDULE_SPAN], got[SCHEDULE_SPAN], before[SCHEDULE_WHY];
    if (wait_us <= d->wait_us)
        return;
    int64_t most = wait_us > MOST_US ? MOST_US : wait_us;
    if (most <= d->wait_us)
        return;
    snprintf(before, sizeof(before), "%s", d->why);
    schedule_span(wait_us, asked);
    if (most < wait_us)
        snprintf(d->why, sizeof(d->why), "%s %s, cut to %s, raised %.200s", reason, asked,
                 schedule_span(most, got), before);
    else
        snprintf(d->why, sizeof(d->why), "%s %s raised %.240s", reason, asked, before);
    d->wait_us = most;
}

static void say_interval(struct decision *d, const struct schedule *s, int64_t every_us)
{
    char span[SCHEDULE_SPAN];
    d->wait_us = schedule_interval_us(s, every_us);
    schedule_span(d->wait_us, span);
    if (every_us) {
        snprintf(d->why, sizeof(d->why), "the %s that every: asks", span);
        return;
    }
    double a_day = rhythm_items(&s->rhythm, s->rhythm.at, s->rhythm.at + USEC_PER_DAY);
    snprintf(d->why, sizeof(d->why), "the %s that suit when it publishes (about %.*f items a day)",
             span, a_day < 10 ? 1 : 0, a_day);
}

static void say_failure(struct decision *d, const struct schedule *s, int64_t every_us)
{
    char span[SCHEDULE_SPAN];
    int64_t wait = schedule_interval_us(s, every_us);
    for (uint32_t i = 1; i < s->failures && wait < MOST_US; i++)
        wait *= 2;
    d->wait_us = wait < MOST_US ? wait : MOST_US;
    snprintf(d->why, sizeof(d->why), "the %s after %u failure%s in a row (%s)",
             schedule_span(d->wait_us, span), s->failures, s->failures == 1 ? "" : "s", s->class);
}

static void say_retired(struct decision *d)
{
    d->wait_us = RETIRED_US;
    snprintf(d->why, sizeof(d->why),
             "gone for good says the server (410): looked at again after %d days",
             LIMIT_RETIRED_DAYS);
}

static void settle(struct schedule *s, const struct decision *d, int64_t now, double chance)
{
    int64_t at = now + d->wait_us + (int64_t)((double)d->wait_us / 10 * chance);
    s->next_at = at;
    snprintf(s->why, sizeof(s->why), "%s", d->why);
    if (is_skipped(s, at)) {
        int64_t open = behind_skipped(s, at);
        int64_t most = (open - now) / 10 < 5 * USEC_PER_MIN ? (open - now) / 10 : 5 * USEC_PER_MIN;
        s->next_at =
            open + (int64_t)((double)most * chance); /* not all at the stroke of the hour */
        snprintf(s->why, sizeof(s->why), "skipHours or skipDays of the feed moved %.240s", d->why);
    }
}

void schedule_asked(struct schedule *s, int64_t now)
{
    s->last_ask = now;
}

static void keep_text(char *out, size_t size, const char *text)
{
    struct str t = utf8_upto(str_of(text), size - 1);
    snprintf(out, size, "%.*s", STR_ARG(t));
}

static void note_failure(struct schedule *s, const struct source_outcome *o)
{
    keep_text(s->class, sizeof(s->class), o->class ? o->class : "gone");
    keep_text(s->error, sizeof(s->error), o->error ? o->error : "");
    if (s->failures < UINT32_MAX)
        s->failures++;
}

static void note_success(struct schedule *s, const struct schedule_terms *terms,
                         const struct source_outcome *o, int64_t now)
{
    learn(s, terms, o, s->last_ask ? s->last_ask : now);
    s->failures = 0;
    s->retired = false;
    s->class[0] = s->error[0] = '\0';
    s->last_success = now;
    if (o->fresh_items > 0)
        s->last_new = now;
    if (!o->not_modified) { /* a 304 brings no document that could say otherwise */
        s->floor_us = within(o->floor_us, 0, 366 * USEC_PER_DAY);
        s->skip_hours = schedule_hours(o->skip_hours);
        s->skip_days = schedule_days(o->skip_days);
    }
}

/* The host wants to be left alone and this source was not even asked: no failure of its own. */
static bool was_deferred(const struct source_outcome *o)
{
    return o->class && !o->gone && o->status == 0 && o->retry_after_us > 0;
}

void schedule_decide(struct schedule *s, const struct schedule_terms *terms,
                     const struct source_outcome *o, int64_t now, double chance)
{
    struct decision d = {0};
    int64_t every_us = terms->every_us;
    int64_t begun = s->last_ask ? s->last_ask : now;
    s->status = o->status;
    if (was_deferred(o)) {
        snprintf(d.why, sizeof(d.why), "its host's earlier Retry-After");
        d.wait_us = o->retry_after_us;
        settle(s, &d, now, chance);
        return;
    }
    if (o->gone) {
        note_failure(s, o);
        s->retired = true;
        say_retired(&d);
        settle(s, &d, now, chance);
        return;
    }
    if (o->class) {
        note_failure(s, o);
        say_failure(&d, s, every_us);
    } else {
        note_success(s, terms, o, now);
        say_interval(&d, s, every_us);
    }
    /* The interval counts from ask to ask, what the publisher says from its answer on. */
    int64_t since_ask = now - begun;
    d.wait_us -= since_ask < d.wait_us ? since_ask : d.wait_us;
    if (!o->class) {
        raise_to(&d, o->fresh_us, "Cache-Control or Expires of");
        raise_to(&d, s->floor_us, "the feed's ttl or sy:updatePeriod of");
    }
    raise_to(&d, o->retry_after_us, "Retry-After of");
    settle(s, &d, now, chance);
}

void schedule_start(struct schedule *s, int64_t every_us, int64_t now, double chance)
{
    int64_t most = LIMIT_START_SPREAD_MS * USEC_PER_MSEC,
            interval = schedule_interval_us(s, every_us);
    if (s->last_ask == 0) {
        s->next_at = now;
        snprintf(s->why, sizeof(s->why), "never asked before");
        return;
    }
    /* A stored time far ahead comes from a clock that was wrong. */
    int64_t latest = now + (s->retired ? 2 * RETIRED_US : 10 * USEC_PER_DAY);
    if (s->next_at > latest)
        s->next_at = now;
    if (s->next_at > now)
        return;
    if (interval < most)
        most = interval;
    s->next_at = now + (int64_t)((double)most * chance);
    snprintf(s->why, sizeof(s->why), "overdue at the start, spread with the others");
}

void schedule_elsewhere(struct schedule *s, int64_t now, const char *why)
{
    s->retired = false; /* that was said of the other */
    s->next_at = now;
    snprintf(s->why, sizeof(s->why), "%s", why);
}

void schedule_refresh(struct schedule *s, int64_t now)
{
    s->next_at = now;
    snprintf(s->why, sizeof(s->why), "asked for by command");
}
