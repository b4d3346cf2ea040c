#include <errno.h>

#include "draft.h"
#include "jsontree.h"
#include "limits.h"
#include "markup.h"
#include "release.h"
#include "utf8.h"

/*
 * IPTC ninjs (https://iptc.org/std/ninjs/), 3.1 as item_ninjs() writes it, 2.x, which has the same names,
 * and those of 1.x; or a whole record with an "item" in it. One a document, or one a line (NDJSON); several documents
 * when each begins with a record separator (RFC 7464), which no JSON text holds. A line that is not
 * understood is refused by itself.
 */

#define RECORD_SEPARATOR '\x1e'

struct reading {
    struct document *document;
    struct arena arena;
    struct draft draft;
    struct jsontree tree;
    uint32_t number; /* of the document in the sequence, from 0 */
};

/* -------------------------------------------------------------------------------------- members */

/* One item being read: its members are walked once, each goes its own way. */
struct filling {
    struct draft *to;
    const struct jsonnode *item;
    struct str base;
    struct release *release;
};

static struct str member(const struct jsonnode *object, const char *key)
{
    return jsonnode_text(jsonnode_get(object, key));
}

/* Either the new name or the old one. */
static struct str either(const struct jsonnode *object, const char *name, const char *old_name)
{
    struct str text = member(object, name);
    return text.len ? text : member(object, old_name);
}

/* The entries of a list or the members of an object; nothing of one that is unreasonably long. */
static const struct jsonnode *entries(const struct jsonnode *list)
{
    return list->count <= LIMIT_KEYWORDS ? jsonnode_first(list) : NULL;
}

static bool is_html(const struct jsonnode *entry)
{
    struct str type = either(entry, "contentType", "contenttype");
    return str_startsi(type, STR("text/html")) || str_startsi(type, STR("application/xhtml"));
}

static void set_html(struct draft *to, enum item_field field, unsigned rank, struct str html)
{
    struct buf text = BUF_NONE;
    markup_text(html, &text);
    draft_set(to, field, rank, buf_str(&text));
    buf_free(&text);
}

/* The first of a list of {"value", "contentType"}; plain text before HTML. */
static void set_values(struct draft *to, enum item_field field, const struct jsonnode *list)
{
    for (const struct jsonnode *entry = entries(list); entry; entry = jsonnode_next(entry)) {
        if (is_html(entry))
            set_html(to, field, 3, member(entry, "value"));
        else
            draft_set(to, field, 4, member(entry, "value"));
    }
}

static void take_bodies(const struct filling *f, const struct jsonnode *list)
{
    set_values(f->to, ITEM_BODY, list);
}

static void take_descriptions(const struct filling *f, const struct jsonnode *list)
{
    set_values(f->to, ITEM_SUMMARY, list);
}

static void take_body_html(const struct filling *f, const struct jsonnode *html)
{
    set_html(f->to, ITEM_BODY, 1, jsonnode_text(html));
}

/* The main one, or else the first. */
static void take_headlines(const struct filling *f, const struct jsonnode *list)
{
    for (const struct jsonnode *one = entries(list); one; one = jsonnode_next(one)) {
        struct str role = member(one, "role");
        unsigned rank = str_is(role, "main") || str_ends(role, STR(":main")) ? 5 : 4;
        if (str_is(role, "derived") && f->to->rank[ITEM_HEADLINE] < rank)
            f->to->flags |= ITEM_HEADLINE_DERIVED;
        draft_set(f->to, ITEM_HEADLINE, rank, member(one, "value"));
    }
}

static void take_uri(const struct filling *f, const struct jsonnode *node)
{
    struct str uri = jsonnode_text(node);
    draft_set(f->to, ITEM_GUID, 4, uri);
    if (str_startsi(uri, STR("http://")) || str_startsi(uri, STR("https://")))
        draft_set_url(f->to, ITEM_LINK, 2, f->base, uri);
}

