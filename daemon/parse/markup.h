/*
 * A fragment of HTML as a reader would see it: plain text, paragraphs separated by a blank line,
 * list items and table rows on lines of their own, without scripts, styles and comments. A
 * tokenizer and no tree: one pass, linear, whatever comes.
 */
#ifndef DATELINE_MARKUP_H
#define DATELINE_MARKUP_H

#include "str.h"

/* Appends. html is valid UTF-8, and so is what comes out; NULs and other controls do not come out.
 */
void markup_text(struct str html, struct buf *out);
/* The same on one line, for titles and names: only what HTML knows as an element is a tag there, so
 * that "the <blink> tag" loses its tag and "a < b" and "<AAPL>" stay. Appends. */
void markup_line(struct str html, struct buf *out);
/* Appends s with its character references resolved, and nothing else changed. */
void markup_unescape(struct str s, struct buf *out);
/* Appends s with '&' and '<' escaped, so that it survives markup_text(). */
void markup_escape(struct str s, struct buf *out);

#endif
