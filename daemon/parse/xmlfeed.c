#include "xmlfeed.h"

#include <libxml/parser.h>
#include <libxml/parserInternals.h>

#include "limits.h"
#include "markup.h"
#include "namespace.h"
#include "url.h"
#include "xmlreader.h"
#include "xmlrepair.h"

struct str xml_str(const xmlChar *z)
{
    return str_of((const char *)z);
}

struct str xml_attribute_of(struct attributes a, const char *prefix, const char *name)
{
    for (int i = 0; i < a.count; i++) {
        const xmlChar **one = a.at + (ptrdiff_t)i * 5;
        if (str_isi(xml_str(one[0]), name) && str_is(xml_str(one[1]), prefix))
            return (struct str){(const char *)one[3], (size_t)(one[4] - one[3])};
    }
    return STR_NONE;
}

struct str xml_attribute(struct attributes a, const char *name)
{
    return xml_attribute_of(a, NULL, name);
}

/* -------------------------------------------------------------------------- which element it is */

static const struct xml_rule *find_rule(const struct xml_rule *rules, size_t count, struct str name,
                                        enum xml_space space)
{
    char lower[24];
    size_t low = 0, high = count;
    if (!str_lower(name, lower, sizeof lower))
        return NULL;
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

static const struct xml_rule *rule_of(const struct reader *r, struct str name, enum xml_space space,
                                      bool *typed)
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

/* ------------------------------------------------------------------------------------------ SAX */

static enum xml_space space_of(struct reader *r, const xmlChar *address, const xmlChar *prefix)
{
    for (size_t i = 0; i < r->met_count; i++)
        if (r->met[i].address == address && r->met[i].prefix == prefix)
            return r->met[i].space;
    enum xml_space space = namespace_of(xml_str(address), xml_str(prefix));
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
    if (closing && str_isi(xml_str(name), "br")) /* HTML would take it for a second line end */
        return;
    if (text->kind == KIND_PLAIN) {
        buf_reset(&r->scratch);
        markup_escape(str_from(buf_str(&r->text), text->mark), &r->scratch);
        r->text.len = text->mark;
        buf_puts(&r->text, buf_str(&r->scratch));
        text->kind = KIND_XML;
    }
    buf_putz(&r->text, closing ? "</" : "<");
    buf_puts(&r->text, xml_str(name));
    buf_putc(&r->text, '>');
}

static void set_scope(struct reader *r, struct frame *f, struct attributes a)
{
    struct str base = xml_attribute_of(a, "xml", "base"), lang = xml_attribute_of(a, "xml", "lang");
    buf_reset(&r->scratch);
    if (base.len && url_resolve(f->base, base, &r->scratch) == 0)
        f->base = r->in_item ? arena_keep(&r->out.arena, buf_str(&r->scratch))
                             : arena_keep(&r->out.feed_arena, buf_str(&r->scratch));
    if (lang.len)
        f->lang =
            r->in_item ? arena_keep(&r->out.arena, lang) : arena_keep(&r->out.feed_arena, lang);
}

/* What stands within an element that is not looked into, or whose children mean something else
 * there. */
static bool hidden_by_parent(const struct frame *parent, const struct xml_rule *rule)
{
    if (parent->verb == XML_IMAGE)
        return rule->verb != XML_IMAGE_URL;
    if (parent->verb == XML_PERSON)
        return rule->verb != XML_NAME;
    return rule->verb == XML_NAME ||
           (rule->verb == XML_IMAGE_URL && str_is(str_of(rule->name), "url"));
}

static void on_start(void *context, const xmlChar *name, const xmlChar *prefix,
                     const xmlChar *address, int namespaces, const xmlChar **unused, int count,
                     int defaulted, const xmlChar **attributes)
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
    f->rule = rule_of(r, xml_str(name), space_of(r, address, prefix), &typed);
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
    xml_start(r, f, a, typed);
}

static void on_end(void *context, const xmlChar *name, const xmlChar *prefix,
                   const xmlChar *address)
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
        xml_end(r, f, raw);
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
    xmlCtxtUseOptions(r->parser, XML_PARSE_RECOVER | XML_PARSE_NONET | XML_PARSE_NOERROR |
                                     XML_PARSE_NOWARNING);
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