static void take_content_created(const struct filling *f, const struct jsonnode *time)
{
    draft_set_published(f->to, 4, jsonnode_text(time));
}

static void take_version_created(const struct filling *f, const struct jsonnode *time)
{
    draft_set_updated(f->to, 4, jsonnode_text(time));
}

/* Ours says when we saw the item first, anybody else's when it was first published. */
static void take_first_created(const struct filling *f, const struct jsonnode *time)
{
    if (!str_starts(member(f->item, "uri"), STR("urn:dateline:")))
        draft_set_published(f->to, 3, jsonnode_text(time));
}

static void take_alt_ids(const struct filling *f, const struct jsonnode *list)
{
    for (const struct jsonnode *entry = entries(list); entry; entry = jsonnode_next(entry)) {
        struct str role = member(entry, "role"), value = member(entry, "value");
        if (str_is(role, "link"))
            draft_set_url(f->to, ITEM_LINK, 4, f->base, value);
        else if (str_is(role, "canonical"))
            draft_set_url(f->to, ITEM_CANONICAL, 4, f->base, value);
        else if (str_is(role, "guid"))
            draft_set(f->to, ITEM_GUID, 3, value);
    }
}

static void take_info_sources(const struct filling *f, const struct jsonnode *list)
{
    for (const struct jsonnode *entry = entries(list); entry; entry = jsonnode_next(entry)) {
        struct str role = member(entry, "role"), name = member(entry, "name");
        if (str_is(role, "agency"))
            draft_set(f->to, ITEM_AGENCY, 4, name);
        else
            draft_set(f->to, ITEM_PUBLISHER, str_is(role, "publisher") ? 4 : 3, name);
    }
}

static void take_subjects(const struct filling *f, const struct jsonnode *list)
{
    for (const struct jsonnode *entry = entries(list); entry; entry = jsonnode_next(entry))
        draft_add_keyword(f->to, either(entry, "name", "literal"));
}

/* 1.4 and its users: words. */
static void take_keywords(const struct filling *f, const struct jsonnode *list)
{
    for (const struct jsonnode *entry = entries(list); entry; entry = jsonnode_next(entry))
        draft_add_keyword(f->to, jsonnode_text(entry));
}

static uint32_t pixels(const struct jsonnode *rendition, const char *key)
{
    int64_t n = jsonnode_int(jsonnode_get(rendition, key));
    return n > 0 && n <= UINT16_MAX ? (uint32_t)n : 0;
}

/* A list in 3.x, an object by name in 1.x. */
static void take_renditions(const struct filling *f, const struct jsonnode *all)
{
    for (const struct jsonnode *one = entries(all); one; one = jsonnode_next(one)) {
        struct item_media *media = draft_add_media(f->to, f->base, member(one, "href"),
                                                   either(one, "contentType", "mimetype"));
        if (!media)
            continue;
        media->title = arena_keep(f->to->arena, member(one, "title"));
        media->width = pixels(one, "width");
        media->height = pixels(one, "height");
    }
}

static void take_status(const struct filling *f, const struct jsonnode *status)
{
    release_set_status(f->release, jsonnode_text(status));
    if (f->release->canceled)
        f->to->flags |= ITEM_RETRACTED;
}

static void take_embargo(const struct filling *f, const struct jsonnode *until)
{
    if (until->kind != NODE_NULL) /* as absent */
        release_set_embargo(f->release, jsonnode_text(until));
}

#define NAME(literal)                                                                              \
    {                                                                                              \
        literal, sizeof(literal) - 1                                                               \
    }

/* Names of 3.1 first, of 1.x and of neighbours behind them; of two names for one field the higher
 * rank counts. */
