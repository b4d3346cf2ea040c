#include "keys.h"

#include <xxhash.h>

/* ------------------------------------------------------------------------------------- lines */

/* All of these take the rest of a JSON text off its front; false when it is not JSON so far. They
 * look at no more than brackets and strings: the lines are our own. */

static bool take_string(struct str *rest, struct str *out)
{
    size_t at = 1;
    if (rest->len == 0 || rest->at[0] != '"')
        return false;
    while (at < rest->len && rest->at[at] != '"')
        at += rest->at[at] == '\\' ? 2 : 1;
    if (at >= rest->len)
        return false;
    *out = (struct str){rest->at + 1, at - 1};
    *rest = str_from(*rest, at + 1);
    return true;
}

static bool skip_value(struct str *rest)
{
    struct str text;
    size_t depth = 0;
    while (rest->len > 0) {
        char c = rest->at[0];
        if (c == '"') {
            if (!take_string(rest, &text))
                return false;
            continue;
        }
        if (c == '{' || c == '[')
            depth++;
        else if (depth > 0 && (c == '}' || c == ']'))
            depth--;
        else if (depth == 0 && (c == ',' || c == '}' || c == ']'))
            return true;
        *rest = str_from(*rest, 1);
    }
    return depth == 0;
}

static void skip_blanks(struct str *rest)
{
    while (rest->len > 0 && (rest->at[0] == ' ' || rest->at[0] == '\t'))
        *rest = str_from(*rest, 1);
}

static bool take_char(struct str *rest, char c)
{
    skip_blanks(rest);
    if (rest->len == 0 || rest->at[0] != c)
        return false;
    *rest = str_from(*rest, 1);
    skip_blanks(rest);
    return true;
}

/* The next member's name; *rest stands at its value. False at the object's end. */
static bool take_member(struct str *rest, struct str *name)
{
    (void)take_char(rest, ',');
    return take_string(rest, name) && take_char(rest, ':');
}

static bool find_member(struct str *rest, const char *wanted)
{
    struct str name;
    if (!take_char(rest, '{'))
        return false;
    while (take_member(rest, &name)) {
        if (str_is(name, wanted))
            return true;
        if (!skip_value(rest))
            return false;
    }
    return false;
}

bool keys_of_line(struct str line, uint64_t *out)
{
    struct str name, uri = STR_NONE, version = STR_NONE;
    if (!find_member(&line, "item") || !take_char(&line, '{'))
        return false;
    while ((!uri.at || !version.at) && take_member(&line, &name)) {
        bool is_uri = str_is(name, "uri"), is_version = str_is(name, "version");
        if ((is_uri && !take_string(&line, &uri)) ||
            (is_version && !take_string(&line, &version)) ||
            (!is_uri && !is_version && !skip_value(&line)))
            return false;
    }
    if (!uri.at || !version.at)
        return false;
    uint64_t hash = XXH3_64bits_withSeed(version.at, version.len, XXH3_64bits(uri.at, uri.len));
    *out = hash ? hash : 1;
    return true;
}

/* --------------------------------------------------------------------------------------- set */

void keys_init(struct keys *k, size_t max)
{
    *k = (struct keys){.max = max};
}

void keys_done(struct keys *k)
{
    free(k->young.slots);
    free(k->old.slots);
    *k = (struct keys){0};
}

/* The key's slot, or the free one it would take. size is a power of two and never full. */
static size_t slot_of(const struct keys_set *set, uint64_t key)
{
    size_t at = (size_t)key & (set->size - 1);
    while (set->slots[at] != 0 && set->slots[at] != key)
        at = (at + 1) & (set->size - 1);
    return at;
}

static bool set_has(const struct keys_set *set, uint64_t key)
{
    return set->size > 0 && set->slots[slot_of(set, key)] == key;
}

static void set_grow(struct keys_set *set)
{
    struct keys_set bigger = {.size = set->size ? set->size * 2 : 1024, .used = set->used};
    bigger.slots = xcalloc(bigger.size, sizeof(*bigger.slots));
    for (size_t i = 0; i < set->size; i++) {
        if (set->slots[i] != 0)
            bigger.slots[slot_of(&bigger, set->slots[i])] = set->slots[i];
    }
    free(set->slots);
    *set = bigger;
}

bool keys_has(const struct keys *k, uint64_t key)
{
    return set_has(&k->young, key) || set_has(&k->old, key);
}

void keys_add(struct keys *k, uint64_t key)
{
    if (set_has(&k->young, key))
        return;
    if (k->young.used >= k->max) {
        free(k->old.slots);
        k->old = k->young;
        k->young = (struct keys_set){0};
    }
    if (k->young.used * 2 >= k->young.size)
        set_grow(&k->young);
    k->young.slots[slot_of(&k->young, key)] = key;
    k->young.used++;
}
