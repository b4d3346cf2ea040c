#include "base64.h"
#include "markup.h"
#include "newsbody.h"
#include "newsmeta.h"
#include "nitf.h"
#include "utf8.h"

/*
 * NewsML-G2 (https://iptc.org/std/NewsML-G2/): each newsItem with a text, alone or in a newsMessage. A
 * packageItem only refers to items: those that come with it are read, and it gives none of its own, because
 * a headline without text under the guid of an item that came before would take that item's text away.
 *
 * guid stays the same through all versions of an item and is its guid here; versions are counted where
 * items are linked, and versionCreated says which is the newer one.
 */

struct reading {
    struct document *document;
    struct xmltree tree;
    struct arena arena;
    struct draft draft;
    bool held; /* one of them was */
};

static const struct newsmeta_place PLACES[] = {
    {"contentMeta/slugline", NULL, ITEM_SLUGLINE, 4},
    {"contentMeta/located/name", NULL, ITEM_LOCATED, 5},
    {"contentMeta/located", "literal", ITEM_LOCATED, 4},
    {"contentMeta/description", NULL, ITEM_SUMMARY, 4},
    {"contentMeta/language", "tag", ITEM_LANGUAGE, 4},
    {"contentMeta/infoSource/name", NULL, ITEM_AGENCY, 5},
    {"contentMeta/infosource/name", NULL, ITEM_AGENCY, 5},
    {"contentMeta/infoSource", "literal", ITEM_AGENCY, 4},
    {"contentMeta/creditline", NULL, ITEM_AGENCY, 4},
    {"itemMeta/provider/name", NULL, ITEM_PUBLISHER, 5},
    {"itemMeta/provider", "literal", ITEM_PUBLISHER, 4},
    {"itemMeta/service/name", NULL, ITEM_PUBLISHER, 2},
    {"itemMeta/title", NULL, ITEM_HEADLINE, 1},
    {"rightsInfo/copyrightNotice", NULL, ITEM_COPYRIGHT, 5},
    {"rightsInfo/copyrightHolder/name", NULL, ITEM_COPYRIGHT, 1},
    {"rightsInfo/copyrightHolder", "literal", ITEM_COPYRIGHT, 1},
};

/* The first one is the headline, unless it says that it is another kind and one without a role follows
 * (http://cv.iptc.org/newscodes/headlinerole/). */
static void take_headline(const struct xmltree *tree, uint32_t content, struct draft *to)
{
    uint32_t one = content ? xmltree_child(tree, content, "headline") : 0;
    for (; one; one = xmltree_next(tree, one, "headline")) {
        struct str role = xmltree_attribute(tree, one, "role");
        bool chief = role.len == 0 || str_ends(role, STR("main"));
        newsmeta_line(tree, one, ITEM_HEADLINE, chief ? 5 : 4, to);
    }
}

static void take_authors(const struct xmltree *tree, uint32_t content, struct draft *to)
{
    newsmeta_author(tree, content ? xmltree_child(tree, content, "by") : 0, 3, to);
    uint32_t one = content ? xmltree_child(tree, content, "creator") : 0;
    for (; one; one = xmltree_next(tree, one, "creator")) {
        uint32_t name = xmltree_child(tree, one, "name");
        if (name)
            newsmeta_author(tree, name, 2, to);
        else
            draft_add_author(to, 1, xmltree_attribute(tree, one, "literal"));
    }
}

static void take_keywords(const struct xmltree *tree, uint32_t content, struct draft *to)
{
    for (uint32_t i = content ? tree->nodes[content].first : 0; i; i = tree->nodes[i].next) {
        if (str_is(tree->nodes[i].name, "keyword"))
            newsmeta_keyword(tree, i, to);
        else if (str_is(tree->nodes[i].name, "subject"))
            newsmeta_keyword(tree, xmltree_child(tree, i, "name"), to);
    }
}

/* -------------------------------------------------------------------------------------- content */

static bool is_html_type(struct str type)
{
    return str_startsi(type, STR("text/html")) || str_startsi(type, STR("application/xhtml"));
}

/* "encd:base64" (http://cv.iptc.org/newscodes/encoding/). What it hides is UTF-8 as the document is, or no text. */
static void undo_encoding(struct str encoding, struct buf *raw)
{
    struct buf plain = BUF_NONE;
    if (encoding.len == 0)
        return;
    if (str_ends(encoding, STR("base64")))
        base64_decode(buf_str(raw), &plain);
    buf_reset(raw);
    if (utf8_valid(buf_str(&plain)) && str_chr(buf_str(&plain), '\0') == SIZE_MAX)
        buf_puts(raw, buf_str(&plain));
    buf_free(&plain);
}

static void take_inline_data(struct reading *r, uint32_t node)
{
    struct buf raw = BUF_NONE, text = BUF_NONE;
    uint32_t child = r->tree.nodes[node].first;
    struct str type = xmltree_attribute(&r->tree, node, "contenttype");
    for (; child; child = r->tree.nodes[child].next)
        buf_puts(&raw, xmltree_characters(&r->tree, child));
    undo_encoding(xmltree_attribute(&r->tree, node, "encoding"), &raw);
    if (is_html_type(type))
        markup_text(buf_str(&raw), &text);
    else if (type.len == 0 || str_startsi(type, STR("text/plain")))
        newsbody_plain(buf_str(&raw), &text);
    draft_set(&r->draft, ITEM_BODY, 3, buf_str(&text));
    buf_free(&raw);
    buf_free(&text);
}