static const struct way {
    struct str name;
    void (*take)(const struct filling *, const struct jsonnode *); /* NULL: a text for `field` */
    enum item_field field;
    unsigned rank;
} WAYS[] = {
    {NAME("uri"), take_uri, 0, 0},
    {NAME("headlines"), take_headlines, 0, 0},
    {NAME("headline"), NULL, ITEM_HEADLINE, 3},
    {NAME("bodies"), take_bodies, 0, 0},
    {NAME("body_text"), NULL, ITEM_BODY, 2},
    {NAME("body_html"), take_body_html, 0, 0},
    {NAME("body_xhtml"), take_body_html, 0, 0},
    {NAME("descriptions"), take_descriptions, 0, 0},
    {NAME("description_text"), NULL, ITEM_SUMMARY, 2},
    {NAME("by"), NULL, ITEM_BYLINE, 4},
    {NAME("byline"), NULL, ITEM_BYLINE, 3},
    {NAME("language"), NULL, ITEM_LANGUAGE, 4},
    {NAME("slugline"), NULL, ITEM_SLUGLINE, 4},
    {NAME("located"), NULL, ITEM_LOCATED, 4},
    {NAME("copyrightNotice"), NULL, ITEM_COPYRIGHT, 4},
    {NAME("copyrightnotice"), NULL, ITEM_COPYRIGHT, 3},
    {NAME("copyrightHolder"), NULL, ITEM_COPYRIGHT, 2},
    {NAME("copyrightholder"), NULL, ITEM_COPYRIGHT, 1},
    {NAME("source"), NULL, ITEM_PUBLISHER, 2},
    {NAME("contentCreated"), take_content_created, 0, 0},
    {NAME("contentcreated"), take_content_created, 0, 0},
    {NAME("versionCreated"), take_version_created, 0, 0},
    {NAME("versioncreated"), take_version_created, 0, 0},
    {NAME("firstCreated"), take_first_created, 0, 0},
    {NAME("firstcreated"), take_first_created, 0, 0},
    {NAME("altIds"), take_alt_ids, 0, 0},
    {NAME("altids"), take_alt_ids, 0, 0},
    {NAME("infoSources"), take_info_sources, 0, 0},
    {NAME("infosources"), take_info_sources, 0, 0},
    {NAME("infosource"), take_info_sources, 0, 0},
    {NAME("subjects"), take_subjects, 0, 0},
    {NAME("subject"), take_subjects, 0, 0},
    {NAME("keyword"), take_keywords, 0, 0},
    {NAME("keywords"), take_keywords, 0, 0},
    {NAME("renditions"), take_renditions, 0, 0},
    {NAME("pubStatus"), take_status, 0, 0},
    {NAME("pubstatus"), take_status, 0, 0},
    {NAME("embargoedUntil"), take_embargo, 0, 0},
    {NAME("embargoed"), take_embargo, 0, 0},
};

static const struct way *way_of(struct str name)
{
    for (size_t i = 0; i < ARRAY_LEN(WAYS); i++)
        if (str_eq(name, WAYS[i].name))
            return &WAYS[i];
    return NULL;
}

static void fill(const struct filling *f)
{
    for (const struct jsonnode *m = jsonnode_first(f->item); m; m = jsonnode_next(m)) {
        const struct way *way = way_of(m->name);
        if (way && way->take)
            way->take(f, m);
        else if (way)
            draft_set(f->to, way->field, way->rank, jsonnode_text(m));
    }
    /* A body that only repeats the description is how an item without a body of its own is written. */
    if (str_eq(f->to->field[ITEM_BODY], f->to->field[ITEM_SUMMARY]))
        f->to->field[ITEM_BODY] = STR_NONE;
}

/* ---------------------------------------------------------------------------------------- lines */

static void refuse(const struct reading *r, uint32_t line, enum parse_fault fault)
{
    struct parse_report *report = r->document->report;
    report->bad_items++;
    if (report->refused_count < LIMIT_REFUSED_LINES)
        report->refused[report->refused_count++] =
            (struct parse_refused){.document = r->number, .line = line, .fault = fault};
}

