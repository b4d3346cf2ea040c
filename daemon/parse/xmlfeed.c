#include "xmlfeed.h"

#include <errno.h>
#include <libxml/parser.h>
#include <libxml/parserInternals.h>

#include "base64.h"
#include "feedout.h"
#include "limits.h"
#include "markup.h"
#include "namespace.h"
#include "url.h"
#include "utf8.h"
#include "xmlrepair.h"

/* How the characters of a text element are to be read. */
enum kind {
    KIND_HTML,  /* escaped or CDATA: what comes is markup already */
    KIND_PLAIN, /* until an element comes: then it was markup after all */
    KIND_XML    /* elements and characters are put together to markup again */
};

struct frame {
    const struct xml_rule *rule; /* NULL: none, its children are looked at */
    enum xml_verb verb;
    struct draft *to; /* NULL: nothing in here counts */
    size_t mark;      /* where its characters begin in reader.text */
    struct str base, lang;
    struct str value; /* the attribute that its end needs; lives in the item's arena */
    enum kind kind;
    bool base64, not_permanent;
    size_t media; /* 1 + index of the medium that its children describe */
};

/*
 *   frames   document > rss > channel > item > description
 *   text     |                                |Some <b>bold</b> words
 *            mark of the first four            mark of description
 */
struct reader {
    struct document *document;
    const struct xml_dialect *dialect;
    struct feedout out;
    xmlParserCtxtPtr parser;
    struct frame frames[LIMIT_XML_DEPTH + 2];
    size_t depth;      /* frames in use */
    size_t over;       /* elements open beyond them: cannot be, after xmlrepair() */
    size_t in_text;    /* depth of the text element that is open, 0 none */
    struct buf text;   /* characters of all open elements */
    struct buf scratch;
    struct draft source;
    bool in_item, in_source;
    struct buf person; /* name of the person whose element is open */
    /* libxml2 keeps one copy of each name, so a pair of addresses tells a namespace already met. */
    struct {
        const xmlChar *address, *prefix;
        enum xml_space space;
    } met[16];
    size_t met_count;
    int rc;
};

struct attributes {
    const xmlChar **at; /* libxml2: name, prefix, address, value, end */
    int count;
};

static struct str str_of_xml(const xmlChar *z)
{
    return str_of((const char *)z);
}

/* Of an attribute without prefix, or of one with that prefix. */
static struct str attribute_of(struct attributes a, const char *prefix, const char *name)
{
    for (int i = 0; i < a.count; i++) {
        const xmlChar **one = a.at + (ptrdiff_t)i * 5;
        if (str_isi(str_of_xml(one[0]), name) && str_is(str_of_xml(one[1]), prefix))
            return (struct str){(const char *)one[3], (size_t)(one[4] - one[3])};
    }
    return STR_NONE;
}

static struct str attribute(struct attributes a, const char *name)
{
    return attribute_of(a, NULL, name);
}

static struct str keep(struct reader *r, struct str s)
{
    return arena_keep(&r->out.arena, s);
}

/* ------------------------------------------------------------------------------- which element it is */

static const struct xml_rule *find_rule(const struct xml_rule *rules, size_t count, struct str name, enum xml_space space)
{
    char lower[24];
    size_t low = 0, high = count;
    if (name.len >= sizeof lower)
        return NULL;
    for (size_t i = 0; i < name.len; i++)
        lower[i] = (char)(name.at[i] >= 'A' && name.at[i] <= 'Z' ? name.at[i] | 0x20 : name.at[i]);
    lower[name.len] = '\0';
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(rules[middle].name, lower) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    for (; low < count && strcmp(rules[low].name, lower) == 0; low++)
        if (rules[low].spaces & space)
            return &rules[low];
    return NULL;
}

static const struct xml_rule *rule_of(const struct reader *r, struct str name, enum xml_space space, bool *typed)
{
    bool atom_first = space == XML_ATOM || (space == XML_PLAIN && r->dialect->typed_text);
    for (int turn = 0; turn < 2; turn++) {
        bool atom = atom_first == (turn == 0);
        const struct xml_rule *rule = atom ? find_rule(atom_rules, atom_rule_count, name, space)
                                           : find_rule(rss_rules, rss_rule_count, name, space);
        if (rule) {
            *typed = atom && (space == XML_ATOM || r->dialect->typed_text);
            return rule;
        }
    }
    return NULL;
}

