#include "rawtext.h"

#include "htmlname.h"

struct search {
    struct str text, name;
    size_t first;   /* end tag, should the inner ones have none */
    size_t inner;   /* elements of this name that are open within it */
    size_t tag_end; /* the '>' that was found last */
};

/* Does the element's name stand at `at`, as a tag's? */
static bool is_named(const struct search *s, size_t at)
{
    struct str rest = str_from(s->text, at);
    return rest.len > s->name.len && str_startsi(rest, s->name) &&
           strchr(" \t\n\f\r/>", rest.at[s->name.len]) && rest.at[s->name.len];
}

static size_t next_open(const struct search *s, size_t at)
{
    size_t hit = str_chr(str_from(s->text, at), '<');
    return hit == SIZE_MAX ? s->text.len : at + hit;
}

/* An end tag at `at`: true when it is the element's own. */
static bool take_end(struct search *s, size_t at)
{
    if (s->inner == 0)
        return true;
    s->inner--;
    if (s->first == SIZE_MAX)
        s->first = at;
    return false;
}

static size_t plain_end(struct search *s)
{
    for (size_t at = next_open(s, 0); at < s->text.len; at = next_open(s, at + 1))
        if (at + 1 < s->text.len && s->text.at[at + 1] == '/' && is_named(s, at + 2))
            return at;
    return SIZE_MAX;
}

/* The offset of the next "-->" from `at` on. Each stretch of the page is searched once, however many
 * scripts begin a comment in it. */
static size_t next_arrow(struct rawtext *known, const struct search *s, size_t at)
{
    const char *from = s->text.at + at;
    if (!known->arrow || from > known->arrow || from < known->arrow_from) {
        size_t hit = str_find(str_from(s->text, at), STR("-->"));
        known->arrow_from = from;
        known->arrow = hit == SIZE_MAX ? s->text.at + s->text.len : from + hit;
    }
    return (size_t)(known->arrow - s->text.at);
}

/* Within "<!--" of a script, a script is written that has an end tag of its own. */
static size_t script_end(struct rawtext *known, struct search *s)
{
    size_t comment_end = 0;
    for (size_t at = next_open(s, 0); at < s->text.len; at = next_open(s, at + 1)) {
        if (at >= comment_end)
            s->inner = 0;
        if (is_named(s, at + 1)) {
            s->inner = at < comment_end;
        } else if (at + 1 < s->text.len && s->text.at[at + 1] == '/' && is_named(s, at + 2)) {
            if (take_end(s, at))
                return at;
        } else if (at >= comment_end && str_starts(str_from(s->text, at), STR("<!--"))) {
            comment_end = next_arrow(known, s, at + 2);
        }
    }
    return SIZE_MAX;
}

static bool closes_itself(struct search *s, size_t at)
{
    if (s->tag_end <= at) {
        size_t end = str_chr(str_from(s->text, at), '>');
        s->tag_end = end == SIZE_MAX ? s->text.len : at + end;
    }
    return s->text.at[s->tag_end - 1] == '/';
}

static size_t nested_end(struct search *s, bool foreign)
{
    for (size_t at = next_open(s, 0); at < s->text.len; at = next_open(s, at + 1)) {
        if (is_named(s, at + 1))
            s->inner += !foreign || !closes_itself(s, at);
        else if (at + 1 < s->text.len && s->text.at[at + 1] == '/' && is_named(s, at + 2) &&
                 take_end(s, at))
            return at;
    }
    return SIZE_MAX;
}

size_t rawtext_end(struct rawtext *known, struct str rest, enum html_tag tag)
{
    struct search s = {.text = rest, .name = html_tag_name(tag), .first = SIZE_MAX};
    unsigned flags = html_flags(tag);
    size_t end;
    if (known->endless[tag])
        return SIZE_MAX;
    if (known->plain[tag] || !(tag == HTML_SCRIPT || flags & HTML_FLAG_NESTS))
        end = plain_end(&s);
    else if (tag == HTML_SCRIPT)
        end = script_end(known, &s);
    else
        end = nested_end(&s, flags & HTML_FLAG_FOREIGN);
    if (end == SIZE_MAX) {
        end = s.first;
        known->plain[tag] = end != SIZE_MAX;
        known->endless[tag] = end == SIZE_MAX;
    }
    return end;
}