/* 0, or what parse_hand_out() said; *fault when there was nothing to hand out. */
static int take(struct reading *r, const struct jsonnode *root, enum parse_fault *fault)
{
    const struct jsonnode *item = jsonnode_get(root, "item");
    struct release release = {0};
    struct item out;
    item = item ? item : root;
    *fault = PARSE_NO_ITEM;
    if (item->kind != NODE_MEMBERS)
        return 0;
    draft_reset(&r->draft, &r->arena);
    fill(&(struct filling){&r->draft, item, r->document->url, &release});
    draft_set_url(&r->draft, ITEM_LINK, 3, r->document->url, member(root, "url"));
    draft_item(&r->draft, &out);
    *fault = PARSE_HELD;
    if (!release_marks(&release, &out))
        return 0;
    *fault = PARSE_NO_ITEM;
    out.document = r->number;
    if (!out.field[ITEM_GUID].len && !out.field[ITEM_HEADLINE].len && !item_text(&out).len)
        return 0;
    *fault = PARSE_NO_FAULT;
    int rc = parse_hand_out(r->document, &out);
    arena_reset(&r->arena);
    return rc;
}

/* Each text by itself: one that is not UTF-8 is refused, its neighbours are not. */
static int read_tree(struct reading *r, struct str text)
{
    return utf8_valid(text) ? jsontree_read(&r->tree, text) : -EBADMSG;
}

static int read_one(struct reading *r, struct str text, enum parse_fault *fault)
{
    int error = read_tree(r, text);
    *fault = error == -EMSGSIZE ? PARSE_TOO_DEEP : PARSE_NOT_JSON;
    return error == 0 ? take(r, r->tree.nodes, fault) : 0;
}

static int read_lines(struct reading *r, struct str text)
{
    struct str line;
    int rc = 0;
    for (uint32_t number = 1; rc == 0 && str_cut(&text, '\n', &line); number++) {
        enum parse_fault fault = PARSE_NO_FAULT;
        line = str_trim(line);
        if (line.len)
            rc = read_one(r, line, &fault);
        if (fault)
            refuse(r, number, fault);
    }
    return rc;
}

static bool is_json(struct reading *r, struct str text)
{
    return read_tree(r, text) == 0;
}

/* One item over several lines is taken too: then the first line alone is no JSON. */
static int read_document(struct reading *r, struct str text)
{
    enum parse_fault fault = PARSE_NO_ITEM;
    struct str trimmed = str_trim(text), rest = trimmed, first;
    int rc = 0;
    if (str_cut(&rest, '\n', &first) && rest.len && is_json(r, str_trim(first)))
        return read_lines(r, text);
    if (trimmed.len)
        rc = read_one(r, trimmed, &fault);
    if (fault && rest.len)
        return read_lines(r, text);
    if (fault)
        refuse(r, 0, fault);
    return rc;
}

static const char *const FAULTS[PARSE_FAULTS] = {
    [PARSE_NO_FAULT] = "",
    [PARSE_NOT_JSON] = "not JSON in UTF-8",
    [PARSE_TOO_DEEP] = "JSON with too many levels or values",
    [PARSE_HELD] = "withheld, or under an embargo without an end",
    [PARSE_NO_ITEM] = "not a ninjs item, or nothing in it",
};

const char *parse_fault_text(enum parse_fault fault)
{
    return fault < PARSE_FAULTS ? FAULTS[fault] : "";
}

int ninjs_read(struct document *document)
{
    struct reading r = {.document = document};
    struct str rest = document->text, one;
    struct parse_report *report = document->report;
    int rc = 0;
    draft_reset(&r.draft, &r.arena);
    if (rest.len && rest.at[0] == RECORD_SEPARATOR)
        rest = str_from(rest, 1);
    while (rc == 0 && str_cut(&rest, RECORD_SEPARATOR, &one)) {
        rc = read_document(&r, one);
        r.number++;
    }
    draft_done(&r.draft);
    arena_done(&r.arena);
    jsontree_done(&r.tree);
    if (rc == 0 && report->items == 0)
        rc = parse_refuse(document, report->refused_count
                                        ? parse_fault_text(report->refused[0].fault)
                                        : "an empty document");
    return rc;
}
