#include "feedout.h"

#include <errno.h>

#include "clock.h"
#include "date.h"
#include "limits.h"
#include "utf8.h"

void feedout_init(struct feedout *out, struct document *document)
{
    *out = (struct feedout){.document = document};
    out->dates.text = document->text;
    out->dates.language = &out->feed.field[ITEM_LANGUAGE];
    out->feed.dates = out->item.dates = &out->dates;
    draft_reset(&out->feed, &out->feed_arena);
    draft_reset(&out->item, &out->arena);
}

void feedout_done(struct feedout *out)
{
    draft_done(&out->feed);
    draft_done(&out->item);
    arena_done(&out->feed_arena);
    arena_done(&out->arena);
    buf_free(&out->hubs);
    buf_free(&out->hours);
    buf_free(&out->days);
    buf_free(&out->contributors);
    free(out->waiting);
}

static void inherit(const struct feedout *out, struct item *item, enum item_field to,
                    enum item_field from)
{
    if (item->field[to].len == 0)
        item->field[to] = out->feed.field[from];
}

static int hand_out(struct feedout *out, struct item *item)
{
    inherit(out, item, ITEM_PUBLISHER, ITEM_HEADLINE);
    inherit(out, item, ITEM_LANGUAGE, ITEM_LANGUAGE);
    inherit(out, item, ITEM_COPYRIGHT, ITEM_COPYRIGHT);
    if (out->author_inherits)
        inherit(out, item, ITEM_BYLINE, ITEM_BYLINE);
    return parse_hand_out(out->document, item);
}

static int hand_out_waiting(struct feedout *out)
{
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < out->waiting_count; i++)
        rc = hand_out(out, &out->waiting[i]);
    out->waiting_count = 0;
    return rc;
}

static void wait_for_title(struct feedout *out, const struct item *item)
{
    if (out->waiting_count == out->waiting_cap) {
        out->waiting_cap = out->waiting_cap ? out->waiting_cap * 2 : 64;
        out->waiting = xrealloc(out->waiting, out->waiting_cap * sizeof *out->waiting);
    }
    out->waiting[out->waiting_count++] = *item;
}

int feedout_item(struct feedout *out)
{
    struct item item;
    if (!out->item.touched && out->item.rank[ITEM_GUID] == 0 && out->item.rank[ITEM_LINK] == 0) {
        out->document->report->bad_items++;
        return 0;
    }
    draft_item(&out->item, &item);
    if (out->feed.field[ITEM_HEADLINE].len == 0 && out->waiting_count <= LIMIT_FEED_ITEMS) {
        wait_for_title(out, &item);
        return 0;
    }
    int rc = hand_out_waiting(out);
    if (rc == 0)
        rc = hand_out(out, &item);
    draft_reset(&out->item, &out->arena);
    arena_reset(&out->arena);
    return rc;
}

/* ----------------------------------------------------------------------- what it says of itself */

static bool has_line(const struct buf *lines, struct str line, char separator)
{
    struct str one, rest = buf_str(lines);
    while (str_cut(&rest, separator, &one))
        if (str_eq(one, line))
            return true;
    return false;
}

static void add_line(struct buf *lines, struct str line, char separator)
{
    if (line.len == 0 || lines->len + line.len > LIMIT_FIELD / 16 ||
        has_line(lines, line, separator))
        return;
    if (lines->len)
        buf_putc(lines, separator);
    buf_puts(lines, line);
}

void feedout_say(struct feedout *out, enum about_field field, unsigned rank, struct str text)
{
    text = utf8_upto(utf8_trim(text), LIMIT_FIELD);
    if (text.len == 0 || rank <= out->said_rank[field])
        return;
    out->said_rank[field] = rank;
    out->said[field] = arena_keep(&out->feed_arena, text);
}

void feedout_say_url(struct feedout *out, enum about_field field, unsigned rank, struct str base,
                     struct str url)
{
    struct buf absolute = BUF_NONE;
    if (rank > out->said_rank[field] && draft_absolute(base, url, &absolute) == 0)
        feedout_say(out, field, rank, buf_str(&absolute));
    buf_free(&absolute);
}

void feedout_add_hub(struct feedout *out, struct str url)
{
    add_line(&out->hubs, url, '\n');
}