/* --------------------------------------------------------------------------------- start of elements */

/* RFC 4287, sections 3.1.1 and 4.1.3; Atom 0.3 has a mode besides the type. */
static void set_kind(struct frame *f, struct attributes a, bool typed)
{
    struct str type = str_trim(attribute(a, "type")), mode = attribute(a, "mode");
    type = str_trim(str_upto(type, str_chr(type, ';')));
    f->base64 = str_isi(mode, "base64");
    f->kind = KIND_HTML;
    if (!typed)
        return;
    if (str_isi(type, "html") || str_isi(type, "text/html"))
        f->kind = str_isi(mode, "xml") ? KIND_XML : KIND_HTML;
    else if (str_isi(type, "xhtml") || str_ends(type, STR("/xml")) || str_ends(type, STR("+xml")))
        f->kind = str_isi(mode, "escaped") || f->base64 ? KIND_HTML : KIND_XML;
    else if (type.len == 0 || str_isi(type, "text") || str_startsi(type, STR("text/")))
        f->kind = KIND_PLAIN;
    else if (mode.len == 0 && str_chr(type, '/') != SIZE_MAX)
        f->base64 = true;
}

static void start_item(struct reader *r, struct frame *f, struct attributes a)
{
    struct draft *item = &r->out.item;
    draft_reset(item, &r->out.arena);
    draft_reset(&r->source, &r->out.arena);
    r->in_item = true;
    f->to = item;
    draft_set(item, ITEM_LANGUAGE, 1, f->lang);
    draft_set(item, ITEM_GUID, 1, attribute_of(a, "rdf", "about"));
    draft_set_url(item, ITEM_LINK, 1, f->base, attribute_of(a, "rdf", "about"));
    draft_set_url(item, ITEM_LINK, 2, f->base, attribute(a, "href")); /* CDF */
    draft_set_updated(item, 1, attribute(a, "lastmod"));
    if (f->verb == XML_DELETED) {
        item->flags |= ITEM_RETRACTED;
        draft_set(item, ITEM_GUID, 5, attribute(a, "ref"));
        draft_set_updated(item, 6, attribute(a, "when"));
    }
}

/* "http://www.iana.org/assignments/relation/self" is "self" (RFC 4287, section 4.2.7.2). */
static struct str relation(struct attributes a)
{
    struct str rel = str_trim(attribute(a, "rel"));
    struct str prefix = STR("http://www.iana.org/assignments/relation/");
    if (str_starts(rel, prefix))
        rel = str_from(rel, prefix.len);
    return rel.len ? rel : STR("alternate");
}

static void link_of_feed(struct reader *r, const struct frame *f, struct str rel, struct str href)
{
    struct str *to = str_isi(rel, "self") ? &r->out.self : str_isi(rel, "next") ? &r->out.next : NULL;
    buf_reset(&r->scratch);
    if ((to || str_isi(rel, "hub")) && draft_absolute(f->base, href, &r->scratch) == 0) {
        if (to)
            *to = to->len ? *to : arena_keep(&r->out.feed_arena, buf_str(&r->scratch));
        else
            feedout_add_hub(&r->out, buf_str(&r->scratch));
    }
}

/* With href it is Atom's, else the address is its text. */
static void start_link(struct reader *r, struct frame *f, struct attributes a)
{
    struct str href = attribute(a, "href"), rel = relation(a), type = attribute(a, "type");
    if (href.len == 0)
        href = attribute_of(a, "rdf", "resource");
    if (!f->to || href.len == 0)
        return;
    f->verb = XML_NOTHING;
    if (str_isi(rel, "alternate")) {
        bool page = type.len == 0 || str_findi(type, STR("html")) != SIZE_MAX;
        draft_set_url(f->to, ITEM_LINK, page ? 5 : 3, f->base, href);
    } else if (f->to == &r->out.feed) {
        link_of_feed(r, f, rel, href);
    } else if (str_isi(rel, "enclosure") && f->to == &r->out.item) {
        draft_add_media(f->to, f->base, href, type);
    }
}

