#include "xmlreader.h"

#include "base64.h"
#include "markup.h"
#include "utf8.h"

/* Plain text: a blank line ends a paragraph, other line ends are blanks. */
static void put_paragraphs(struct str s, struct buf *out)
{
    struct str line;
    size_t from = out->len;
    bool gap = false;
    while (str_cut(&s, '\n', &line)) {
        line = utf8_trim(line);
        if (line.len == 0) {
            gap = true;
            continue;
        }
        if (out->len > from)
            buf_putz(out, gap ? "\n\n" : " ");
        utf8_squash(line, out);
        gap = false;
    }
}

static void decode_text(struct reader *r, struct str raw)
{
    struct buf decoded = BUF_NONE;
    base64_decode(raw, &decoded);
    r->text.len = (size_t)(raw.at - r->text.at);
    if (decoded.len)
        utf8_repair(buf_str(&decoded), &r->text);
    buf_free(&decoded);
}

/* What a reader would see of it, in r->scratch. */
static struct str read_text(struct reader *r, const struct frame *f, struct str raw)
{
    buf_reset(&r->scratch);
    if (f->base64 && raw.len) {
        size_t mark = f->mark;
        decode_text(r, raw);
        raw = str_from(buf_str(&r->text), mark);
    }
    bool plain = f->kind == KIND_PLAIN || str_chr(raw, '<') == SIZE_MAX;
    if (f->verb != XML_TEXT && f->kind == KIND_PLAIN) {
        utf8_squash(raw, &r->scratch);
    } else if (f->verb != XML_TEXT) {
        markup_line(raw, &r->scratch);
    } else if (plain && f->kind == KIND_PLAIN) {
        put_paragraphs(raw, &r->scratch);
    } else if (plain && str_chr(raw, '\n') != SIZE_MAX) {
        struct buf unescaped = BUF_NONE;
        markup_unescape(raw, &unescaped);
        put_paragraphs(buf_str(&unescaped), &r->scratch);
        buf_free(&unescaped);
    } else {
        markup_text(raw, &r->scratch);
    }
    return buf_str(&r->scratch);
}

/* "jane@example.org (Jane Doe)", "Jane Doe <jane@example.org>", "jane@example.org": the name if
 * there is one. */
static struct str name_of_person(struct str s)
{
    s = utf8_trim(s);
    size_t at = str_chr(s, '@'), open = str_chr(s, '('), angle = str_chr(s, '<');
    if (at == SIZE_MAX)
        return s;
    if (open != SIZE_MAX && open > at) {
        struct str name = str_from(s, open + 1);
        name = utf8_trim(str_upto(name, str_chr(name, ')')));
        return name.len ? name : utf8_trim(str_upto(s, open));
    }
    if (angle != SIZE_MAX && angle > 0 && angle < at)
        return utf8_trim(str_upto(s, angle));
    return s;
}

static void end_link_text(struct reader *r, const struct frame *f, struct str text)
{
    if (f->to && f->to != &r->source)
        draft_set_url(f->to, f->rule->field, f->rule->rank, f->base, text);
}

static void end_guid(const struct frame *f, struct str text)
{
    draft_set(f->to, ITEM_GUID, f->rule->rank, text);
    text = utf8_trim(text);
    if (!f->not_permanent &&
        (str_startsi(text, STR("http://")) || str_startsi(text, STR("https://"))))
        draft_set_url(f->to, ITEM_LINK, 2, f->base, text);
}

static void end_item(struct reader *r)
{
    struct draft *item = &r->out.item, *source = &r->source;
    draft_set(item, ITEM_PUBLISHER, 5, source->field[ITEM_HEADLINE]);
    draft_set(item, ITEM_COPYRIGHT, 1, source->field[ITEM_COPYRIGHT]);
    draft_set(item, ITEM_BYLINE, 1, source->field[ITEM_BYLINE]);
    r->in_item = false;
    r->rc = feedout_item(&r->out);
}

