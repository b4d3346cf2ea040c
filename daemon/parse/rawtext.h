/* Where the text of an element ends whose content is no markup (HTML standard, 13.2.5.2 to .31). */
#ifndef DATELINE_RAWTEXT_H
#define DATELINE_RAWTEXT_H

#include "html.h"

/* What was learned by searching a page, so that it is never searched twice for the same. Zeroed at first. */
struct rawtext {
    bool endless[HTML_TAG_COUNT]; /* there is no end tag behind */
    bool plain[HTML_TAG_COUNT]; /* some that were opened within others had none: all count alike */
    const char *arrow,
        *arrow_from; /* the first "-->" behind, the page's end without one; from where on */
};

/* `rest` begins behind the start tag; the rest of the page. Offset of the end tag, SIZE_MAX when there is
 * none. */
size_t rawtext_end(struct rawtext *known, struct str rest, enum html_tag tag);

#endif
