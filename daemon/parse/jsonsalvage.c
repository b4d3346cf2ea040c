#include "jsonsalvage.h"

#include "jsontree.h"
#include "limits.h"

/* Behind the string that begins at `at`; behind the text when it does not end. */
static size_t string_end(struct str text, size_t at)
{
    for (at++; at < text.len && text.at[at] != '"'; at++)
        if (text.at[at] == '\\')
            at++;
    return at < text.len ? at + 1 : text.len;
}

/* Behind the object or list that begins at `at`, SIZE_MAX when it does not end. */
static size_t group_end(struct str text, size_t at)
{
    size_t depth = 0;
    while (at < text.len) {
        char c = text.at[at];
        if (c == '"') {
            at = string_end(text, at);
            continue;
        }
        depth += c == '{' || c == '[';
        depth -= c == '}' || c == ']';
        at++;
        if (depth == 0)
            return at;
    }
    return SIZE_MAX;
}

/* ----------------------------------------------------------------------------------------- mending */

/* The four digits of an escape, behind its 'u'; UINT32_MAX when they are none. */
static uint32_t digits_of(struct str s)
{
    uint32_t point = 0;
    if (s.len < 4)
        return UINT32_MAX;
    for (size_t i = 0; i < 4; i++) {
        int digit = str_hex(s.at[i]);
        if (digit < 0)
            return UINT32_MAX;
        point = point << 4 | (uint32_t)digit;
    }
    return point;
}

/* s begins with a backslash. Appends what was meant; returns what it takes. */
static size_t mend_escape(struct str s, struct buf *out)
{
    static const char FFFD[] = "\\ufffd";
    if (s.len < 2 || s.at[1] == '\0' || !strchr("\"\\/bfnrtu", s.at[1]))
        return 1;
    if (s.at[1] != 'u') {
        buf_puts(out, str_upto(s, 2));
        return 2;
    }
    uint32_t point = digits_of(str_from(s, 2));
    if (point == UINT32_MAX)
        return 1;
    bool high = point >= 0xd800 && point < 0xdc00, low = point >= 0xdc00 && point < 0xe000;
    uint32_t second =
        high && str_starts(str_from(s, 6), STR("\\u")) ? digits_of(str_from(s, 8)) : 0;
    if (high && second >= 0xdc00 && second < 0xe000) {
        buf_puts(out, str_upto(s, 12));
        return 12;
    }
    if (high || low || point == 0)
        buf_putz(out, FFFD);
    else
        buf_puts(out, str_upto(s, 6));
    return 6;
}

/* A comma behind the last entry of a list or object. */
static bool ends_nothing(struct str s)
{
    s = str_trim(str_upto(str_from(s, 1), 256));
    return s.len && (s.at[0] == '}' || s.at[0] == ']');
}

void jsonsalvage_mend(struct str text, struct buf *out)
{
    bool within = false;
    text = str_upto(text, group_end(text, 0));
    buf_reserve(out, text.len);
    for (size_t i = 0; i < text.len;) {
        char c = text.at[i];
        if (c == '\\' && within) {
            i += mend_escape(str_from(text, i), out);
            continue;
        }
        within = within != (c == '"');
        if (c != ',' || within || !ends_nothing(str_from(text, i)))
            buf_putc(out, (unsigned char)c < ' ' ? ' ' : c);
        i++;
    }
}

/* -------------------------------------------------------------------------------------- rebuilding */

/* What may stand between a name and its value. */
static bool is_gap(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == ':';
}

static size_t skip_gap(struct str text, size_t at)
{
    while (at < text.len && is_gap(text.at[at]))
        at++;
    return at;
}

/* Where the '[' of the root's items is, SIZE_MAX when there is none. */
static size_t find_items(struct str text)
{
    size_t at = str_chr(text, '{');
    for (at = at == SIZE_MAX ? text.len : at + 1; at < text.len;) {
        char c = text.at[at];
        if (c == '"') {
            size_t end = string_end(text, at), value = skip_gap(text, end);
            bool items = str_is(str_from(str_upto(text, end), at), "\"items\"");
            if (items && value < text.len && text.at[value] == '[')
                return value;
            at = end;
        } else if (c == '{' || c == '[') {
            at = group_end(text, at); /* SIZE_MAX ends the walk too */
        } else {
            at++;
        }
    }
    return SIZE_MAX;
}

/* The objects of the list whose '[' is at `at`, one more than a feed may have at most. Returns how many are
 * sound. */
static size_t put_items(struct str text, size_t at, struct jsontree *tree, struct buf *out)
{
    size_t good = 0, count = 0;
    for (at++; at < text.len && text.at[at] != ']' && count <= LIMIT_FEED_ITEMS;) {
        if (text.at[at] != '{') {
            at = text.at[at] == '"' ? string_end(text, at) : at + 1;
            continue;
        }
        size_t end = group_end(text, at);
        struct str item = str_from(str_upto(text, end), at);
        bool sound = end != SIZE_MAX && jsontree_read(tree, item) == 0;
        buf_putz(out, count++ ? "," : "");
        buf_puts(out, sound ? item : STR("null"));
        good += sound;
        at = end;
    }
    return good;
}

static bool is_sound(struct jsontree *tree, struct str head)
{
    struct buf root = BUF_NONE;
    buf_puts(&root, head);
    buf_putz(&root, "[]}");
    bool sound = jsontree_read(tree, buf_str(&root)) == 0;
    buf_free(&root);
    return sound;
}

bool jsonsalvage_rebuild(struct str text, struct buf *out)
{
    size_t at = find_items(text), from = out->len;
    struct jsontree tree = JSONTREE_NONE;
    if (at == SIZE_MAX)
        return false;
    struct str head = str_from(str_upto(text, at), str_chr(text, '{'));
    buf_puts(out, is_sound(&tree, head) ? head : STR("{\"items\":"));
    buf_putc(out, '[');
    bool any = put_items(text, at, &tree, out) > 0;
    buf_putz(out, "]}");
    if (!any)
        out->len = from;
    jsontree_done(&tree);
    return any;
}