static uint32_t pixels(struct str s)
{
    uint64_t n = 0;
    return str_u64(str_trim(s), &n) == 0 && n <= 100000 ? (uint32_t)n : 0;
}

/* enclosure, media:content, media:thumbnail */
static void start_media(struct reader *r, struct frame *f, struct attributes a)
{
    struct str url = attribute(a, "url"), type = attribute(a, "type");
    if (f->to != &r->out.item)
        return;
    if (url.len == 0)
        url = attribute(a, "href");
    if (url.len == 0)
        url = attribute_of(a, "rdf", "resource");
    struct item_media *media = draft_add_media(f->to, f->base, url, type);
    if (!media)
        return;
    media->width = media->width ? media->width : pixels(attribute(a, "width"));
    media->height = media->height ? media->height : pixels(attribute(a, "height"));
    if (f->verb == XML_MEDIA_CONTENT)
        f->media = (size_t)(media - f->to->media) + 1;
}

static void set_image(struct reader *r, const struct frame *f, struct str url)
{
    if (f->to == &r->out.item) {
        draft_add_media(f->to, f->base, url, STR_NONE);
    } else if (f->to == &r->out.feed && r->out.image.len == 0) {
        buf_reset(&r->scratch);
        if (draft_absolute(f->base, url, &r->scratch) == 0)
            r->out.image = arena_keep(&r->out.feed_arena, buf_str(&r->scratch));
    }
}

static void start_category(struct frame *f, struct attributes a)
{
    struct str term = str_trim(attribute(a, "term")), label = str_trim(attribute(a, "label"));
    if (term.len == 0)
        term = attribute(a, "text"); /* iTunes */
    if (str_startsi(term, STR("http://")) || str_startsi(term, STR("https://")))
        term = label; /* a scheme's address says nothing to a reader */
    if (f->to && (term.len || label.len)) {
        draft_add_keyword(f->to, term.len ? term : label);
        f->value = STR("done");
    }
}

/* Texts carry the language of what they say. */
static void start_text(struct reader *r, struct frame *f, struct attributes a, bool typed)
{
    set_kind(f, a, typed);
    r->in_text = r->depth;
    if (f->to == &r->out.item && attribute_of(a, "xml", "lang").len)
        draft_set(f->to, ITEM_LANGUAGE, f->rule->field == ITEM_BODY ? 3 : 2, f->lang);
    struct str src = attribute(a, "src");
    if (f->to == &r->out.item && src.len) /* RFC 4287, section 4.1.3.2 */
        draft_set_url(f->to, ITEM_LINK, 1, f->base, src);
}

static void start(struct reader *r, struct frame *f, struct attributes a, bool typed)
{
    switch (f->verb) {
    case XML_IGNORE:
        f->to = NULL;
        break;
    case XML_FEED:
        if (!r->in_item) {
            f->to = &r->out.feed;
            draft_set(f->to, ITEM_LANGUAGE, 1, f->lang);
        }
        break;
    case XML_ITEM:
    case XML_DELETED:
        if (r->in_item)
            f->verb = XML_NOTHING;
        else
            start_item(r, f, a);
        break;
    case XML_SOURCE:
        f->to = r->in_item ? &r->source : NULL;
        break;
    case XML_TEXT:
    case XML_LINE:
    case XML_CREATOR:
        start_text(r, f, a, typed);
        break;
    case XML_PERSON:
        buf_reset(&r->person);
        break;
    case XML_GUID:
        f->not_permanent = str_isi(str_trim(attribute(a, "isPermaLink")), "false");
        break;
    case XML_LINK:
        start_link(r, f, a);
        break;
    case XML_CATEGORY:
        start_category(f, a);
        break;
    case XML_ENCLOSURE:
    case XML_MEDIA_CONTENT:
        start_media(r, f, a);
        break;
    case XML_IMAGE_HREF:
        set_image(r, f, attribute(a, "href"));
        break;
    case XML_NOTHING:
    case XML_IMAGE:
    case XML_IMAGE_URL:
    case XML_RAW:
    case XML_NAME:
    case XML_LINK_TEXT:
    case XML_KEYWORDS:
    case XML_PUBLISHED:
    case XML_UPDATED:
    case XML_MEDIA_TITLE:
    case XML_GENERATOR:
    case XML_TTL:
    case XML_PERIOD:
    case XML_FREQUENCY:
    case XML_HOUR:
    case XML_DAY:
        break;
    }
}

