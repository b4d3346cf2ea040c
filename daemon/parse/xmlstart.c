#include "xmlreader.h"

/* RFC 4287, sections 3.1.1 and 4.1.3; Atom 0.3 has a mode besides the type. */
static void set_kind(struct frame *f, struct xml_attributes a, bool typed)
{
    struct str type = str_trim(xml_attribute(a, "type")), mode = xml_attribute(a, "mode");
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

static void start_item(struct reader *r, struct frame *f, struct xml_attributes a)
{
    struct draft *item = &r->out.item;
    draft_reset(item, &r->out.arena);
    draft_reset(&r->source, &r->out.arena);
    r->caption = r->image = STR_NONE;
    r->in_item = true;
    f->to = item;
    draft_set(item, ITEM_LANGUAGE, 1, f->lang);
    draft_set(item, ITEM_GUID, 1, xml_attribute_of(a, "rdf", "about"));
    draft_set_url(item, ITEM_LINK, 1, f->base, xml_attribute_of(a, "rdf", "about"));
    draft_set_url(item, ITEM_LINK, 2, f->base, xml_attribute(a, "href")); /* CDF */
    draft_set_updated(item, 1, xml_attribute(a, "lastmod"));
    if (f->verb == XML_DELETED) {
        item->flags |= ITEM_RETRACTED;
        draft_set(item, ITEM_GUID, 5, xml_attribute(a, "ref"));
        draft_set_updated(item, 6, xml_attribute(a, "when"));
    }
}

/* "http://www.iana.org/assignments/relation/self" is "self" (RFC 4287, section 4.2.7.2). */
static struct str relation(struct xml_attributes a)
{
    struct str rel = str_trim(xml_attribute(a, "rel"));
    struct str prefix = STR("http://www.iana.org/assignments/relation/");
    if (str_starts(rel, prefix))
        rel = str_from(rel, prefix.len);
    return rel.len ? rel : STR("alternate");
}

static void link_of_feed(struct reader *r, const struct frame *f, struct str rel, struct str href)
{
    static const struct {
        const char *rel;
        enum about_field field;
    } relations[] = {{"self", ABOUT_SELF},
                     {"next", ABOUT_NEXT},
                     {"current", ABOUT_CURRENT},
                     {"prev-archive", ABOUT_PREV_ARCHIVE},
                     {"next-archive", ABOUT_NEXT_ARCHIVE}};
    for (size_t i = 0; i < ARRAY_LEN(relations); i++)
        if (str_isi(rel, relations[i].rel))
            feedout_say_url(&r->out, relations[i].field, 1, f->base, href);
    buf_reset(&r->scratch);
    if (str_isi(rel, "hub") && draft_absolute(f->base, href, &r->scratch) == 0)
        feedout_add_hub(&r->out, buf_str(&r->scratch));
}

/* With href it is Atom's, else the address is its text. */
static void start_link(struct reader *r, struct frame *f, struct xml_attributes a)
{
    struct str href = xml_attribute(a, "href"), rel = relation(a), type = xml_attribute(a, "type");
    if (href.len == 0)
        href = xml_attribute_of(a, "rdf", "resource");
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
static void start_media(struct reader *r, struct frame *f, struct xml_attributes a)
{
    struct str url = xml_attribute(a, "url"), type = xml_attribute(a, "type");
    if (f->to != &r->out.item)
        return;
    if (url.len == 0)
        url = xml_attribute(a, "href");
    if (url.len == 0)
        url = xml_attribute_of(a, "rdf", "resource");
    struct item_media *media = draft_add_media(f->to, f->base, url, type);
    if (!media)
        return;
    media->width = media->width ? media->width : pixels(xml_attribute(a, "width"));
    media->height = media->height ? media->height : pixels(xml_attribute(a, "height"));
    if (f->verb == XML_MEDIA_CONTENT)
        f->media = (size_t)(media - f->to->media) + 1;
}

void xml_set_image(struct reader *r, const struct frame *f, struct str url)
{
    if (f->to == &r->out.item) {
        draft_add_media(f->to, f->base, url, STR_NONE);
    } else if (f->to == &r->out.feed) {
        feedout_say_url(&r->out, f->verb == XML_ICON ? ABOUT_ICON : ABOUT_IMAGE, 1, f->base, url);
    }
}

/* What the root says of the format; RSS 1.0, 0.90 and Atom say it by their namespace. */
static void start_feed(struct reader *r, struct frame *f, struct xml_attributes a)
{
    static const struct {
        struct str address;
        const char *version;
    } spaces[] = {
        {{"//purl.org/rss/1.0/", 19}, "1.0"},
        {{"/rdf/simple/0.9/", 16}, "0.90"},
        {{"//www.w3.org/2005/Atom", 22}, "1.0"},
        {{"//purl.org/atom/ns#", 19}, "0.3"},
    };
    f->to = &r->out.feed;
    if (!r->in_feed) /* the title of a page around it is not its own */
        draft_reset(f->to, &r->out.feed_arena);
    bool first = !r->in_feed;
    r->in_feed = true;
    draft_set(f->to, ITEM_LANGUAGE, 1, f->lang);
    if (!first)
        return;
    feedout_say(&r->out, ABOUT_VERSION, 2, xml_attribute(a, "version"));
    for (size_t i = 0; i < ARRAY_LEN(spaces); i++)
        if (str_ends(xml_attribute(a, "xmlns"), spaces[i].address))
            feedout_say(&r->out, ABOUT_VERSION, 1, str_of(spaces[i].version));
}

/* https://www.rssboard.org/rsscloud-interface */
static void start_cloud(struct reader *r, struct xml_attributes a)
{
    struct str domain = str_trim(xml_attribute(a, "domain")),
               path = str_trim(xml_attribute(a, "path")), port = str_trim(xml_attribute(a, "port")),
               protocol = str_trim(xml_attribute(a, "protocol")),
               procedure = str_trim(xml_attribute(a, "registerProcedure"));
    if (domain.len == 0 || protocol.len == 0)
        return;
    buf_reset(&r->scratch);
    buf_printf(&r->scratch, "%.*s http://%.*s%s%.*s%s%.*s%s%.*s", STR_ARG(protocol),
               STR_ARG(domain), port.len ? ":" : "", STR_ARG(port),
               str_starts(path, STR("/")) ? "" : "/", STR_ARG(path), procedure.len ? " " : "",
               STR_ARG(procedure));
    feedout_say(&r->out, ABOUT_CLOUD, 1, buf_str(&r->scratch));
}

static void start_category(struct frame *f, struct xml_attributes a)
{
    struct str term = str_trim(xml_attribute(a, "term")),
               label = str_trim(xml_attribute(a, "label"));
    if (term.len == 0)
        term = xml_attribute(a, "text"); /* iTunes */
    if (str_startsi(term, STR("http://")) || str_startsi(term, STR("https://")))
        term = label; /* a scheme's address says nothing to a reader */
    if (f->to && (term.len || label.len)) {
        draft_add_keyword(f->to, term.len ? term : label);
        f->value = STR("done");
    }
}

/* Texts carry the language of what they say. */
static void start_text(struct reader *r, struct frame *f, struct xml_attributes a, bool typed)
{
    set_kind(f, a, typed);
    r->in_text = r->depth;
    if (f->to == &r->out.item && xml_attribute_of(a, "xml", "lang").len)
        draft_set(f->to, ITEM_LANGUAGE, f->rule->field == ITEM_BODY ? 3 : 2, f->lang);
    struct str src = xml_attribute(a, "src");
    if (f->to == &r->out.item && src.len) /* RFC 4287, section 4.1.3.2 */
        draft_set_url(f->to, ITEM_LINK, 1, f->base, src);
}

void xml_start(struct reader *r, struct frame *f, struct xml_attributes a, bool typed)
{
    switch (f->verb) {
    case XML_IGNORE:
        f->to = NULL;
        break;
    case XML_FEED:
        if (!r->in_item)
            start_feed(r, f, a);
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
    case XML_MEDIA_TEXT:
    case XML_SAY:
        start_text(r, f, a, typed);
        break;
    case XML_PERSON:
    case XML_HELPER:
    case XML_OWNER:
        buf_reset(&r->person);
        buf_reset(&r->email);
        break;
    case XML_SAY_URL:
    case XML_CONTACT:
        f->value = arena_keep(f->to->arena, xml_attribute_of(a, "rdf", "resource"));
        break;
    case XML_CLOUD:
        if (f->to == &r->out.feed)
            start_cloud(r, a);
        break;
    case XML_GUID:
        f->not_permanent = str_isi(str_trim(xml_attribute(a, "isPermaLink")), "false");
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
        xml_set_image(r, f, xml_attribute(a, "href"));
        break;
    case XML_NOTHING:
    case XML_IMAGE:
    case XML_IMAGE_URL:
    case XML_ICON:
    case XML_RAW:
    case XML_NAME:
    case XML_LINK_TEXT:
    case XML_KEYWORDS:
    case XML_PUBLISHED:
    case XML_UPDATED:
    case XML_MEDIA_TITLE:
    case XML_EMAIL:
    case XML_FLAG:
    case XML_VALID:
    case XML_TTL:
    case XML_PERIOD:
    case XML_FREQUENCY:
    case XML_HOUR:
    case XML_DAY:
        break;
    }
}
