/* The files of page/, embedded. */
#ifndef DATELINE_PAGE_H
#define DATELINE_PAGE_H

#include <stddef.h>

struct page {
    const unsigned char *at;
    size_t len;
};

extern const struct page page_page_html, page_page_js, page_style_css, page_icon_svg;

#endif
