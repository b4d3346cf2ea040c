/* A guess at the charset of bytes that are not UTF-8 and do not say what they are. */
#ifndef DATELINE_GUESS_H
#define DATELINE_GUESS_H

#include "str.h"

/* A name as charset.c has them; never NULL. */
const char *guess_charset(struct str bytes);

#endif