void feedout_add_contributor(struct feedout *out, struct str name)
{
    struct buf line = BUF_NONE;
    utf8_squash(name, &line);
    add_line(&out->contributors, buf_str(&line), '\n');
    buf_free(&line);
}

static void put_end(struct buf *out, struct str period, struct str name)
{
    char text[CLOCK_TEXT];
    int64_t at = 0;
    size_t from = str_findi(period, name);
    if (from == SIZE_MAX)
        return;
    struct str date = str_from(period, from + name.len);
    if (date_parse(str_trim(str_upto(date, str_chr(date, ';'))), &at) == 0)
        buf_putz(out, clock_format(at, text));
}

void feedout_set_valid(struct feedout *out, struct str period)
{
    struct buf valid = BUF_NONE;
    put_end(&valid, period, STR("start="));
    buf_putc(&valid, '/');
    put_end(&valid, period, STR("end="));
    if (valid.len > 1)
        feedout_say(out, ABOUT_VALID, 1, buf_str(&valid));
    buf_free(&valid);
}

void feedout_add_hour(struct feedout *out, struct str hour)
{
    uint64_t n = 0;
    char text[8];
    if (str_u64(str_trim(hour), &n) < 0 || n > 24)
        return;
    snprintf(text, sizeof text, "%u", (unsigned)n % 24);
    add_line(&out->hours, str_of(text), ' ');
}

void feedout_add_day(struct feedout *out, struct str day)
{
    static const char *const days[] = {"Monday", "Tuesday",  "Wednesday", "Thursday",
                                       "Friday", "Saturday", "Sunday"};
    for (size_t i = 0; i < ARRAY_LEN(days); i++)
        if (str_isi(str_trim(day), days[i]))
            add_line(&out->days, str_of(days[i]), ' ');
}

void feedout_set_period(struct feedout *out, struct str period)
{
    static const struct {
        const char *name;
        uint32_t seconds;
    } periods[] = {{"hourly", 3600},
                   {"daily", 86400},
                   {"weekly", 604800},
                   {"monthly", 2592000},
                   {"yearly", 31536000}};
    for (size_t i = 0; i < ARRAY_LEN(periods); i++)
        if (str_isi(str_trim(period), periods[i].name))
            out->period_s = periods[i].seconds;
}

static void say_about(struct feedout *out)
{
    const struct draft *feed = &out->feed;
    struct about about = {.published_at = feed->published_at,
                          .updated_at = feed->updated_at ? feed->updated_at : feed->published_at,
                          .flags = out->flags,
                          .ttl_s = out->ttl_s};
    memcpy(about.field, out->said, sizeof about.field);
    about.period_s = out->frequency > 1 ? out->period_s / out->frequency : out->period_s;
    about.field[ABOUT_TITLE] = feed->field[ITEM_HEADLINE];
    about.field[ABOUT_SUBTITLE] = feed->field[ITEM_SUMMARY];
    about.field[ABOUT_URL] = feed->field[ITEM_LINK];
    about.field[ABOUT_ID] = feed->field[ITEM_GUID];
    about.field[ABOUT_LANGUAGE] = feed->field[ITEM_LANGUAGE];
    about.field[ABOUT_COPYRIGHT] = feed->field[ITEM_COPYRIGHT];
    about.field[ABOUT_AUTHOR] = feed->field[ITEM_BYLINE];
    about.field[ABOUT_KEYWORDS] = buf_str(&feed->keywords);
    about.field[ABOUT_CONTRIBUTORS] = buf_str(&out->contributors);
    if (feed->field[ITEM_PUBLISHER].len)
        about.field[ABOUT_PUBLISHER] = feed->field[ITEM_PUBLISHER];
    if (about.field[ABOUT_IMAGE].len == 0)
        about.field[ABOUT_IMAGE] = about.field[ABOUT_ICON];
    about.field[ABOUT_HUBS] = buf_str(&out->hubs);
    about.field[ABOUT_SKIP_HOURS] = buf_str(&out->hours);
    about.field[ABOUT_SKIP_DAYS] = buf_str(&out->days);
    parse_about(out->document, &about);
}

int feedout_finish(struct feedout *out, int rc)
{
    if (rc == 0)
        rc = hand_out_waiting(out);
    if (rc == 0 || rc == -EMSGSIZE)
        say_about(out);
    return rc;
}
