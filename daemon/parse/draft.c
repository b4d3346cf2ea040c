#include "draft.h"

#include <errno.h>

#include "date.h"
#include "limits.h"
#include "url.h"
#include "utf8.h"

void draft_reset(struct draft *draft, struct arena *arena)
{
    struct buf keywords = draft->keywords;
    buf_reset(&keywords);
    *draft = (struct draft){.arena = arena, .dates = draft->dates, .keywords = keywords};
}

void draft_done(struct draft *draft)
{
    buf_free(&draft->keywords);
}

void draft_set(struct draft *draft, enum item_field field, unsigned rank, struct str text)
{
    text = utf8_upto(utf8_trim(text), LIMIT_TEXT);
    if (text.len == 0 || rank <= draft->rank[field])
        return;
    draft->rank[field] = rank;
    draft->field[field] = arena_keep(draft->arena, text);
}

static bool has_part(struct str have, struct str between, struct str part)
{
    for (size_t at; have.len; have = str_from(have, at + between.len)) {
        at = str_find(have, between);
        if (str_eq(str_upto(have, at), part))
            return true;
        if (at == SIZE_MAX)
            return false;
    }
    return false;
}

/* Appends to a field what does not stand in it yet. */
static void join(struct draft *draft, enum item_field field, const char *between, struct str text)
{
    struct str have = draft->field[field];
    if (text.len == 0 || have.len + text.len > LIMIT_FIELD / 16 ||
        has_part(have, str_of(between), text))
        return;
    struct buf joined = BUF_NONE;
    buf_puts(&joined, have);
    buf_putz(&joined, between);
    buf_puts(&joined, text);
    draft->field[field] = arena_keep(draft->arena, buf_str(&joined));
    buf_free(&joined);
}

void draft_add_caption(struct draft *draft, struct str text)
{
    struct buf line = BUF_NONE;
    utf8_squash(text, &line);
    if (draft->field[ITEM_CAPTIONS].len)
        join(draft, ITEM_CAPTIONS, "\n", buf_str(&line));
    else
        draft_set(draft, ITEM_CAPTIONS, 1, buf_str(&line));
    buf_free(&line);
}

void draft_add_author(struct draft *draft, unsigned rank, struct str name)
{
    name = utf8_trim(name);
    if (rank != draft->rank[ITEM_BYLINE] || draft->field[ITEM_BYLINE].len == 0)
        draft_set(draft, ITEM_BYLINE, rank, name);
    else
        join(draft, ITEM_BYLINE, ", ", name);
}

void draft_add_keyword(struct draft *draft, struct str word)
{
    struct str line, rest = buf_str(&draft->keywords);
    struct buf one = BUF_NONE;
    utf8_squash(utf8_upto(word, LIMIT_FIELD / LIMIT_KEYWORDS - 1), &one);
    bool known = one.len == 0 || draft->keyword_count == LIMIT_KEYWORDS;
    while (!known && str_cut(&rest, '\n', &line))
        known = str_eqi(line, buf_str(&one));
    if (!known) {
        if (draft->keyword_count++)
            buf_putc(&draft->keywords, '\n');
        buf_puts(&draft->keywords, buf_str(&one));
    }
    buf_free(&one);
}

void draft_add_keywords(struct draft *draft, struct str words)
{
    struct str word;
    while (draft->keyword_count < LIMIT_KEYWORDS && str_cut(&words, ',', &word))
        draft_add_keyword(draft, word);
}

static enum date_order order_of(struct draft_dates *dates)
{
    if (!dates->asked)
        dates->order = date_order_in(dates->text);
    if (!dates->asked && dates->order == DATE_ORDER_UNKNOWN)
        dates->order = date_order_of(*dates->language);
    dates->asked = true;
    return dates->order;
}

static bool read_date(const struct draft *draft, struct str text, int64_t *out)
{
    struct date date;
    int err = date_read(text, DATE_ORDER_UNKNOWN, &date);
    if (err == -EDOM && draft->dates)
        err = date_read(text, order_of(draft->dates), &date);
    if (err == 0)
        *out = date.us;
    return err == 0;
}

void draft_set_published(struct draft *draft, unsigned rank, struct str date)
{
    if (rank > draft->published_rank && read_date(draft, date, &draft->published_at))
        draft->published_rank = rank;
}

