/* Character references of HTML: names and numbers. */
#ifndef DATELINE_ENTITIES_H
#define DATELINE_ENTITIES_H

#include "str.h"

/* The code point that a name ("nbsp") stands for, 0 when it is not known. */
uint32_t entity_point(struct str name);
/* s begins with '&'. The bytes that the reference takes and its code point, or 0 when it is none.
 * Names without their semicolon count only where HTML lets them, and then only whole: "&copy 2026",
 * not "&copyright". */
size_t entity_read(struct str s, uint32_t *out);
/* A code point as browsers repair it: C1 controls are windows-1252, what is no character is U+FFFD.
 */
uint32_t entity_repair(uint32_t point);

#endif
