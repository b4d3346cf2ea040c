/*
 * An HTML page that is one article: exactly one item. The parts are put together here: the tree
 * (html), what the page says of itself (metadata), its headline and its main text (extract).
 */
#include "format.h"

#include "byline.h"
#include "clock.h"
#include "date.h"
#include "dateline.h"
#include "extract.h"
#include "feedlinks.h"
#include "headline.h"
#include "limits.h"
#include "metadata.h"
#include "origins.h"
#include "streamed.h"
#include "url.h"
#include "utf8.h"
#include "visible.h"

struct article {
    struct document *document;
    struct html html;
    struct metadata meta;
    struct extract text;
    struct headline headline;
    struct item item;
    struct dateline dateline;
    struct buf fallback;
};

static struct str absolute(struct article *a, struct str ref)
{
    struct buf url = BUF_NONE;
    struct str kept = STR_NONE;
    if (ref.len && url_resolve(a->document->url, ref, &url) == 0)
        kept = html_keep(&a->html, buf_str(&url));
    buf_free(&url);
    return kept;
}

/* All zeros when there is none. */
static struct date time_of(struct article *a, enum meta_field field)
{
    struct date date = {0};
    struct str text = a->meta.field[field];
    if (text.len == 0 || metadata_date(&a->meta, text, &date) != 0)
        return (struct date){0};
    return date;
}

/* JSON-LD's articleBody as paragraphs: HTML is read as such, plain text by its line breaks. */
static void body_from_jsonld(struct article *a)
{
    struct str text = a->meta.field[META_BODY], line;
    if (str_find(text, STR("</")) != SIZE_MAX) {
        struct html html;
        struct extract extract;
        html_read(text, &html);
        const struct extract_known known = {.headline = a->headline.text};
        extract_text(&html, &known, &extract);
        buf_puts(&a->fallback, buf_str(&extract.body));
        extract_done(&extract);
        html_done(&html);
        return;
    }
    text = html_decode(&a->html, text);
    while (str_cut(&text, '\n', &line)) {
        size_t before = a->fallback.len;
        if (before)
            buf_putz(&a->fallback, "\n\n");
        size_t from = a->fallback.len;
        utf8_squash(line, &a->fallback);
        if (a->fallback.len == from)
            a->fallback.len = before;
    }
}

/* Pages that draw their text by script still carry it as JSON-LD. */
static struct str body_of(struct article *a)
{
    struct str said = a->meta.field[META_BODY];
    if (said.len > 250 && a->text.body.len < said.len / 3) {
        body_from_jsonld(a);
        if (a->fallback.len > a->text.body.len)
            return buf_str(&a->fallback);
    }
    return buf_str(&a->text.body);
}

static void add_image(struct article *a)
{
    struct str url = absolute(a, a->meta.field[META_IMAGE]);
    uint64_t width = 0, height = 0;
    if (url.len == 0)
        return;
    if (str_u64(a->meta.field[META_IMAGE_WIDTH], &width) != 0 || width > 65535)
        width = 0;
    if (str_u64(a->meta.field[META_IMAGE_HEIGHT], &height) != 0 || height > 65535)
        height = 0;
    a->item.media[a->item.media_count++] =
        (struct item_media){.url = url,
                            .title = a->meta.field[META_IMAGE_ALT],
                            .width = (uint32_t)width,
                            .height = (uint32_t)height};
}

static void add_addresses(struct article *a)
{
    struct str url = a->document->url;
    struct str canonical = absolute(a, a->meta.field[META_CANONICAL]);
    if (canonical.len && (url.len == 0 || url_same_site(url, canonical)))
        a->item.field[ITEM_CANONICAL] = canonical;
    a->item.field[ITEM_LINK] = url.len ? url : a->item.field[ITEM_CANONICAL];
}

/* "Jane Doe, Reuters": who wrote it, and for whom. */
static void add_byline(struct article *a)
{
    struct str by = a->meta.field[META_BYLINE];
    a->item.field[ITEM_AGENCY] = str_of(byline_agency(&by));
    a->item.field[ITEM_BYLINE] = by;
}

static void add_dateline(struct article *a)
{
    struct item *item = &a->item;
    if (!dateline_find(item->field[ITEM_BODY], a->document->fetched_at, &a->dateline))
        return;
    item->field[ITEM_LOCATED] = str_of(a->dateline.place);
    if (a->dateline.agency[0])
        item->field[ITEM_AGENCY] = str_of(a->dateline.agency);
    if (item->field[ITEM_BYLINE].len == 0)
        item->field[ITEM_BYLINE] = str_of(a->dateline.byline);
}

