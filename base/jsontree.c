#include "jsontree.h"

#include <errno.h>
#include <stdlib.h>

#include "jsonplain.h"
#include "limits.h"
#include "utf8.h"

struct reader {
    struct jsontree *tree;
    const char *at, *end;
    unsigned depth;
    int error;
};

static bool value(struct reader *r, struct str name);

static bool fail(struct reader *r, int error)
{
    if (!r->error)
        r->error = error;
    return false;
}

static void blanks(struct reader *r)
{
    while (r->at < r->end && (*r->at == ' ' || *r->at == '\t' || *r->at == '\n' || *r->at == '\r'))
        r->at++;
}

static bool take(struct reader *r, char c)
{
    if (r->at == r->end || *r->at != c)
        return false;
    r->at++;
    return true;
}

/* The index of a new node: the array may move. */
static bool add(struct reader *r, struct str name, enum jsonnode_kind kind, size_t *index_out)
{
    struct jsontree *t = r->tree;
    if (t->count == LIMIT_JSON_NODES)
        return fail(r, -EMSGSIZE);
    if (t->count == t->room) {
        t->room = t->room ? 2 * t->room : 64;
        t->nodes = xrealloc(t->nodes, t->room * sizeof *t->nodes);
    }
    *index_out = t->count;
    t->nodes[t->count++] = (struct jsonnode){.name = name, .kind = kind};
    return true;
}

/* ---- strings */

static bool hex4(struct reader *r, uint32_t *out)
{
    uint32_t n = 0;
    if (r->end - r->at < 4)
        return fail(r, -EBADMSG);
    for (int i = 0; i < 4; i++) {
        int digit = str_hex(*r->at++);
        if (digit < 0)
            return fail(r, -EBADMSG);
        n = n << 4 | (uint32_t)digit;
    }
    *out = n;
    return true;
}

/* Behind "\u". Surrogates come in pairs (RFC 8259, section 7). */
static bool code_point(struct reader *r)
{
    uint32_t point, low;
    if (!hex4(r, &point))
        return false;
    if (point >= 0xd800 && point < 0xdc00) {
        if (!take(r, '\\') || !take(r, 'u') || !hex4(r, &low) || low < 0xdc00 || low > 0xdfff)
            return fail(r, -EBADMSG);
        point = 0x10000 + ((point - 0xd800) << 10) + (low - 0xdc00);
    } else if (point == 0 || (point >= 0xdc00 && point < 0xe000)) {
        return fail(r, -EBADMSG);
    }
    utf8_put(&r->tree->decoded, point);
    return true;
}

/* Behind a backslash. */
static bool escape(struct reader *r)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    if (take(r, 'u'))
        return code_point(r);
    const char *known = r->at < r->end && *r->at ? strchr(from, *r->at) : NULL;
    if (!known)
        return fail(r, -EBADMSG);
    r->at++;
    buf_putc(&r->tree->decoded, to[known - from]);
    return true;
}

/* Up to the next quote, backslash or control character. */
static struct str plain(struct reader *r)
{
    struct str rest = {r->at, (size_t)(r->end - r->at)};
    struct str run = str_upto(rest, jsonplain_run(rest));
    r->at += run.len;
    return run;
}

/* Behind the opening quote. `decoded` was reserved for the whole text, so it does not move. */
static bool string(struct reader *r, struct str *out)
{
    struct buf *decoded = &r->tree->decoded;
    size_t from = decoded->len;
    struct str run = plain(r);
    if (take(r, '"')) {
        *out = run;
        return true;
    }
    for (;;) {
        buf_puts(decoded, run);
        if (take(r, '"'))
            break;
        if (!take(r, '\\'))
            return fail(r, -EBADMSG);
        if (!escape(r))
            return false;
        run = plain(r);
    }
    *out = str_from(buf_str(decoded), from);
    return true;
}

/* ---- numbers and words */

static bool digits(struct reader *r)
{
    const char *from = r->at;
    while (r->at < r->end && *r->at >= '0' && *r->at <= '9')
        r->at++;
    return r->at > from;
}

static bool number(struct reader *r, struct str name)
{
    const char *from = r->at;
    size_t index;
    take(r, '-');
    if (!take(r, '0') && !digits(r))
        return fail(r, -EBADMSG);
    if (take(r, '.') && !digits(r))
        return fail(r, -EBADMSG);
    if (take(r, 'e') || take(r, 'E')) {
        if (!take(r, '+'))
            take(r, '-');
        if (!digits(r))
            return fail(r, -EBADMSG);
    }
    if (!add(r, name, NODE_NUMBER, &index))
        return false;
    r->tree->nodes[index].text = (struct str){from, (size_t)(r->at - from)};
    return true;
}

