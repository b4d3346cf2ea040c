#include "xmlscan.h"

#include "arena.h"
#include "entities.h"
#include "limits.h"
#include "utf8.h"

struct scan {
    struct str s; /* what is left */
    const struct xml_events *events;
    struct str open[LIMIT_XML_DEPTH]; /* names of the elements that are open, as they are written */
    uint32_t hash[LIMIT_XML_DEPTH];   /* of each, so that an end that ends nothing is cheap */
    size_t depth;
    size_t item; /* 1 + index of the open item, 0: none */
    size_t flat; /* start tags dropped by (6) and not ended yet */
    struct xml_attribute attributes[LIMIT_ATTRIBUTES]; /* of the tag that is being read */
    size_t attribute_count;
    struct arena values; /* those of its values that are not as they are written */
    struct buf scratch;
    bool doctype_seen, stopped;
    const char *cdata_end; /* the one that was found last */
    bool nested;           /* a CDATA section had another in it: an end is left over */
    bool no_cdata_end, no_comment_end, no_instruction_end; /* none in what is left */
};

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f';
}

static bool name_start(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (unsigned char)c >= 0x80;
}

static bool name_byte(char c)
{
    return name_start(c) || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == ':';
}

static bool is_name(struct str s)
{
    if (s.len == 0 || !name_start(s.at[0]) || s.at[s.len - 1] == ':')
        return false;
    for (size_t i = 1; i < s.len; i++)
        if (!name_byte(s.at[i]))
            return false;
    return true;
}

static struct xml_name split_name(struct str name)
{
    size_t colon = str_chr(name, ':');
    if (colon == SIZE_MAX)
        return (struct xml_name){STR_NONE, name};
    return (struct xml_name){str_upto(name, colon), str_from(name, colon + 1)};
}

/* FNV-1a, ASCII case folded. */
static uint32_t hash_of(struct str name)
{
    uint32_t hash = 2166136261U;
    for (size_t i = 0; i < name.len; i++)
        hash = (hash ^ ((unsigned char)name.at[i] | 0x20)) * 16777619U;
    return hash;
}

static bool is_item(const struct scan *scan, struct str name)
{
    static const char *const feeds[] = {"item", "entry", "deleted-entry", NULL};
    const char *const *items = scan->events->items ? scan->events->items : feeds;
    struct str local = split_name(name).local;
    while (*items && !str_isi(local, *items))
        items++;
    return *items;
}

/* ----------------------------------------------------------------------------------------- text */

static void give_text(struct scan *scan, struct str s)
{
    if (s.len)
        scan->events->on_text(scan->events->ctx, s);
}

static bool xml_allows(uint32_t point)
{
    return point == '\t' || point == '\n' || point == '\r' || (point >= 0x20 && point < 0xd800) ||
           (point >= 0xe000 && point < 0xfffe) || (point >= 0x10000 && point < 0x110000);
}

/* s begins with '&'. Appends the character; returns what it takes. */
static size_t put_reference(struct buf *out, struct str s)
{
    uint32_t point = 0;
    size_t taken = entity_read(s, &point);
    if (taken == 0 || (s.at[1] != '#' && s.at[taken - 1] != ';')) {
        buf_putc(out, '&');
        return 1;
    }
    utf8_put(out, xml_allows(point) ? point : 0xfffd);
    return taken;
}

/* A CDATA section ends with the first end in it; that of the section around it is no text. */
static struct str skip_leftover_end(struct scan *scan, struct str s)
{
    size_t at = str_find(s, STR("]]>"));
    if (at == SIZE_MAX)
        return s;
    scan->nested = false;
    give_text(scan, str_upto(s, at));
    return str_from(s, at + 3);
}

static void read_text(struct scan *scan, struct str s)
{
    if (scan->nested)
        s = skip_leftover_end(scan, s);
    while (s.len) {
        size_t n = str_chr(s, '&');
        give_text(scan, str_upto(s, n));
        s = str_from(s, n);
        if (s.len == 0)
            return;
        buf_reset(&scan->scratch);
        s = str_from(s, put_reference(&scan->scratch, s));
        give_text(scan, buf_str(&scan->scratch));
    }
}