/* ----------------------------------------------------------------------------------- end of elements */

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

/* "jane@example.org (Jane Doe)", "Jane Doe <jane@example.org>", "jane@example.org": the name if there is one. */
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
    if (!f->not_permanent && (str_startsi(text, STR("http://")) || str_startsi(text, STR("https://"))))
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
    if (r->rc != 0)
        xmlStopParser(r->parser);
}

static void end_media_title(struct reader *r, const struct frame *f, struct str raw)
{
    buf_reset(&r->scratch);
    markup_line(raw, &r->scratch);
    if (f->media && f->media <= f->to->media_count)
        f->to->media[f->media - 1].title = keep(r, buf_str(&r->scratch));
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

static void end(struct reader *r, const struct frame *f, struct str raw)
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
        set_image(r, f, raw);
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

/* --------------------------------------------------------------------------------------------- SAX */

static enum xml_space space_of(struct reader *r, const xmlChar *address, const xmlChar *prefix)
{
    for (size_t i = 0; i < r->met_count; i++)
        if (r->met[i].address == address && r->met[i].prefix == prefix)
            return r->met[i].space;
    enum xml_space space = namespace_of(str_of_xml(address), str_of_xml(prefix));
    if (r->met_count < ARRAY_LEN(r->met)) {
        r->met[r->met_count].address = address;
        r->met[r->met_count].prefix = prefix;
        r->met[r->met_count++].space = space;
    }
    return space;
}

/* An element within a text is markup again. */
static void put_tag(struct reader *r, const xmlChar *name, bool closing)
{
    struct frame *text = &r->frames[r->in_text - 1];
    if (closing && str_isi(str_of_xml(name), "br")) /* HTML would take it for a second line end */
        return;
    if (text->kind == KIND_PLAIN) {
        buf_reset(&r->scratch);
        markup_escape(str_from(buf_str(&r->text), text->mark), &r->scratch);
        r->text.len = text->mark;
        buf_puts(&r->text, buf_str(&r->scratch));
        text->kind = KIND_XML;
    }
    buf_putz(&r->text, closing ? "</" : "<");
    buf_puts(&r->text, str_of_xml(name));
    buf_putc(&r->text, '>');
}

static void set_scope(struct reader *r, struct frame *f, struct attributes a)
{
    struct str base = attribute_of(a, "xml", "base"), lang = attribute_of(a, "xml", "lang");
    buf_reset(&r->scratch);
    if (base.len && url_resolve(f->base, base, &r->scratch) == 0)
        f->base = r->in_item ? keep(r, buf_str(&r->scratch)) : arena_keep(&r->out.feed_arena, buf_str(&r->scratch));
    if (lang.len)
        f->lang = r->in_item ? keep(r, lang) : arena_keep(&r->out.feed_arena, lang);
}

/* What stands within an element that is not looked into, or whose children mean something else there. */
static bool hidden_by_parent(const struct frame *parent, const struct xml_rule *rule)
{
    if (parent->verb == XML_IMAGE)
        return rule->verb != XML_IMAGE_URL;
    if (parent->verb == XML_PERSON)
        return rule->verb != XML_NAME;
    return rule->verb == XML_NAME || (rule->verb == XML_IMAGE_URL && str_is(str_of(rule->name), "url"));
}

static void on_start(void *context, const xmlChar *name, const xmlChar *prefix, const xmlChar *address, int namespaces,
                     const xmlChar **unused, int count, int defaulted, const xmlChar **attributes)
{
    struct reader *r = context;
    (void)namespaces;
    (void)unused;
    (void)defaulted;
    if (r->depth == ARRAY_LEN(r->frames)) {
        r->over++;
        return;
    }
    const struct frame *parent = r->depth ? &r->frames[r->depth - 1] : NULL;
    struct frame *f = &r->frames[r->depth++];
    struct attributes a = {attributes, count};
    *f = (struct frame){.mark = r->text.len};
    if (!parent) {
        f->base = r->document->url;
        f->to = &r->out.feed;
        return;
    }
    f->to = parent->to;
    f->base = parent->base;
    f->lang = parent->lang;
    f->media = parent->media;
    if (r->in_text) {
        put_tag(r, name, false);
        return;
    }
    bool typed = false;
    set_scope(r, f, a);
    f->rule = rule_of(r, str_of_xml(name), space_of(r, address, prefix), &typed);
    if (!f->rule || !f->to || hidden_by_parent(parent, f->rule)) {
        bool item = f->rule && (f->rule->verb == XML_ITEM || f->rule->verb == XML_DELETED);
        if (!item) { /* an item counts wherever it stands */
            f->to = f->rule && f->rule->verb != XML_NOTHING ? NULL : f->to;
            f->rule = NULL;
            return;
        }
    }
    f->verb = f->rule->verb;
    r->out.item.touched |= r->in_item;
    start(r, f, a, typed);
}

static void on_end(void *context, const xmlChar *name, const xmlChar *prefix, const xmlChar *address)
{
    struct reader *r = context;
    (void)prefix;
    (void)address;
    if (r->over) {
        r->over--;
        return;
    }
    const struct frame *f = &r->frames[r->depth - 1];
    if (r->in_text && r->in_text < r->depth) {
        put_tag(r, name, true);
        r->depth--;
        return;
    }
    r->in_text = 0;
    struct str raw = str_from(buf_str(&r->text), f->mark);
    if (f->to && f->verb != XML_NOTHING && r->rc == 0)
        end(r, f, raw);
    r->text.len = f->mark;
    r->depth--;
}

static void on_text(void *context, const xmlChar *text, int len)
{
    struct reader *r = context;
    struct str s = {(const char *)text, (size_t)len};
    const struct frame *f = r->depth ? &r->frames[(r->in_text ? r->in_text : r->depth) - 1] : NULL;
    if (!f || !f->to || f->verb == XML_NOTHING || f->verb == XML_FEED || f->verb == XML_ITEM)
        return;
    if (r->in_text && f->kind == KIND_XML)
        markup_escape(s, &r->text);
    else
        buf_puts(&r->text, s);
}

static void parse(struct reader *r, struct str xml)
{
    xmlSAXHandler sax = {.initialized = XML_SAX2_MAGIC,
                         .startElementNs = on_start,
                         .endElementNs = on_end,
                         .characters = on_text,
                         .ignorableWhitespace = on_text,
                         .cdataBlock = on_text};
    r->parser = xmlCreateMemoryParserCtxt(xml.at, (int)xml.len);
    if (!r->parser)
        return;
    *r->parser->sax = sax;
    r->parser->userData = r;
    xmlCtxtUseOptions(r->parser, XML_PARSE_RECOVER | XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
    xmlParseDocument(r->parser);
    xmlFreeParserCtxt(r->parser);
}

int xmlfeed_read(struct document *document, const struct xml_dialect *dialect)
{
    struct reader *r = xcalloc(1, sizeof *r);
    struct buf xml = BUF_NONE;
    r->document = document;
    r->dialect = dialect;
    feedout_init(&r->out, document);
    r->out.author_inherits = dialect->author_inherits;
    draft_reset(&r->source, &r->out.arena);
    xmlrepair(document->text, &xml);
    parse(r, buf_str(&xml));
    int rc = feedout_finish(&r->out, r->rc);
    feedout_done(&r->out);
    draft_done(&r->source);
    buf_free(&xml);
    buf_free(&r->text);
    buf_free(&r->scratch);
    buf_free(&r->person);
    free(r);
    return rc;
}
