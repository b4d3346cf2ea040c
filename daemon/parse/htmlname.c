/*
 * Names are compared eight bytes at once, as numbers. A page has thousands of them, most of them
 * attributes that are in no table.
 */
#include "htmlname.h"

#include <string.h>
#include <strings.h>

struct name {
    const char *name;
    uint8_t len;
    uint16_t flags;
};

static const struct name TAGS[HTML_TAG_COUNT] = {{"", 0, 0},
                                                 {"", 0, HTML_FLAG_INLINE},
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
#define HTML_TAG_ROW(id, name, flags) {name, sizeof(name) - 1, flags},
                                                 HTML_TAGS(HTML_TAG_ROW)
#undef HTML_TAG_ROW
};

static const struct name ATTRS[HTML_ATTR_COUNT] = {
#define HTML_ATTR_ROW(id, name) {name, sizeof(name) - 1, 0},
    HTML_ATTRS(HTML_ATTR_ROW)
#undef HTML_ATTR_ROW
};

unsigned html_flags(enum html_tag tag)
{
    return TAGS[tag].flags;
}

struct str html_tag_name(enum html_tag tag)
{
    return (struct str){TAGS[tag].name, TAGS[tag].len};
}

/* ---- looking up */

enum { LETTERS = 26, WORD = sizeof(uint64_t) };

struct index {
    uint64_t keys[HTML_TAG_COUNT];
    uint8_t first[LETTERS + 1]; /* of a letter's names */
};

/* Made from the tables when first needed, and the same ever after. */
static struct index tags, attrs;
static bool indexed;

_Static_assert(HTML_TAG_COUNT <= UINT8_MAX, "first[] holds them");
_Static_assert((int)HTML_ATTR_COUNT <= (int)HTML_TAG_COUNT, "keys[] holds them");

/* `bytes`, 'A' to 'Z' in lower case. Bytes of 0x80 and more may change, but are never a known name's. */
static uint64_t lower(uint64_t bytes)
{
    const uint64_t each = 0x0101010101010101ULL, low = bytes & each * 0x7f;
    uint64_t upper = (low + each * (0x80 - 'A')) & ~(low + each * (0x7f - 'Z')) & ~bytes;
    return bytes | (upper & each * 0x80) >> 2;
}

/* The first eight bytes of a name; of shorter ones all, some of them twice. Different for different
 * names of the same length. */
static uint64_t key_of(const char *name, size_t len)
{
    uint64_t key = 0;
    uint32_t head = 0, tail = 0;
    if (len >= WORD) {
        memcpy(&key, name, WORD);
    } else if (len >= sizeof head) {
        memcpy(&head, name, sizeof head);
        memcpy(&tail, name + len - sizeof tail, sizeof tail);
        key = head | (uint64_t)tail << 32;
    } else {
        key = (unsigned char)name[0] | (uint64_t)(unsigned char)name[len / 2] << 8 |
              (uint64_t)(unsigned char)name[len - 1] << 16;
    }
    return lower(key);
}

static void index_names(const struct name *names, size_t from, size_t count, struct index *out)
{
    for (size_t i = from; i < count; i++)
        out->keys[i] = key_of(names[i].name, names[i].len);
    for (size_t letter = 0, i = from; letter <= LETTERS; letter++) {
        while (i < count && names[i].name[0] < (char)('a' + letter))
            i++;
        out->first[letter] = (uint8_t)i;
    }
}

static void index_all(void)
{
    if (indexed)
        return;
    index_names(TAGS, HTML_OTHER + 1, HTML_TAG_COUNT, &tags);
    index_names(ATTRS, 0, HTML_ATTR_COUNT, &attrs);
    indexed = true;
}

static size_t find(const struct name *names, const struct index *index, struct str name,
                   size_t none)
{
    size_t letter = (size_t)((unsigned char)name.at[0] | 0x20) - 'a';
    index_all();
    if (letter >= LETTERS)
        return none;
    size_t i = index->first[letter], end = index->first[letter + 1];
    if (i == end)
        return none;
    for (uint64_t key = key_of(name.at, name.len); i < end; i++)
        if (index->keys[i] == key && names[i].len == name.len &&
            (name.len <= WORD ||
             strncasecmp(names[i].name + WORD, name.at + WORD, name.len - WORD) == 0))
            return i;
    return none;
}

enum html_tag html_tag_of(struct str name)
{
    return (enum html_tag)find(TAGS, &tags, name, HTML_OTHER);
}

enum html_attr html_attr_of(struct str name)
{
    return (enum html_attr)find(ATTRS, &attrs, name, HTML_ATTR_COUNT);
}