static void end_media_title(struct reader *r, const struct frame *f, struct str raw)
{
    buf_reset(&r->scratch);
    markup_line(raw, &r->scratch);
    if (f->media && f->media <= f->to->media_count)
        f->to->media[f->media - 1].title = arena_keep(&r->out.arena, buf_str(&r->scratch));
    else
        draft_set(f->to, ITEM_HEADLINE, f->rule->rank, buf_str(&r->scratch));
}

static uint32_t number_of(struct str s)
{
    uint64_t n = 0;
    s = str_trim(s);
    return str_u64(str_upto(s, str_chr(s, '.')), &n) == 0 && n <= 1000000 ? (uint32_t)n : 0;
}

/* What counts for the feed alone. */
static void end_of_feed(struct reader *r, const struct frame *f, struct str raw)
{
    struct feedout *out = &r->out;
    raw = str_trim(raw);
    if (f->verb == XML_GENERATOR && out->generator.len == 0) {
        out->generator = arena_keep(&out->feed_arena, raw);
    } else if (f->verb == XML_TTL) {
        out->ttl_s = number_of(raw) * 60;
    } else if (f->verb == XML_PERIOD) {
        feedout_set_period(out, raw);
    } else if (f->verb == XML_FREQUENCY) {
        out->frequency = number_of(raw);
    } else if (f->verb == XML_HOUR) {
        feedout_add_hour(out, raw);
    } else if (f->verb == XML_DAY) {
        feedout_add_day(out, raw);
    }
}

void xml_end(struct reader *r, const struct frame *f, struct str raw)
{
    struct draft *to = f->to;
    switch (f->verb) {
    case XML_ITEM:
    case XML_DELETED:
        end_item(r);
        break;
    case XML_SOURCE: /* RSS: its text is the title */
        if (str_trim(raw).len)
            draft_set(to, ITEM_HEADLINE, 1, read_text(r, f, raw));
        break;
    case XML_TEXT:
    case XML_LINE:
        draft_set(to, (enum item_field)f->rule->field, f->rule->rank, read_text(r, f, raw));
        break;
    case XML_RAW:
        if (f->rule->field != ITEM_GUID || to != &r->source)
            draft_set(to, (enum item_field)f->rule->field, f->rule->rank, raw);
        break;
    case XML_CREATOR:
        draft_add_author(to, f->rule->rank, name_of_person(read_text(r, f, raw)));
        break;
    case XML_PERSON:
        if (r->person.len)
            draft_add_author(to, f->rule->rank, buf_str(&r->person));
        else
            draft_add_author(to, f->rule->rank, name_of_person(read_text(r, f, raw)));
        break;
    case XML_NAME:
        buf_reset(&r->person);
        utf8_squash(raw, &r->person);
        break;
    case XML_GUID:
        end_guid(f, raw);
        break;
    case XML_LINK:
    case XML_LINK_TEXT:
        end_link_text(r, f, raw);
        break;
    case XML_CATEGORY:
        if (f->value.len == 0) {
            buf_reset(&r->scratch);
            markup_line(raw, &r->scratch);
            draft_add_keyword(to, buf_str(&r->scratch));
        }
        break;
    case XML_KEYWORDS:
        draft_add_keywords(to, raw);
        break;
    case XML_PUBLISHED:
        draft_set_published(to, f->rule->rank, raw);
        break;
    case XML_UPDATED:
        draft_set_updated(to, f->rule->rank, raw);
        break;
    case XML_MEDIA_TITLE:
        end_media_title(r, f, raw);
        break;
    case XML_IMAGE:
    case XML_IMAGE_URL:
        xml_set_image(r, f, raw);
        break;
    case XML_ICON:
        if (to == &r->out.feed)
            xml_set_image(r, f, raw);
        break;
    case XML_GENERATOR:
    case XML_TTL:
    case XML_PERIOD:
    case XML_FREQUENCY:
    case XML_HOUR:
    case XML_DAY:
        if (to == &r->out.feed)
            end_of_feed(r, f, raw);
        break;
    case XML_NOTHING:
    case XML_IGNORE:
    case XML_FEED:
    case XML_IMAGE_HREF:
    case XML_ENCLOSURE:
    case XML_MEDIA_CONTENT:
        break;
    }
}
