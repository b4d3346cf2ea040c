#include "xmlreader.h"

#include "base64.h"
#include "markup.h"
#include "picture.h"
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

static bool is_around_mail(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || strchr("()<>[]\",;", c) != NULL;
}

static struct str trim_around_mail(struct str s)
{
    while (s.len && is_around_mail(s.at[0]))
        s = str_from(s, 1);
    while (s.len && is_around_mail(s.at[s.len - 1]))
        s.len--;
    return s;
}

/* "jane@example.org (Jane Doe)", "Jane Doe <jane@example.org>", "Jane Doe (jane@example.org)",
 * "jane@example.org": the name if there is one. */
static struct str name_of_person(struct str s)
{
    s = utf8_trim(s);
    size_t at = str_chr(s, '@'), from = at, to = at;
    if (at == SIZE_MAX)
        return s;
    while (from > 0 && !is_around_mail(s.at[from - 1]))
        from--;
    while (to < s.len && !is_around_mail(s.at[to]))
        to++;
    struct str before = trim_around_mail(str_upto(s, from)),
               after = trim_around_mail(str_from(s, to));
    struct str name = before.len ? before : after;
    bool none = name.len == 0 || str_chr(name, '@') != SIZE_MAX;
    return none ? trim_around_mail(s) : name;
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
    if (item->field[ITEM_SUMMARY].len || item->field[ITEM_BODY].len)
        draft_add_caption(item, r->caption);
    else
        draft_set(item, ITEM_SUMMARY, 1, r->caption);
    if (item->media_count == 0 && r->image.len)
        draft_add_media(item, r->image_base, r->image, STR_NONE);
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

/* "jane@example.org (Jane Doe)", or "mailto:…" */
static void say_contact(struct reader *r, const struct frame *f, struct str text)
{
    struct feedout *out = &r->out;
    text = utf8_trim(text);
    if (str_startsi(text, STR("mailto:")))
        text = str_from(text, 7);
    buf_reset(&r->scratch);
    utf8_squash(text, &r->scratch);
    text = buf_str(&r->scratch);
    feedout_say(out, ABOUT_CONTACT, f->rule->rank, text);
    if (str_chr(name_of_person(text), '@') == SIZE_MAX)
        feedout_say(out, ABOUT_PUBLISHER, f->rule->rank, name_of_person(text));
}

/* The name of the person whose element ends; without one the address of mail. */
static struct str person_read(struct reader *r, const struct frame *f, struct str raw)
{
    if (r->person.len)
        return buf_str(&r->person);
    return r->email.len ? buf_str(&r->email) : name_of_person(read_text(r, f, raw));
}

static void end_owner(struct reader *r)
{
    feedout_say(&r->out, ABOUT_PUBLISHER, 1, buf_str(&r->person));
    feedout_say(&r->out, ABOUT_CONTACT, 2, buf_str(&r->email));
}

/* Of one medium it is the caption; of all of them it may be all that the item says. */
static void end_media_text(struct reader *r, const struct frame *f, struct str raw)
{
    struct str text = read_text(r, f, raw);
    if (f->to != &r->out.item) {
        draft_set(f->to, ITEM_SUMMARY, f->rule->rank, text);
    } else if (!f->media) {
        r->caption = r->caption.len ? r->caption : arena_keep(&r->out.arena, text);
    } else {
        struct item_media *media = &f->to->media[f->media - 1];
        draft_add_caption(f->to, text);
        media->title = media->title.len ? media->title : arena_keep(&r->out.arena, text);
    }
}

/* KIND_XML lost its attributes: xmlfeed.c has seen the image. */
static void note_image(struct reader *r, const struct frame *f, struct str raw)
{
    if (f->to != &r->out.item || r->image.len || f->kind != KIND_HTML)
        return;
    struct str src = picture_in(raw);
    if (src.len == 0)
        return;
    struct buf plain = BUF_NONE;
    markup_unescape(src, &plain);
    r->image = arena_keep(&r->out.arena, buf_str(&plain));
    r->image_base = f->base;
    buf_free(&plain);
}

/* What counts for the feed alone. */
static void end_of_feed(struct reader *r, const struct frame *f, struct str raw)
{
    struct feedout *out = &r->out;
    raw = str_trim(raw);
    enum about_field field = (enum about_field)f->rule->field;
    if (f->verb == XML_SAY) {
        feedout_say(out, field, f->rule->rank, read_text(r, f, raw));
    } else if (f->verb == XML_SAY_URL) {
        feedout_say_url(out, field, f->rule->rank, f->base, f->value.len ? f->value : raw);
    } else if (f->verb == XML_CONTACT) {
        say_contact(r, f, f->value.len ? f->value : raw);
    } else if (f->verb == XML_FLAG) {
        if (str_isi(raw, "yes") || str_isi(raw, "true") ||
            (raw.len == 0 && f->rule->spaces == XML_HISTORY))
            out->flags |= f->rule->field;
    } else if (f->verb == XML_VALID) {
        feedout_set_valid(out, raw);
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
        note_image(r, f, raw);
        draft_set(to, (enum item_field)f->rule->field, f->rule->rank, read_text(r, f, raw));
        break;
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
        draft_add_author(to, f->rule->rank, person_read(r, f, raw));
        break;
    case XML_HELPER:
        if (to == &r->out.feed)
            feedout_add_contributor(&r->out, person_read(r, f, raw));
        break;
    case XML_OWNER:
        if (to == &r->out.feed)
            end_owner(r);
        break;
    case XML_EMAIL:
        buf_reset(&r->email);
        utf8_squash(raw, &r->email);
        break;
    case XML_MEDIA_TEXT:
        end_media_text(r, f, raw);
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
    case XML_SAY:
    case XML_SAY_URL:
    case XML_CONTACT:
    case XML_FLAG:
    case XML_VALID:
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
    case XML_CLOUD:
        break;
    }
}
