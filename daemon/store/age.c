#include "age.h"

#include "clock.h"
#include "keys.h"
#include "str.h"

/* 2026-01-01 in hours: no row is older than the program. A clock that nobody has set says 1970, and
 * what it stamped must not be sixty years old once it is set. */
#define CREDIBLE 490896

bool age_of_family(enum family family)
{
    return family == FAMILY_SEEN || family == FAMILY_TEXTS || family == FAMILY_URLS ||
           family == FAMILY_RECORDED;
}

uint32_t age_now(void)
{
    int64_t hours = clock_now() / USEC_PER_HOUR;
    return hours > 0 && hours < UINT32_MAX ? (uint32_t)hours : 0;
}

static bool older(uint32_t hours, uint32_t now, int64_t us)
{
    return hours >= CREDIBLE && now > hours && (int64_t)(now - hours) * USEC_PER_HOUR > us;
}

bool age_is_over(uint32_t hours, uint32_t now, int64_t keep_us)
{
    return keep_us > 0 && older(hours, now, keep_us);
}

bool age_is_touchable(uint32_t hours, uint32_t now, int64_t keep_us)
{
    return keep_us > 0 && (hours < CREDIBLE ? now >= CREDIBLE : older(hours, now, keep_us / 2));
}

bool age_recorded_counts(uint32_t hours, uint32_t now, int64_t keep_us)
{
    return keep_us == 0 || !older(hours, now, keep_us / 8 * 7);
}

/* ---- the filter: one object a compaction, so that each has a buffer of its own */

struct rule {
    enum family family;
    int64_t keep_us;
};

struct filter {
    struct rule rule;
    uint32_t now;
    struct buf stamped;
};

static const char *rule_name(void *state)
{
    (void)state;
    return "dateline.age";
}

static void filter_free(void *state)
{
    struct filter *filter = state;
    buf_free(&filter->stamped);
    free(filter);
}

static int hours_of(const struct filter *filter, struct str value, uint32_t *out)
{
    struct str text;
    uint64_t seq;
    return filter->rule.family == FAMILY_RECORDED ? value_recorded(value, out, &seq)
                                                  : value_aged(value, out, &text);
}

/* The same row with an hour. */
static void stamp(struct filter *filter, struct str value)
{
    uint8_t head[VALUE_AGED_HEAD];
    size_t from = (uint8_t)value.at[0] == VALUE_AGED ? VALUE_AGED_HEAD : 1;
    value_aged_write(head, filter->now);
    buf_reset(&filter->stamped);
    buf_put(&filter->stamped, head, sizeof head);
    buf_puts(&filter->stamped, str_from(value, from));
}

/* A row that does not decode stays: who looks for damage shall find it. */
static unsigned char filter_row(void *state, int level, const char *key, size_t key_len,
                                const char *at, size_t len, char **new_value, size_t *new_len,
                                unsigned char *changed)
{
    struct filter *filter = state;
    uint32_t hours;
    (void)level, (void)key, (void)key_len;
    *changed = 0;
    if (hours_of(filter, (struct str){at, len}, &hours) < 0)
        return 0;
    if (hours < CREDIBLE && filter->now >= CREDIBLE) {
        stamp(filter, (struct str){at, len});
        *new_value = filter->stamped.at;
        *new_len = filter->stamped.len;
        *changed = 1;
        return 0;
    }
    return age_is_over(hours, filter->now, filter->rule.keep_us);
}

static rocksdb_compactionfilter_t *filter_new(void *state,
                                              rocksdb_compactionfiltercontext_t *context)
{
    struct filter *filter = xcalloc(1, sizeof *filter);
    (void)context;
    filter->rule = *(const struct rule *)state;
    filter->now = age_now();
    return rocksdb_compactionfilter_create(filter, filter_free, filter_row, rule_name);
}

void age_filter(rocksdb_options_t *options, enum family family, int64_t keep_us)
{
    struct rule *rule = xmalloc(sizeof *rule);
    *rule = (struct rule){family, keep_us};
    rocksdb_options_set_compaction_filter_factory(/* the options own it, and it the rule */
                                                  options, rocksdb_compactionfilterfactory_create(
                                                               rule, free, filter_new, rule_name));
}
