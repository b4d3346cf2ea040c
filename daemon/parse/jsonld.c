/*
 * JSON-LD as publishers write it: wrapped in comments, raw line breaks inside strings, commas
 * before closing brackets, bad escapes, a list or a @graph around, "author" as text, object, list
 * or reference. It is repaired into JSON, then walked; depth is bounded before jansson sees it.
 */
#include "metadata.h"

#include <jansson.h>

#include "date.h"
#include "limits.h"
#include "utf8.h"

#define NODES_MAX 4096 /* objects looked at in one script: pages have tens */

struct walk {
    struct metadata *m;
    json_t *root;
    size_t left;
};

/* ---- repair */

static bool is_hex4(struct str s)
{
    for (size_t i = 0; i < 4; i++)
        if (i >= s.len || !strchr("0123456789abcdefABCDEF", s.at[i]))
            return false;
    return true;
}

/* At a backslash inside a string. Appends what JSON allows; the bytes used up. */
static size_t repair_escape(struct str s, struct buf *out)
{
    char c = s.len > 1 ? s.at[1] : '\0';
    if (c == 'u') {
        struct str hex = str_upto(str_from(s, 2), 4);
        bool bad = !is_hex4(hex) || str_is(hex, "0000");
        bool surrogate = !bad && (hex.at[0] | 0x20) == 'd';
        bool high = surrogate && strchr("89abAB", hex.at[1]);
        bool low = surrogate && strchr("cdefCDEF", hex.at[1]);
        if (high && s.len >= 12 && s.at[6] == '\\' && s.at[7] == 'u' && is_hex4(str_from(s, 8)) &&
            (s.at[8] | 0x20) == 'd' && strchr("cdefCDEF", s.at[9])) {
            buf_put(out, s.at, 12);
            return 12;
        }
        if (bad || high || low) {
            buf_putz(out, "\\ufffd");
            return bad ? 2 : 6;
        }
        buf_put(out, s.at, 6);
        return 6;
    }
    if (c && strchr("\"\\/bfnrt", c)) {
        buf_put(out, s.at, 2);
        return 2;
    }
    return 1; /* the backslash alone goes */
}

/* The next byte that is not white space, '\0' at the end. */
static char peek(struct str s)
{
    s = str_trim(str_upto(s, 4096));
    return s.len ? s.at[0] : '\0';
}

/* Appends s as JSON. False when it is nested too deeply. */
static bool repair(struct str s, struct buf *out)
{
    bool inside = false;
    unsigned depth = 0;
    for (size_t i = 0; i < s.len;) {
        unsigned char c = (unsigned char)s.at[i];
        if (inside && c == '\\') {
            i += repair_escape(str_from(s, i), out);
            continue;
        }
        i++;
        if (c == '"')
            inside = !inside;
        if (inside && c == '\n')
            buf_putz(out, "\\n");
        else if (c < 0x20)
            buf_putc(out, ' ');
        else if (!inside && c == ',' &&
                 (peek(str_from(s, i)) == '}' || peek(str_from(s, i)) == ']'))
            continue;
        else
            buf_putc(out, (char)c);
        if (inside)
            continue;
        if (c == '{' || c == '[')
            depth++;
        else if (depth && (c == '}' || c == ']'))
            depth--;
        if (depth > LIMIT_JSON_DEPTH)
            return false;
    }
    return true;
}

static json_t *load(struct str script)
{
    size_t from = 0, cdata = str_find(str_upto(script, 64), STR("<![CDATA["));
    if (cdata != SIZE_MAX)
        script = str_from(script, cdata + 9);
    size_t end = script.len;
    while (from < end && script.at[from] != '{' && script.at[from] != '[')
        from++;
    while (end > from && script.at[end - 1] != '}' && script.at[end - 1] != ']')
        end--;
    struct buf text = BUF_NONE;
    json_t *root = NULL;
    if (end > from && repair((struct str){script.at + from, end - from}, &text))
        root = json_loadb(text.at, text.len, JSON_DISABLE_EOF_CHECK, NULL);
    buf_free(&text);
    return root;
}

/* ---- reading */

static struct str text_of(const json_t *value)
{
    if (json_is_string(value))
        return (struct str){json_string_value(value), json_string_length(value)};
    return STR_NONE;
}

/* Is one of the types of `node` (text or list) a kind of article? */
static bool is_article_type(struct str type)
{
    static const char *const ENDS[] = {"Article",  "Posting", "Report",
                                       "BlogPost", "Review",  "Recipe"};
    for (size_t i = 0; i < ARRAY_LEN(ENDS); i++)
        if (str_ends(type, str_of(ENDS[i])))
            return true;
    return false;
}

static bool has_type(const json_t *node, bool (*is)(struct str))
{
    const json_t *type = json_object_get(node, "@type");
    if (json_is_string(type))
        return is(text_of(type));
    for (size_t i = 0; i < json_array_size(type) && i < 16; i++)
        if (is(text_of(json_array_get(type, i))))
            return true;
    return false;
}

static bool is_page_type(struct str type)
{
    return str_ends(type, STR("WebPage"));
}

