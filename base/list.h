/* utlist's lists. Whoever includes utlist.h includes this instead.
 *
 * The static analyzer follows pointers, but cannot know that what stands in a list stands there
 * once: behind DL_DELETE it believes that the head may still be what was freed. It is shown a head
 * of which nothing is known. */
#ifndef DATELINE_LIST_H
#define DATELINE_LIST_H

#include <utlist.h>

#ifdef __clang_analyzer__
void *list_unknown(void *was);
#undef DL_DELETE
#define DL_DELETE(head, del) ((head) = list_unknown(del))
#endif

#endif
