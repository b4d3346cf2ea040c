/*
 * The words that stand before an author's name: "By", "Written by:", "Von", "Автор:", "文/". Short
 * words that mean something else in other languages count only on pages of their own.
 */
#ifndef DATELINE_BYLEAD_H
#define DATELINE_BYLEAD_H

#include "str.h"

/* Bytes of the lead at the start of s, with the colon and the blanks behind it; 0 when there is
 * none. language: as the page declares it ("de-AT"), or empty; on pages in English only English
 * leads count, and those that no English text begins with. */
size_t bylead_len(struct str s, struct str language);
/* The same for what is called the author already, where the language says nothing. */
size_t bylead_len_any(struct str s);

#endif