static void take_inline_xml(struct reading *r, uint32_t node, struct release *release)
{
    uint32_t nitf = xmltree_child(&r->tree, node, "nitf"),
             html = xmltree_child(&r->tree, node, "html");
    uint32_t body = html ? xmltree_child(&r->tree, html, "body") : 0;
    if (nitf)
        nitf_fill(&r->tree, nitf, r->document, &r->draft, release);
    else
        newsbody_read(&r->tree, body ? body : node, r->document->url, 4, &r->draft);
}

static void take_remote(struct reading *r, uint32_t node)
{
    struct str type = xmltree_attribute(&r->tree, node, "contenttype"),
               href = xmltree_attribute(&r->tree, node, "href");
    if (str_startsi(type, STR("image/")) || str_startsi(type, STR("video/")) ||
        str_startsi(type, STR("audio/")))
        draft_add_media(&r->draft, r->document->url, href, type);
    else if (is_html_type(type))
        draft_set_url(&r->draft, ITEM_LINK, 4, r->document->url, href);
}

static void take_contents(struct reading *r, uint32_t item, struct release *release)
{
    uint32_t set = xmltree_child(&r->tree, item, "contentSet");
    for (uint32_t i = set ? r->tree.nodes[set].first : 0; i; i = r->tree.nodes[i].next) {
        struct str name = r->tree.nodes[i].name;
        if (str_is(name, "inlineXML"))
            take_inline_xml(r, i, release);
        else if (str_is(name, "inlineData"))
            take_inline_data(r, i);
        else if (str_is(name, "remoteContent"))
            take_remote(r, i);
    }
}

/* ----------------------------------------------------------------------------------------- items */

static void take_status(struct reading *r, uint32_t item, struct release *release)
{
    const struct xmltree *tree = &r->tree;
    uint32_t status = xmltree_find(tree, item, "itemMeta/pubStatus"),
             embargo = xmltree_find(tree, item, "itemMeta/embargoed");
    struct buf until = BUF_NONE;
    if (status) {
        release_set_status(release, xmltree_attribute(tree, status, "qcode"));
        release_set_status(release, xmltree_attribute(tree, status, "uri"));
    }
    xmltree_line(tree, embargo, &until);
    if (embargo)
        release_set_embargo(release, buf_str(&until));
    buf_free(&until);
}

static void take_times(struct reading *r, uint32_t item)
{
    static const struct {
        const char *path;
        void (*set)(struct draft *, unsigned, struct str);
        unsigned rank;
    } times[] = {
        {"contentMeta/contentCreated", draft_set_published, 4},
        {"itemMeta/firstCreated", draft_set_published, 3},
        {"itemMeta/versionCreated", draft_set_updated, 4},
    };
    struct buf time = BUF_NONE;
    for (size_t i = 0; i < ARRAY_LEN(times); i++) {
        buf_reset(&time);
        xmltree_line(&r->tree, xmltree_find(&r->tree, item, times[i].path), &time);
        times[i].set(&r->draft, times[i].rank, buf_str(&time));
    }
    buf_free(&time);
}

/* A picture or film is no article: http://cv.iptc.org/newscodes/ninature/. */
static bool is_text(const struct xmltree *tree, uint32_t item)
{
    uint32_t class = xmltree_find(tree, item, "itemMeta/itemClass");
    struct str code = class ? xmltree_attribute(tree, class, "qcode") : STR_NONE;
    return code.len == 0 || str_ends(code, STR(":text")) || str_ends(code, STR(":composite"));
}

/* A page as content begins with the headline once more. */
static void drop_headline(struct draft *to)
{
    struct str headline = to->field[ITEM_HEADLINE], *body = &to->field[ITEM_BODY];
    size_t end = str_chr(*body, '\n');
    if (headline.len && end != SIZE_MAX && str_eq(str_upto(*body, end), headline))
        *body = utf8_trim(str_from(*body, end));
}

static void fill(struct reading *r, uint32_t item, struct release *release)
{
    const struct xmltree *tree = &r->tree;
    struct draft *to = &r->draft;
    uint32_t content = xmltree_child(tree, item, "contentMeta");
    newsmeta_guid(xmltree_attribute(tree, item, "guid"), r->document->url, to);
    draft_set(to, ITEM_LANGUAGE, 3, xmltree_attribute(tree, item, "lang"));
    newsmeta_fill(tree, item, PLACES, ARRAY_LEN(PLACES), to);
    take_headline(tree, content, to);
    take_authors(tree, content, to);
    take_keywords(tree, content, to);
    take_times(r, item);
    take_status(r, item, release);
    take_contents(r, item, release);
    drop_headline(to);
}

static int read_item(struct reading *r, uint32_t item)
{
    struct release release = {0};
    if (!is_text(&r->tree, item)) {
        r->document->report->bad_items++;
        return 0;
    }
    draft_reset(&r->draft, &r->arena);
    fill(r, item, &release);
    int rc = release_item(&release, r->document, &r->draft);
    r->held |= release.held;
    arena_reset(&r->arena);
    return rc;
}

static int read_items(struct reading *r)
{
    const struct xmltree *tree = &r->tree;
    int rc = 0;
    for (uint32_t i = tree->nodes[0].first; i && rc == 0;) {
        bool item = str_is(tree->nodes[i].name, "newsItem");
        if (item)
            rc = read_item(r, i);
        i = item ? xmltree_skip(tree, 0, i) : xmltree_walk(tree, 0, i);
    }
    return rc ? rc : release_finish(r->document, r->held);
}

int newsml_read(struct document *document)
{
    struct reading r = {.document = document};
    int rc = xmltree_read(document->text, &r.tree);
    if (rc == 0)
        rc = read_items(&r);
    else
        snprintf(document->report->reason, sizeof document->report->reason, "more than %d elements",
                 LIMIT_XML_NODES);
    draft_done(&r.draft);
    arena_done(&r.arena);
    xmltree_done(&r.tree);
    return rc;
}