/* An attribute's value as it is meant: lent from the text where that is how it is written. */
static struct str read_value(struct scan *scan, struct str s)
{
    size_t n = 0;
    s = utf8_upto(s, LIMIT_FIELD);
    while (n < s.len && s.at[n] != '&' && s.at[n] != '\n' && s.at[n] != '\t')
        n++;
    if (n == s.len)
        return s;
    buf_reset(&scan->scratch);
    for (size_t i = 0; i < s.len;) {
        if (s.at[i] == '&')
            i += put_reference(&scan->scratch, str_from(s, i));
        else
            buf_putc(&scan->scratch, is_space(s.at[i]) ? ' ' : s.at[i]), i++;
    }
    return arena_keep(&scan->values, buf_str(&scan->scratch));
}

/* ----------------------------------------------------------------------------------------- tags */

static void end_element(struct scan *scan)
{
    struct str name = scan->open[--scan->depth];
    if (scan->item > scan->depth)
        scan->item = 0;
    if (!scan->stopped && !scan->events->on_end(scan->events->ctx, split_name(name)))
        scan->stopped = true;
}

static void end_down_to(struct scan *scan, size_t depth)
{
    while (scan->depth > depth)
        end_element(scan);
}

static void end_innermost(struct scan *scan, size_t count)
{
    end_down_to(scan, count < scan->depth ? scan->depth - count : 0);
}

static bool ends_name(char c)
{
    return is_space(c) || c == '/' || c == '>' || c == '=' || c == '<' || c == '"' || c == '\'';
}

static struct str take_name(struct scan *scan)
{
    size_t n = 0;
    while (n < scan->s.len && !ends_name(scan->s.at[n]))
        n++;
    struct str name = str_upto(scan->s, n);
    scan->s = str_from(scan->s, n);
    return name;
}

static void skip_space(struct scan *scan)
{
    while (scan->s.len && is_space(scan->s.at[0]))
        scan->s = str_from(scan->s, 1);
}

/* A quote that is closed only behind the next tag was never closed. */
static bool looks_unclosed(struct str value)
{
    size_t close = str_chr(value, '>');
    return close != SIZE_MAX && str_chr(str_from(value, close), '<') != SIZE_MAX;
}

/* href="/a rel="alternate": what ends the value begins the next one, behind the name of an attribute. Where the
 * blank before that name is, 0 when all is well. */
static size_t attribute_within(struct str value, struct str behind)
{
    if (behind.len == 0 || is_space(behind.at[0]) || strchr("/>?<", behind.at[0]) ||
        value.len == 0 || value.at[value.len - 1] != '=')
        return 0;
    size_t from = value.len - 1;
    while (from > 0 && name_byte(value.at[from - 1]))
        from--;
    bool name = is_name(str_from(str_upto(value, value.len - 1), from));
    return name && from > 0 && is_space(value.at[from - 1]) ? from - 1 : 0;
}

static struct str take_value(struct scan *scan)
{
    char quote = scan->s.len ? scan->s.at[0] : '\0';
    if (quote == '"' || quote == '\'') {
        struct str rest = str_from(scan->s, 1);
        size_t end = str_chr(str_upto(rest, LIMIT_FIELD), quote);
        struct str value = str_upto(rest, end);
        if (end != SIZE_MAX && !looks_unclosed(value)) {
            size_t swallowed = attribute_within(value, str_from(rest, end + 1));
            scan->s = str_from(rest, swallowed ? swallowed : end + 1);
            return swallowed ? str_upto(value, swallowed) : value;
        }
        scan->s = rest;
    }
    size_t n = 0;
    while (n < scan->s.len && !is_space(scan->s.at[n]) && scan->s.at[n] != '>' &&
           scan->s.at[n] != '<')
        n++;
    if (n && n < scan->s.len && scan->s.at[n] == '>' && scan->s.at[n - 1] == '/') /* <a href=x/> */
        n--;
    struct str value = str_upto(scan->s, n);
    scan->s = str_from(scan->s, n);
    return value;
}

static void add_attribute(struct scan *scan, struct str name, struct str value)
{
    if (!is_name(name) || scan->attribute_count == ARRAY_LEN(scan->attributes))
        return;
    scan->attributes[scan->attribute_count++] =
        (struct xml_attribute){split_name(name), read_value(scan, value)};
}

/* What ends the tag is left. Of an attribute that is there twice the first counts: it is found first. */
static void read_attributes(struct scan *scan)
{
    scan->attribute_count = 0;
    arena_reset(&scan->values);
    for (;;) {
        skip_space(scan);
        if (scan->s.len == 0 || scan->s.at[0] == '>' || scan->s.at[0] == '<')
            return;
        if (ends_name(scan->s.at[0])) {
            if (scan->s.len > 1 && scan->s.at[0] == '/' && scan->s.at[1] == '>')
                return;
            scan->s = str_from(scan->s, 1);
            continue;
        }
        struct str name = take_name(scan), value = name;
        skip_space(scan);
        if (scan->s.len && scan->s.at[0] == '=') {
            scan->s = str_from(scan->s, 1);
            skip_space(scan);
            value = take_value(scan);
        }
        add_attribute(scan, name, value);
    }
}