static bool word(struct reader *r, struct str name, const char *text, enum jsonnode_kind kind)
{
    size_t len = strlen(text), index;
    if ((size_t)(r->end - r->at) < len || memcmp(r->at, text, len) != 0)
        return fail(r, -EBADMSG);
    if (!add(r, name, kind, &index))
        return false;
    r->tree->nodes[index].text = (struct str){r->at, len};
    r->at += len;
    return true;
}

/* ---- values within values */

static bool member(struct reader *r, enum jsonnode_kind kind)
{
    struct str name = STR_NONE;
    blanks(r);
    if (kind == NODE_MEMBERS) {
        if (!take(r, '"'))
            return fail(r, -EBADMSG);
        if (!string(r, &name))
            return false;
        blanks(r);
        if (!take(r, ':'))
            return fail(r, -EBADMSG);
    }
    return value(r, name);
}

static bool entries(struct reader *r, size_t parent, enum jsonnode_kind kind)
{
    char end = kind == NODE_LIST ? ']' : '}';
    size_t before = 0;
    blanks(r);
    if (take(r, end))
        return true;
    do {
        size_t here = r->tree->count;
        if (!member(r, kind))
            return false;
        if (before)
            r->tree->nodes[before].next = (uint32_t)(here - before);
        before = here;
        r->tree->nodes[parent].count++;
        blanks(r);
    } while (take(r, ','));
    return take(r, end) || fail(r, -EBADMSG);
}

static bool nested(struct reader *r, struct str name, enum jsonnode_kind kind)
{
    size_t index;
    r->at++;
    if (++r->depth > LIMIT_JSON_DEPTH)
        return fail(r, -EMSGSIZE);
    bool good = add(r, name, kind, &index) && entries(r, index, kind);
    r->depth--;
    return good;
}

static bool text(struct reader *r, struct str name)
{
    struct str out;
    size_t index;
    r->at++;
    if (!string(r, &out) || !add(r, name, NODE_TEXT, &index))
        return false;
    r->tree->nodes[index].text = out;
    return true;
}

static bool value(struct reader *r, struct str name)
{
    blanks(r);
    switch (r->at < r->end ? *r->at : '\0') {
    case '{':
        return nested(r, name, NODE_MEMBERS);
    case '[':
        return nested(r, name, NODE_LIST);
    case '"':
        return text(r, name);
    case 't':
        return word(r, name, "true", NODE_BOOL);
    case 'f':
        return word(r, name, "false", NODE_BOOL);
    case 'n':
        return word(r, name, "null", NODE_NULL);
    default:
        return number(r, name);
    }
}

int jsontree_read(struct jsontree *tree, struct str text)
{
    tree->count = 0;
    if (text.len == 0)
        return -EBADMSG;
    struct reader r = {.tree = tree, .at = text.at, .end = text.at + text.len};
    buf_reset(&tree->decoded);
    buf_reserve(&tree->decoded, text.len); /* no string is longer decoded than it stands */
    if (!value(&r, STR_NONE))
        return r.error ? r.error : -EBADMSG;
    blanks(&r);
    return r.at == r.end ? 0 : -EBADMSG;
}

void jsontree_done(struct jsontree *tree)
{
    free(tree->nodes);
    buf_free(&tree->decoded);
    *tree = JSONTREE_NONE;
}

/* ---- looking */

const struct jsonnode *jsonnode_first(const struct jsonnode *list)
{
    return list && list->count ? list + 1 : NULL;
}

const struct jsonnode *jsonnode_next(const struct jsonnode *node)
{
    return node && node->next ? node + node->next : NULL;
}

const struct jsonnode *jsonnode_get(const struct jsonnode *members, const char *name)
{
    const struct jsonnode *found = NULL, *node;
    struct str wanted = str_of(name);
    if (!members || members->kind != NODE_MEMBERS)
        return NULL;
    for (node = jsonnode_first(members); node; node = jsonnode_next(node))
        if (str_eq(node->name, wanted))
            found = node;
    return found;
}

struct str jsonnode_text(const struct jsonnode *node)
{
    return node && node->kind == NODE_TEXT ? node->text : STR_NONE;
}

int64_t jsonnode_int(const struct jsonnode *node)
{
    char digits[24], *end;
    if (!node || node->kind != NODE_NUMBER || node->text.len >= sizeof digits)
        return 0;
    memcpy(digits, node->text.at, node->text.len);
    digits[node->text.len] = '\0';
    errno = 0;
    long long n = strtoll(digits, &end, 10);
    return errno == 0 && *end == '\0' ? n : 0;
}
