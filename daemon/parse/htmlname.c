#include "htmlname.h"

#include "nametable.h"

static const struct tag {
    struct str name;
    unsigned flags;
} TAGS[HTML_TAG_COUNT] = {{{"", 0}, 0},
                          {{"", 0}, HTML_FLAG_INLINE},
#define INLINE                        HTML_FLAG_INLINE
#define BLOCK                         HTML_FLAG_BLOCK
#define VOID                          HTML_FLAG_VOID
#define RAW                           HTML_FLAG_RAW
#define DECODED                       HTML_FLAG_DECODED
#define NESTS                         HTML_FLAG_NESTS
#define FOREIGN                       HTML_FLAG_FOREIGN
#define SCOPE                         HTML_FLAG_SCOPE
#define ROWS                          HTML_FLAG_ROWS
#define SHELL                         HTML_FLAG_SHELL
#define HEADING                       HTML_FLAG_HEADING
#define PART                          HTML_FLAG_PART
#define HTML_TAG_ROW(id, name, flags) {{name, sizeof(name) - 1}, flags},
                          HTML_TAGS(HTML_TAG_ROW)
#undef HTML_TAG_ROW
};

static const struct str ATTRS[HTML_ATTR_COUNT] = {
#define HTML_ATTR_ROW(id, name) {name, sizeof(name) - 1},
    HTML_ATTRS(HTML_ATTR_ROW)
#undef HTML_ATTR_ROW
};

/* Those of the tags that have a name. */
enum { FIRST = HTML_OTHER + 1 };

static struct nametable tags = {
    .rows = TAGS + FIRST, .size = sizeof TAGS[0], .count = HTML_TAG_COUNT - FIRST};
static struct nametable attrs = {.rows = ATTRS, .size = sizeof ATTRS[0], .count = HTML_ATTR_COUNT};

unsigned html_flags(enum html_tag tag)
{
    return TAGS[tag].flags;
}

struct str html_tag_name(enum html_tag tag)
{
    return TAGS[tag].name;
}

enum html_tag html_tag_of(struct str name)
{
    int row = nametable_find(&tags, name);
    return row < 0 ? HTML_OTHER : (enum html_tag)(FIRST + row);
}

enum html_attr html_attr_of(struct str name)
{
    int row = nametable_find(&attrs, name);
    return row < 0 ? HTML_ATTR_COUNT : (enum html_attr)row;
}
