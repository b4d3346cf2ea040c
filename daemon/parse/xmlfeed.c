#include "xmlfeed.h"

#include "limits.h"
#include "markup.h"
#include "picture.h"
#include "url.h"
#include "xmlreader.h"

struct str xml_attribute_of(struct xml_attributes a, const char *prefix, const char *name)
{
    struct str want_prefix = str_of(prefix), want = str_of(name);
    for (size_t i = 0; i < a.count; i++)
        if (str_eqi(a.at[i].name.local, want) && str_eq(a.at[i].name.prefix, want_prefix))
            return a.at[i].value;
    return STR_NONE;
}

struct str xml_attribute(struct xml_attributes a, const char *name)
{
    return xml_attribute_of(a, NULL, name);
}

/* -------------------------------------------------------------------------- which element it is */

static const struct xml_rule *find_rule(const struct xml_rule *rules, size_t count, struct str name,
                                        unsigned spaces)
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
        if (rules[low].spaces & spaces)
            return &rules[low];
    return NULL;
}

static const struct xml_rule *rule_of(const struct reader *r, struct str name, enum xml_space space,
                                      bool *typed)
{
    unsigned wide = space == XML_ATOM ? XML_ATOM | XML_PLAIN : space; /* items of RSS in Atom */
    bool atom_first = space == XML_ATOM || (space == XML_PLAIN && r->dialect->typed_text);
    for (int turn = 0; turn < 2; turn++) {
        bool atom = atom_first == (turn == 0);
        const struct xml_rule *rule = atom ? find_rule(atom_rules, atom_rule_count, name, space)
                                           : find_rule(rss_rules, rss_rule_count, name, wide);
        if (rule) {
            *typed = atom && (space == XML_ATOM || r->dialect->typed_text);
            return rule;
        }
    }
    return NULL;
}

/* --------------------------------------------------------------------------------------- events */

/* An element within a text is markup again. */
static void put_tag(struct reader *r, struct str name, bool closing)
{
    struct frame *text = &r->frames[r->in_text - 1];
    if (closing && str_isi(name, "br")) /* HTML would take it for a second line end */
        return;
    if (text->kind == KIND_PLAIN) {
        buf_reset(&r->scratch);
        markup_escape(str_from(buf_str(&r->text), text->mark), &r->scratch);
        r->text.len = text->mark;
        buf_puts(&r->text, buf_str(&r->scratch));
        text->kind = KIND_XML;
    }
    buf_putz(&r->text, closing ? "</" : "<");
    buf_puts(&r->text, name);
    buf_putc(&r->text, '>');
}

static void set_scope(struct reader *r, struct frame *f, struct xml_attributes a)
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
    bool of_person = rule->verb == XML_NAME || rule->verb == XML_EMAIL;
    if (parent->verb == XML_PERSON || parent->verb == XML_HELPER || parent->verb == XML_OWNER)
        return !of_person;
    return of_person || (rule->verb == XML_IMAGE_URL && str_is(str_of(rule->name), "url"));
}

/* An image within a text that is not escaped. */
static void note_image(struct reader *r, const struct frame *f, struct xml_attributes a)
{
    const struct frame *text = &r->frames[r->in_text - 1];
    struct str src = str_trim(xml_attribute(a, "src"));
    if (text->to != &r->out.item || text->verb != XML_TEXT || r->image.len ||
        str_startsi(src, STR("data:")) ||
        !picture_is_one(xml_attribute(a, "width"), xml_attribute(a, "height")))
        return;
    r->image = arena_keep(&r->out.arena, src);
    r->image_base = f->base;
}

static void on_start(void *context, struct xml_name name, struct xml_attributes a)
{
    struct reader *r = context;
    const struct frame *parent = &r->frames[r->depth - 1];
    struct frame *f = &r->frames[r->depth++];
    *f = (struct frame){.mark = r->text.len};
    f->to = parent->to;
    f->base = parent->base;
    f->lang = parent->lang;
    f->media = parent->media;
    if (r->in_text) {
        put_tag(r, name.local, false);
        if (str_isi(name.local, "img"))
            note_image(r, f, a);
        return;
    }
    bool typed = false;
    set_scope(r, f, a);
    namespaces_declare(&r->names, a, r->depth);
    f->rule = rule_of(r, name.local, namespaces_find(&r->names, name.prefix), &typed);
    if (f->rule && f->rule->verb == XML_TEXT && f->rule->field == ITEM_BODY && !r->in_item)
        f->rule = NULL; /* the body of a page that stands around the feed */
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

static bool on_end(void *context, struct xml_name name)
{
    struct reader *r = context;
    const struct frame *f = &r->frames[r->depth - 1];
    if (r->in_text && r->in_text < r->depth) {
        put_tag(r, name.local, true);
        r->depth--;
        return true;
    }
    r->in_text = 0;
    struct str raw = str_from(buf_str(&r->text), f->mark);
    if (f->to && f->verb != XML_NOTHING)
        xml_end(r, f, raw);
    r->text.len = f->mark;
    namespaces_end(&r->names, r->depth--);
    return r->rc == 0;
}

static void on_text(void *context, struct str s)
{
    struct reader *r = context;
    const struct frame *f = &r->frames[(r->in_text ? r->in_text : r->depth) - 1];
    if (!f->to || f->verb == XML_NOTHING || f->verb == XML_FEED || f->verb == XML_ITEM)
        return;
    if (r->in_text && f->kind == KIND_XML)
        markup_escape(s, &r->text);
    else
        buf_puts(&r->text, s);
}

/* Within a text there is HTML, in a line or plain text not even that: an element of an item that is none of HTML's says that the
 * text was never closed. */
static size_t closes(void *context, struct xml_name name)
{
    static const char *const texts[] = {"category", "description", "enclosure", "entry",  "guid",
                                        "item",     "pubDate",     "published", "updated"};
    static const char *const lines[] = {"author", "content", "id", "link", "title"};
    const struct reader *r = context;
    if (!r->in_text)
        return 0;
    bool others = str_is(name.prefix, "content") || str_is(name.prefix, "dc");
    for (size_t i = 0; name.prefix.len == 0 && i < ARRAY_LEN(texts); i++)
        others = others || str_isi(name.local, texts[i]);
    const struct frame *text = &r->frames[r->in_text - 1];
    if (name.prefix.len == 0 && (text->verb == XML_LINE || text->kind == KIND_PLAIN))
        for (size_t i = 0; i < ARRAY_LEN(lines); i++)
            others = others || str_isi(name.local, lines[i]);
    return others ? r->depth - r->in_text + 1 : 0;
}

int xmlfeed_read(struct document *document, const struct xml_dialect *dialect)
{
    struct reader *r = xcalloc(1, sizeof *r);
    const struct xml_events events = {
        .ctx = r, .on_start = on_start, .on_end = on_end, .on_text = on_text, .closes = closes};
    r->document = document;
    r->dialect = dialect;
    feedout_init(&r->out, document);
    r->out.author_inherits = dialect->author_inherits;
    draft_reset(&r->source, &r->out.arena);
    r->frames[r->depth++] = (struct frame){.base = document->url, .to = &r->out.feed};
    xmlscan(document->text, &events);
    int rc = feedout_finish(&r->out, r->rc);
    feedout_done(&r->out);
    draft_done(&r->source);
    buf_free(&r->text);
    buf_free(&r->scratch);
    buf_free(&r->person);
    buf_free(&r->email);
    free(r);
    return rc;
}
