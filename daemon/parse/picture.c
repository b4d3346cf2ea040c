#include "picture.h"

#define LEAST   48 /* pixels: smileys have 16 to 32, flags and icons 40 */
#define TAG_MAX 4096

bool picture_is_one(struct str width, struct str height)
{
    uint64_t w = 0, h = 0;
    bool narrow = str_u64(str_trim(width), &w) == 0 && w < LEAST;
    bool low = str_u64(str_trim(height), &h) == 0 && h < LEAST;
    return !narrow && !low;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '/';
}

/* Takes the next name and value off the inside of a tag; false at its end. */
static bool take_attribute(struct str *tag, struct str *name, struct str *value)
{
    size_t n = 0;
    while (tag->len && is_blank(tag->at[0]))
        *tag = str_from(*tag, 1);
    while (n < tag->len && !is_blank(tag->at[n]) && tag->at[n] != '=' && tag->at[n] != '>')
        n++;
    *name = str_upto(*tag, n);
    *tag = str_trim(str_from(*tag, n));
    *value = STR_NONE;
    if (tag->len == 0 || tag->at[0] != '=')
        return n > 0;
    *tag = str_trim(str_from(*tag, 1));
    char quote = tag->len ? tag->at[0] : '\0';
    if (quote == '"' || quote == '\'') {
        struct str rest = str_from(*tag, 1);
        size_t end = str_chr(rest, quote);
        if (end == SIZE_MAX) /* the text was cut here */
            return false;
        *value = str_upto(rest, end);
        *tag = str_from(rest, end + 1);
        return true;
    }
    n = 0;
    while (n < tag->len && tag->at[n] != '>' && (tag->at[n] == '/' || !is_blank(tag->at[n])))
        n++;
    *value = str_upto(*tag, n);
    *tag = str_from(*tag, n);
    return true;
}

/* *tag becomes what is left behind it. */
static struct str source_of(struct str *tag)
{
    struct str name, value, src = STR_NONE, width = STR_NONE, height = STR_NONE;
    while (take_attribute(tag, &name, &value)) {
        if (str_isi(name, "src"))
            src = src.len ? src : str_trim(value);
        else if (str_isi(name, "width"))
            width = value;
        else if (str_isi(name, "height"))
            height = value;
    }
    return picture_is_one(width, height) && !str_startsi(src, STR("data:")) ? src : STR_NONE;
}

struct str picture_in(struct str html)
{
    for (size_t at; (at = str_find(html, STR("<img"))) != SIZE_MAX;) {
        html = str_from(html, at + 4);
        if (html.len == 0 || !is_blank(html.at[0]))
            continue;
        struct str tag = str_upto(html, TAG_MAX), rest = tag, src = source_of(&rest);
        if (src.len)
            return src;
        html = str_from(html, tag.len - rest.len); /* each byte once, whatever stands there */
    }
    return STR_NONE;
}
