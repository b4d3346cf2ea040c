#include "jsonscan.h"

#include <assert.h>
#include <errno.h>

#include "jsonplain.h"

/*
 * Each want has a bit. A container is walked with the set of wants that it may still lead to
 * (`open`); `behind` says how much of each one's path lies above it.
 *
 *     {"item": {"uri": "x"}}      want "item.uri"
 *     │        └ open {w}: "item" is behind us, "uri" ends the path
 *     └ open {w}: nothing is behind us, "item" goes on with a dot
 */
struct scan {
    const char *at, *end;
    struct jsonscan_want *wants;
    size_t count;
    unsigned depth;
    size_t behind[JSONSCAN_WANTS];
};

static bool value(struct scan *s, unsigned open, unsigned here);

static void blanks(struct scan *s)
{
    while (s->at < s->end && (*s->at == ' ' || *s->at == '\t' || *s->at == '\n' || *s->at == '\r'))
        s->at++;
}

static bool take(struct scan *s, char c)
{
    if (s->at == s->end || *s->at != c)
        return false;
    s->at++;
    return true;
}

static bool is_hex(char c)
{
    return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f');
}

/* Behind a backslash. Surrogates have to come in pairs: left to the slow reader. */
static bool escape(struct scan *s)
{
    if (s->at == s->end)
        return false;
    char c = *s->at++;
    if (c != 'u')
        return strchr("\"\\/bfnrt", c) != NULL && c != '\0';
    if (s->end - s->at < 4)
        return false;
    for (int i = 0; i < 4; i++)
        if (!is_hex(s->at[i]))
            return false;
    bool surrogate = (s->at[0] | 0x20) == 'd' && s->at[1] >= '8';
    bool nul = memcmp(s->at, "0000", 4) == 0;
    s->at += 4;
    return !surrogate && !nul;
}

/* Behind the opening quote. *plain: without escapes. */
static bool string(struct scan *s, struct str *out, bool *plain)
{
    const char *from = s->at;
    *plain = true;
    for (;;) {
        s->at += jsonplain_run((struct str){s->at, (size_t)(s->end - s->at)});
        if (s->at == s->end || (unsigned char)*s->at < ' ')
            return false;
        if (*s->at++ == '"')
            break;
        *plain = false;
        if (!escape(s))
            return false;
    }
    *out = (struct str){from, (size_t)(s->at - 1 - from)};
    return true;
}

static bool digits(struct scan *s)
{
    const char *from = s->at;
    while (s->at < s->end && *s->at >= '0' && *s->at <= '9')
        s->at++;
    return s->at > from;
}

static bool number(struct scan *s)
{
    take(s, '-');
    if (!take(s, '0') && !digits(s))
        return false;
    if (take(s, '.') && !digits(s))
        return false;
    if (s->at < s->end && (*s->at | 0x20) == 'e') {
        s->at++;
        if (!take(s, '+'))
            take(s, '-');
        return digits(s);
    }
    return true;
}

static bool word(struct scan *s, const char *text)
{
    size_t len = strlen(text);
    if ((size_t)(s->end - s->at) < len || memcmp(s->at, text, len) != 0)
        return false;
    s->at += len;
    return true;
}

/* Of the wants in `open`: which go on below this name, and which end here. */
static void follow(const struct scan *s, unsigned open, struct str name, unsigned *below,
                   unsigned *here)
{
    *below = *here = 0;
    if (str_chr(name, '.') != SIZE_MAX) /* a dot in a name is no step of a path */
        return;
    for (size_t i = 0; i < s->count && open; i++) {
        const char *rest = s->wants[i].path + s->behind[i];
        if (!(open & 1U << i) || strncmp(rest, name.at, name.len) != 0)
            continue;
        if (rest[name.len] == '.')
            *below |= 1U << i;
        else if (rest[name.len] == '\0')
            *here |= 1U << i;
    }
}

static void move(struct scan *s, unsigned wants, size_t name_len, bool down)
{
    for (size_t i = 0; i < s->count; i++)
        if (wants & 1U << i)
            s->behind[i] = down ? s->behind[i] + name_len + 1 : s->behind[i] - name_len - 1;
}

static bool member(struct scan *s, unsigned open, struct str name)
{
    unsigned below, here;
    follow(s, open, name, &below, &here);
    move(s, below, name.len, true);
    bool good = value(s, below, here);
    move(s, below, name.len, false);
    return good;
}

static bool object(struct scan *s, unsigned open)
{
    blanks(s);
    if (take(s, '}'))
        return true;
    do {
        struct str name;
        bool plain;
        blanks(s);
        if (!take(s, '"') || !string(s, &name, &plain) || (!plain && open))
            return false;
        blanks(s);
        if (!take(s, ':') || !member(s, open, name))
            return false;
        blanks(s);
    } while (take(s, ','));
    return take(s, '}');
}

static bool array(struct scan *s, unsigned open)
{
    char index[24];
    size_t i = 0;
    blanks(s);
    if (take(s, ']'))
        return true;
    do {
        struct str name = STR_NONE;
        if (open) {
            int len = snprintf(index, sizeof index, "%zu", i++);
            name = (struct str){index, (size_t)len};
        }
        if (open ? !member(s, open, name) : !value(s, 0, 0))
            return false;
        blanks(s);
    } while (take(s, ','));
    return take(s, ']');
}

/* False when a path is there twice. */
static bool mark(struct scan *s, unsigned here, struct str text)
{
    for (size_t i = 0; i < s->count && here; i++) {
        if (!(here & 1U << i))
            continue;
        if (s->wants[i].present)
            return false;
        s->wants[i].present = true;
        s->wants[i].value = text;
    }
    return true;
}

static bool nested(struct scan *s, unsigned open, bool (*inside)(struct scan *, unsigned))
{
    if (s->depth == JSONSCAN_DEPTH)
        return false;
    s->depth++;
    bool good = inside(s, open);
    s->depth--;
    return good;
}

static bool value(struct scan *s, unsigned open, unsigned here)
{
    struct str text = STR_NONE;
    bool plain = true;
    blanks(s);
    if (take(s, '"'))
        return string(s, &text, &plain) && (plain || !here) && mark(s, here, text);
    if (!mark(s, here, STR_NONE))
        return false;
    if (take(s, '{'))
        return nested(s, open, object);
    if (take(s, '['))
        return nested(s, open, array);
    return word(s, "true") || word(s, "false") || word(s, "null") || number(s);
}

int jsonscan(struct str text, struct jsonscan_want *wants, size_t count)
{
    struct scan s = {.at = text.at, .end = text.at + text.len, .wants = wants, .count = count};
    assert(count <= JSONSCAN_WANTS);
    for (size_t i = 0; i < count; i++) {
        wants[i].value = STR_NONE;
        wants[i].present = false;
    }
    if (text.len == 0)
        return -EAGAIN;
    blanks(&s);
    bool good = take(&s, '{') && nested(&s, count ? (1U << count) - 1 : 0, object);
    blanks(&s);
    return good && s.at == s.end ? 0 : -EAGAIN;
}
