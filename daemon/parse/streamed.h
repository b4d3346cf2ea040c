/*
 * Pages that a server of React sends in pieces: what was not ready when its place came follows at the
 * end in hidden elements, <div hidden id="S:5">, and a script moves it to where <template id="B:5"> or
 * "P:5" stands. Without scripts the story is in pieces and out of order; this puts it together.
 */
#ifndef DATELINE_STREAMED_H
#define DATELINE_STREAMED_H

#include "html.h"

/* Moves the pieces to their places. Pages of other makes are left as they are, at hardly a cost. */
void streamed_join(struct html *html);

#endif