/* Elements of HTML that are written without an end, in descriptions that are not escaped. */
static bool is_void(struct str name)
{
    return str_isi(name, "br") || str_isi(name, "img") || str_isi(name, "hr");
}

/* Behind the name of a start tag. */
static void start_tag(struct scan *scan, struct str name)
{
    bool item = is_item(scan, name), empty = is_void(name);
    if (item && scan->item && str_eq(scan->open[scan->item - 1], name)) { /* (5) */
        end_down_to(scan, scan->item - 1);
        scan->flat = 0;
    }
    read_attributes(scan);
    if (scan->s.len == 0) /* the document was cut in it: half an address is another one */
        scan->attribute_count = 0;
    if (scan->s.len && scan->s.at[0] == '/') {
        empty = true;
        scan->s = str_from(scan->s, 1);
    }
    if (scan->s.len && scan->s.at[0] == '>')
        scan->s = str_from(scan->s, 1);
    if (scan->depth == ARRAY_LEN(scan->open)) { /* (6) */
        scan->flat += !empty;
        return;
    }
    if (scan->stopped)
        return;
    if (scan->events->closes)
        end_innermost(scan, scan->events->closes(scan->events->ctx, split_name(name)));
    scan->events->on_start(scan->events->ctx, split_name(name),
                           (struct xml_attributes){scan->attributes, scan->attribute_count});
    scan->hash[scan->depth] = hash_of(name);
    scan->open[scan->depth++] = name;
    if (empty)
        end_element(scan);
    else if (item && !scan->item)
        scan->item = scan->depth;
}

/* 1 + index of the innermost open element of that name, 0 when there is none. */
static size_t find_open(const struct scan *scan, struct str name)
{
    uint32_t hash = hash_of(name);
    size_t at = scan->depth;
    while (at > 0 && !(scan->hash[at - 1] == hash && str_eqi(scan->open[at - 1], name)))
        at--;
    return at;
}

static void end_tag(struct scan *scan, struct str name)
{
    size_t n = 0, at = find_open(scan, name);
    while (n < scan->s.len && scan->s.at[n] != '>' && scan->s.at[n] != '<')
        n++;
    scan->s = str_from(scan->s, n < scan->s.len && scan->s.at[n] == '>' ? n + 1 : n);
    if (scan->flat && (at == 0 || !is_item(scan, name))) {
        scan->flat--;
        return;
    }
    if (at > 0)
        end_down_to(scan, at - 1);
}

/* --------------------------------------------------------------------------------------- markup */

/* Skips to behind `end`, or only the `start` bytes when there is none; *none remembers that. */
static void skip_to(struct scan *scan, size_t start, struct str end, bool *none)
{
    size_t at = *none ? SIZE_MAX : str_find(str_from(scan->s, start), end);
    *none = at == SIZE_MAX;
    scan->s = str_from(scan->s, *none ? start : start + at + end.len);
}

/* Where "]]>" is; of its bytes the first is rare in texts, which makes this faster than a search for all three. */
static size_t find_cdata_end(struct str s)
{
    for (size_t at = 0;; at++) {
        size_t n = str_chr(str_from(s, at), ']');
        if (n == SIZE_MAX)
            return SIZE_MAX;
        at += n;
        if (str_starts(str_from(s, at), STR("]]>")))
            return at;
    }
}

/* The end of a section is another one's when that one begins in it, behind the end of the item: then it was never
 * closed. A section within a section (its '[' is rare in texts) is a feed within a feed otherwise. */
static bool leaves_item(struct scan *scan, struct str section)
{
    for (size_t at = 0, n; (n = str_chr(str_from(section, at), '[')) != SIZE_MAX; at += n + 1) {
        struct str before = str_upto(section, at + n + 1);
        if (!str_ends(before, STR("<![CDATA[")))
            continue;
        scan->nested = true;
        return scan->item > 0 && (str_findi(before, STR("</item>")) != SIZE_MAX ||
                                  str_findi(before, STR("</entry>")) != SIZE_MAX);
    }
    return false;
}

