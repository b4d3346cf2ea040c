#include "jsonsalvage.h"

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

/* Controls within strings are blanks here as they are where the feed is sound. */
static json_t *load(struct str text, const char *behind)
{
    struct buf calm = BUF_NONE;
    buf_puts(&calm, text);
    for (size_t i = 0; i < calm.len; i++)
        if ((unsigned char)calm.at[i] < ' ')
            calm.at[i] = ' ';
    buf_putz(&calm, behind);
    json_t *value = json_loadb(calm.at, calm.len, 0, NULL);
    buf_free(&calm);
    return value;
}

/* The objects of the list whose '[' is at `at`, one more than a feed may have at most; *good is how many could be
 * read. */
static json_t *load_items(struct str text, size_t at, size_t *good)
{
    json_t *items = json_array();
    for (at++; at < text.len && text.at[at] != ']' && json_array_size(items) <= LIMIT_FEED_ITEMS;) {
        if (text.at[at] != '{') {
            at = text.at[at] == '"' ? string_end(text, at) : at + 1;
            continue;
        }
        size_t end = group_end(text, at);
        json_t *item = end == SIZE_MAX ? NULL : load(str_from(str_upto(text, end), at), "");
        *good += item != NULL;
        json_array_append_new(items, item ? item : json_null());
        at = end;
    }
    return items;
}

json_t *jsonsalvage(struct str text)
{
    size_t at = find_items(text), good = 0;
    if (at == SIZE_MAX)
        return NULL;
    json_t *items = load_items(text, at, &good), *root = NULL;
    if (good == 0) {
        json_decref(items);
        return NULL;
    }
    root = load(str_from(str_upto(text, at), str_chr(text, '{')), "[]}");
    if (!root)
        root = json_object();
    json_object_set_new(root, "items", items);
    return root;
}
