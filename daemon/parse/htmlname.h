/* The names of elements and attributes as numbers, whatever case they are written in, and what is
 * known of an element by its name. Only the reader needs more of that than html.h gives. */
#ifndef DATELINE_HTMLNAME_H
#define DATELINE_HTMLNAME_H

#include "html.h"

enum html_flag {
    HTML_FLAG_INLINE = 1,
    HTML_FLAG_BLOCK = 2,
    HTML_FLAG_VOID = 4, /* has no content */
    HTML_FLAG_RAW = 8,  /* its content is text, whatever it looks like */
    HTML_FLAG_DECODED = 16,
    HTML_FLAG_NESTS = 32,   /* raw, and may stand within itself */
    HTML_FLAG_FOREIGN = 64, /* "<svg/>" is the whole of it */
    HTML_FLAG_SCOPE = 128,  /* end tags within it do not reach out of it */
    HTML_FLAG_ROWS = 256,   /* the same for the parts of tables */
    HTML_FLAG_HEADING = 512,
    /* A scope for what starts inside it, but blocks around it end it: unclosed buttons. */
    HTML_FLAG_SHELL = 2048,
    HTML_FLAG_PART = 1024 /* of a table: nothing inside keeps it from ending */
};

unsigned html_flags(enum html_tag tag);
struct str html_tag_name(enum html_tag tag);
/* HTML_OTHER when it is none of HTML_TAGS. */
enum html_tag html_tag_of(struct str name);
/* HTML_ATTR_COUNT when it is not kept. */
enum html_attr html_attr_of(struct str name);

#endif
