/* The picture that an HTML text shows first: a feed's item without media of its own has that. */
#ifndef DATELINE_PICTURE_H
#define DATELINE_PICTURE_H

#include "str.h"

/* The address of the first <img> that is no tracker's dot and no smiley, as it is written, references and all; empty:
 * there is none. */
struct str picture_in(struct str html);
/* Whether an image of that width and height, as they are written, is one to look at. */
bool picture_is_one(struct str width, struct str height);

#endif
