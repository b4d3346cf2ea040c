/* RFC 3492: names of any script as the wire wants them. */
#ifndef DATELINE_PUNYCODE_H
#define DATELINE_PUNYCODE_H

#include "str.h"

#define LABEL_MAX 63 /* RFC 1035, section 2.3.4 */

/* Appends "xn--" and the code points, at most LABEL_MAX of them, which then overflow nothing. */
void punycode_put(const uint32_t *points, uint32_t count, struct buf *out);
/* The code points that s, without its "xn--", stands for. 0, or -EINVAL: cut short, too large, too many. */
int punycode_read(struct str s, uint32_t points[LABEL_MAX], uint32_t *count_out);

#endif