/* What is put into a new system, or published once more, says so as its date, while the page still
 * shows readers the first one. Zones are no reason: less than two days apart, the exact time stays. */
static struct date published(struct article *a, struct date updated)
{
    const struct metadata *m = &a->meta;
    struct date said = time_of(a, META_PUBLISHED), shown = time_of(a, META_SHOWN);
    if (shown.us && said.us && shown.us + 2 * USEC_PER_DAY <= said.us)
        return shown;
    /* The day of the last change is the best bound there is when no other is given, or only one from
     * elsewhere on the page while this one stands beside the headline. */
    bool beside = m->rank[META_UPDATED] >= RANK_PAGE && m->rank[META_UPDATED] < RANK_LATER;
    if (!said.us || (beside && m->rank[META_PUBLISHED] >= RANK_LATER))
        return updated;
    return said;
}

/* The body is the page's text, or JSON-LD's; whatever else there is comes from the metadata. */
static void add_origins(struct article *a)
{
    struct item *item = &a->item;
    bool drawn = item->field[ITEM_BODY].len && item->field[ITEM_BODY].at == a->fallback.at;
    origins_fill(&a->meta, item);
    item->origin[TOLD_HEADLINE] = a->headline.origin;
    if (item->field[ITEM_BODY].len)
        item->origin[TOLD_BODY] =
            drawn ? (struct item_origin){SOURCE_JSONLD, 80} : (struct item_origin){SOURCE_TEXT, 90};
    if (item->field[ITEM_COPYRIGHT].len && a->text.copyright.len)
        item->origin[TOLD_COPYRIGHT] = (struct item_origin){SOURCE_TEXT, 85};
}

static void fill(struct article *a)
{
    struct item *item = &a->item;
    const struct metadata *m = &a->meta;
    item->field[ITEM_HEADLINE] = a->headline.text;
    item->field[ITEM_BODY] = body_of(a);
    item->field[ITEM_SUMMARY] = m->field[META_SUMMARY];
    item->field[ITEM_LANGUAGE] = m->field[META_LANGUAGE];
    item->field[ITEM_PUBLISHER] = m->field[META_PUBLISHER];
    item->field[ITEM_KEYWORDS] = buf_str(&m->keywords);
    item->field[ITEM_CAPTIONS] = buf_str(&a->text.captions);
    item->field[ITEM_COPYRIGHT] =
        a->text.copyright.len ? buf_str(&a->text.copyright) : m->field[META_COPYRIGHT];
    struct date updated = time_of(a, META_UPDATED), first = published(a, updated);
    item->updated_at = updated.us;
    item->published_at = first.us;
    item->published_offset_min = first.offset_min;
    add_addresses(a);
    add_image(a);
    add_byline(a);
    add_dateline(a);
    add_origins(a);
}

static void describe(struct article *a)
{
    struct about about = {0};
    about.field[ABOUT_TYPE] = str_of(parse_type_name(PARSE_ARTICLE));
    about.field[ABOUT_TITLE] = a->meta.field[META_PUBLISHER];
    about.field[ABOUT_LANGUAGE] = a->meta.field[META_LANGUAGE];
    about.field[ABOUT_CHARSET] = a->document->charset;
    about.field[ABOUT_COPYRIGHT] = a->item.field[ITEM_COPYRIGHT];
    struct buf feeds = BUF_NONE;
    feedlinks_find(&a->html, feedlinks_base(&a->html, a->document->url), &feeds);
    about.field[ABOUT_FEEDS] = buf_str(&feeds);
    parse_about(a->document, &about);
    buf_free(&feeds);
}

int article_read(struct document *document)
{
    struct article a = {.document = document};
    html_read(document->text, &a.html);
    streamed_join(&a.html);
    metadata_read(&a.html, document->text, document->url, &a.meta);
    headline_choose(&a.meta, &a.headline);
    visible_read(&a.meta, a.headline.text);
    const struct extract_known known = {a.headline.text, a.meta.field[META_SUMMARY],
                                        a.meta.field[META_BODY]};
    extract_text(&a.html, &known, &a.text);
    fill(&a);
    int err;
    if (a.item.field[ITEM_HEADLINE].len == 0 && a.item.field[ITEM_BODY].len == 0) {
        err = parse_refuse(document, "no headline and no text on the page");
    } else {
        describe(&a);
        err = parse_emit(document, &a.item);
    }
    buf_free(&a.fallback);
    extract_done(&a.text);
    metadata_done(&a.meta);
    html_done(&a.html);
    return err;
}