/* Remembers what it found: many sections may be left open before one end. */
static size_t cdata_end(struct scan *scan, struct str s)
{
    if (scan->cdata_end && scan->cdata_end >= s.at)
        return (size_t)(scan->cdata_end - s.at);
    size_t end = scan->no_cdata_end ? SIZE_MAX : find_cdata_end(s);
    scan->no_cdata_end = end == SIZE_MAX; /* its text is text then */
    scan->cdata_end = end == SIZE_MAX ? NULL : s.at + end;
    return end;
}

static void read_cdata(struct scan *scan)
{
    struct str s = str_from(scan->s, 9);
    size_t end = cdata_end(scan, s);
    if (end != SIZE_MAX && !leaves_item(scan, str_upto(s, end))) {
        give_text(scan, str_upto(s, end));
        s = str_from(s, end + 3);
    }
    scan->s = s;
}

/* The DOCTYPE with its internal subset, where quoted values may hold any of ']', '>' and '['. */
static void skip_doctype(struct scan *scan)
{
    bool subset = false;
    char quote = '\0';
    size_t i = 0, first = str_chr(scan->s, '>');
    scan->doctype_seen = true;
    for (; i < scan->s.len; i++) {
        char c = scan->s.at[i];
        if (quote)
            quote = c == quote ? '\0' : quote;
        else if (c == '"' || c == '\'')
            quote = c;
        else if (c == '[')
            subset = true;
        else if (c == ']')
            subset = false;
        else if (c == '>' && !subset)
            break;
    }
    if (i == scan->s.len) /* never ends: then the first '>' was its end */
        i = first == SIZE_MAX ? scan->s.len : first;
    scan->s = str_from(scan->s, i + 1);
}

/* scan->s begins with '<'. */
static void read_tag(struct scan *scan)
{
    struct str s = scan->s;
    bool end = s.len > 1 && s.at[1] == '/';
    scan->s = str_from(s, end ? 2 : 1);
    struct str name = take_name(scan);
    if (!is_name(name)) { /* (3) */
        give_text(scan, str_upto(s, 1));
        scan->s = str_from(s, 1);
    } else if (end) {
        end_tag(scan, name);
    } else {
        start_tag(scan, name);
    }
}

static void read_markup(struct scan *scan)
{
    char second = scan->s.len > 1 ? scan->s.at[1] : '\0';
    if (second != '!' && second != '?')
        read_tag(scan);
    else if (second == '?')
        skip_to(scan, 2, STR("?>"), &scan->no_instruction_end);
    else if (str_starts(scan->s, STR("<!--")))
        skip_to(scan, 4, STR("-->"), &scan->no_comment_end);
    else if (str_startsi(scan->s, STR("<![CDATA[")))
        read_cdata(scan);
    else if (str_startsi(scan->s, STR("<!DOCTYPE")) && scan->depth == 0 && !scan->doctype_seen)
        skip_doctype(scan);
    else
        read_tag(scan);
}

/* ------------------------------------------------------------------------------------- controls */

static bool is_control(char c)
{
    return (unsigned char)c < ' ' && c != '\t' && c != '\n';
}

static bool has_controls(struct str s)
{
    unsigned char found = 0;
    for (size_t i = 0; i < s.len; i++) /* no way out in between: so it is done 32 bytes at a time */
        found |= is_control(s.at[i]);
    return found;
}

/* (7) */
static void put_without_controls(struct str s, struct buf *out)
{
    buf_reserve(out, s.len);
    for (size_t i = 0, from = 0; i <= s.len; i++) {
        if (i < s.len && !is_control(s.at[i]))
            continue;
        buf_puts(out, str_from(str_upto(s, i), from));
        if (i < s.len && s.at[i] == '\r' && (i + 1 == s.len || s.at[i + 1] != '\n'))
            buf_putc(out, '\n');
        from = i + 1;
    }
}

void xmlscan(struct str text, const struct xml_events *events)
{
    struct scan *scan = xcalloc(1, sizeof *scan);
    struct buf tidy = BUF_NONE;
    scan->events = events;
    scan->s = text;
    if (has_controls(text)) {
        put_without_controls(text, &tidy);
        scan->s = buf_str(&tidy);
    }
    while (scan->s.len && !scan->stopped) {
        size_t n = str_chr(scan->s, '<');
        read_text(scan, str_upto(scan->s, n));
        scan->s = str_from(scan->s, n);
        if (scan->s.len)
            read_markup(scan);
    }
    end_down_to(scan, 0);
    arena_done(&scan->values);
    buf_free(&scan->scratch);
    buf_free(&tidy);
    free(scan);
}
