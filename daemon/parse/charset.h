/*
 * From bytes to valid UTF-8. The order: byte order mark, then what HTTP or the operator says, then
 * what the document says of itself (XML declaration, HTML meta), then valid UTF-8, then a guess
 * from the bytes. Names mean what browsers take them for (WHATWG Encoding standard, section 4.2):
 * "iso-8859-1" is windows-1252, "gb2312" is gb18030. Claims that the bytes contradict are not
 * believed. Nothing is refused: what cannot be decoded becomes U+FFFD.
 *
 * Converters are shared objects that the C library loads when they are first asked for. A process
 * that is about to lose its file system calls charset_prepare() before.
 */
#ifndef DATELINE_CHARSET_H
#define DATELINE_CHARSET_H

#include "str.h"

struct charset_result {
    struct str text;  /* valid UTF-8 without NUL and without byte order mark; lent from the bytes or
                         from memory */
    const char *name; /* "utf-8", "windows-1251": a constant */
    struct buf memory; /* the caller's to free */
};

/* `claimed` is a label from outside, or empty. Cannot fail. */
void charset_decode(struct str bytes, struct str claimed, struct charset_result *out);
/* The charset parameter of a content type, lent from it, or empty. */
struct str charset_of_type(struct str content_type);
/* Loads every converter. Idempotent. */
void charset_prepare(void);

#endif