void draft_set_updated(struct draft *draft, unsigned rank, struct str date)
{
    if (rank > draft->updated_rank && read_date(draft, date, &draft->updated_at))
        draft->updated_rank = rank;
}

/* ------------------------------------------------------------------------------------ addresses */

static bool is_absolute(struct str url)
{
    if (!str_startsi(url, STR("http://")) && !str_startsi(url, STR("https://")))
        return false;
    for (size_t i = 0; i < url.len; i++)
        if ((unsigned char)url.at[i] <= ' ')
            return false;
    return url_host(url).len > 0;
}

int draft_absolute(struct str base, struct str url, struct buf *out)
{
    url = utf8_trim(url);
    if (url.len == 0)
        return -EINVAL;
    if (url.len <= LIMIT_URL && is_absolute(url)) {
        buf_puts(out, url);
        return 0;
    }
    return url_resolve(base, url, out);
}

void draft_set_url(struct draft *draft, enum item_field field, unsigned rank, struct str base,
                   struct str url)
{
    struct buf absolute = BUF_NONE;
    if (rank > draft->rank[field] && draft_absolute(base, url, &absolute) == 0)
        draft_set(draft, field, rank, buf_str(&absolute));
    buf_free(&absolute);
}

static struct str type_of_address(struct str url)
{
    static const struct {
        struct str ending;
        struct str type;
    } types[] = {
        {{".jpg", 4}, {"image/jpeg", 10}},      {{".jpeg", 5}, {"image/jpeg", 10}},
        {{".png", 4}, {"image/png", 9}},        {{".gif", 4}, {"image/gif", 9}},
        {{".webp", 5}, {"image/webp", 10}},     {{".avif", 5}, {"image/avif", 10}},
        {{".svg", 4}, {"image/svg+xml", 13}},   {{".mp3", 4}, {"audio/mpeg", 10}},
        {{".m4a", 4}, {"audio/mp4", 9}},        {{".ogg", 4}, {"audio/ogg", 9}},
        {{".mp4", 4}, {"video/mp4", 9}},        {{".webm", 5}, {"video/webm", 10}},
        {{".pdf", 4}, {"application/pdf", 15}},
    };
    url = str_upto(url, str_chr(url, '?'));
    url = str_upto(url, str_chr(url, '#'));
    for (size_t i = 0; i < ARRAY_LEN(types); i++)
        if (url.len > types[i].ending.len &&
            str_eqi(str_from(url, url.len - types[i].ending.len), types[i].ending))
            return types[i].type;
    return STR_NONE;
}

static bool is_media_type(struct str type)
{
    size_t slash = str_chr(type, '/');
    return slash != SIZE_MAX && slash > 0 && slash + 1 < type.len && type.len < 128 &&
           str_chr(type, ' ') == SIZE_MAX;
}

static struct item_media *find_media(struct draft *draft, struct str url)
{
    for (size_t i = 0; i < draft->media_count; i++)
        if (str_eq(draft->media[i].url, url))
            return &draft->media[i];
    return NULL;
}

struct item_media *draft_add_media(struct draft *draft, struct str base, struct str url,
                                   struct str type)
{
    struct buf absolute = BUF_NONE;
    struct item_media *media = NULL;
    if (draft_absolute(base, url, &absolute) == 0)
        media = find_media(draft, buf_str(&absolute));
    if (absolute.len && !media && draft->media_count < ITEM_MEDIA_MAX) {
        media = &draft->media[draft->media_count++];
        *media = (struct item_media){.url = arena_keep(draft->arena, buf_str(&absolute))};
    }
    type = utf8_trim(type);
    if (media && media->type.len == 0)
        media->type =
            is_media_type(type) ? arena_keep(draft->arena, type) : type_of_address(media->url);
    buf_free(&absolute);
    return media;
}

void draft_item(const struct draft *draft, struct item *out)
{
    *out = (struct item){.published_at = draft->published_at,
                         .updated_at = draft->updated_at,
                         .flags = draft->flags};
    memcpy(out->field, draft->field, sizeof out->field);
    memcpy(out->media, draft->media, sizeof out->media);
    out->media_count = draft->media_count;
    out->field[ITEM_KEYWORDS] = arena_keep(draft->arena, buf_str(&draft->keywords));
    if (out->field[ITEM_BODY].len == 0 && out->field[ITEM_SUMMARY].len)
        out->flags |= ITEM_BODY_FROM_SUMMARY;
}