/* {"@id": …} stands for the object of the graph with that id. */
static const json_t *resolve(const struct walk *w, const json_t *node)
{
    struct str id = text_of(json_object_get(node, "@id"));
    if (id.len == 0 || json_object_get(node, "name"))
        return node;
    const json_t *graph = json_is_array(w->root) ? w->root : json_object_get(w->root, "@graph");
    for (size_t i = 0; i < json_array_size(graph) && i < 256; i++) {
        const json_t *other = json_array_get(graph, i);
        if (other != node && str_eq(text_of(json_object_get(other, "@id")), id))
            return other;
    }
    return node;
}

static void offer(struct walk *w, enum meta_field field, unsigned rank, const json_t *value)
{
    struct str text = text_of(value);
    if (json_is_array(value))
        text = text_of(json_array_get(value, 0));
    else if (json_is_object(value))
        text = text_of(json_object_get(
            value, field == META_IMAGE || field == META_CANONICAL ? "url" : "name"));
    if (field == META_IMAGE && text.len == 0 && json_is_array(value))
        text = text_of(json_object_get(json_array_get(value, 0), "url"));
    metadata_offer(w->m, field, rank, text);
}

static void add_name(const struct walk *w, const json_t *person, bool last, struct buf *names)
{
    struct str name = text_of(person);
    if (json_is_object(person)) {
        const json_t *known = json_object_get(resolve(w, person), "name");
        name = json_is_array(known) ? text_of(json_array_get(known, 0)) : text_of(known);
    }
    name = str_trim(name);
    if (name.len == 0 || name.len > 200 || str_starts(name, STR("http")))
        return;
    if (names->len)
        buf_putz(names, last ? " and " : ", ");
    buf_puts(names, name);
}

static bool is_organisation(struct str type)
{
    return str_ends(type, STR("Organization"));
}

/* An organisation as the author is the publisher again, or a desk: a person whom the metadata names
 * is better. */
static void read_authors(struct walk *w, unsigned rank, const json_t *author)
{
    struct buf names = BUF_NONE;
    size_t count = json_array_size(author);
    if (json_is_array(author))
        for (size_t i = 0; i < count && i < 16; i++)
            add_name(w, json_array_get(author, i), i + 1 == count, &names);
    else if (author)
        add_name(w, author, false, &names);
    if (json_is_object(author) && has_type(resolve(w, author), is_organisation))
        rank = RANK_PAGE - 1;
    metadata_offer(w->m, META_BYLINE, rank, buf_str(&names));
    buf_free(&names);
}

static void read_keywords(struct walk *w, const json_t *words)
{
    metadata_keywords(w->m, text_of(words));
    for (size_t i = 0; i < json_array_size(words) && i < LIMIT_KEYWORDS; i++)
        metadata_keyword(w->m, text_of(json_array_get(words, i)));
}

static void read_article(struct walk *w, const json_t *node)
{
    unsigned rank = RANK_JSONLD;
    offer(w, META_HEADLINE, rank, json_object_get(node, "headline"));
    offer(w, META_HEADLINE, rank + 2, json_object_get(node, "name"));
    offer(w, META_PUBLISHED, rank, json_object_get(node, "datePublished"));
    offer(w, META_PUBLISHED, rank + 2, json_object_get(node, "dateCreated"));
    offer(w, META_UPDATED, rank, json_object_get(node, "dateModified"));
    offer(w, META_LANGUAGE, rank + 60, json_object_get(node, "inLanguage"));
    offer(w, META_SUMMARY, rank + 20, json_object_get(node, "description"));
    offer(w, META_IMAGE, rank + 20, json_object_get(node, "image"));
    offer(w, META_COPYRIGHT, rank, json_object_get(node, "copyrightNotice"));
    offer(w, META_BODY, rank, json_object_get(node, "articleBody"));
    const json_t *publisher = json_object_get(node, "publisher");
    offer(w, META_PUBLISHER, rank, json_is_object(publisher) ? resolve(w, publisher) : publisher);
    const json_t *author = json_object_get(node, "author");
    read_authors(w, rank, author ? author : json_object_get(node, "creator"));
    read_keywords(w, json_object_get(node, "keywords"));
    read_keywords(w, json_object_get(node, "articleSection"));
}

static void read_page(struct walk *w, const json_t *node)
{
    offer(w, META_PUBLISHED, RANK_OPENGRAPH + 5, json_object_get(node, "datePublished"));
    offer(w, META_UPDATED, RANK_OPENGRAPH + 5, json_object_get(node, "dateModified"));
    read_authors(w, RANK_META + 5, json_object_get(node, "author"));
}

/* Depth is bounded by repair(). Comments and mentioned works are other people's articles. */
static void visit(struct walk *w, const json_t *node)
{
    if (w->left == 0)
        return;
    w->left--;
    if (json_is_array(node)) {
        for (size_t i = 0; i < json_array_size(node); i++)
            visit(w, json_array_get(node, i));
        return;
    }
    if (!json_is_object(node))
        return;
    if (has_type(node, is_article_type))
        read_article(w, node);
    else if (has_type(node, is_page_type))
        read_page(w, node);
    visit(w, json_object_get(node, "@graph"));
    visit(w, json_object_get(node, "mainEntity"));
    visit(w, json_object_get(node, "mainEntityOfPage"));
}

void jsonld_read(struct metadata *m, struct str script)
{
    json_t *root = load(script);
    if (!root)
        return;
    struct walk w = {m, root, NODES_MAX};
    visit(&w, root);
    json_decref(root);
}
