/* RFC 4648, section 4; bytes outside the alphabet are skipped, it ends where it is wrong. Appends.
 */
#ifndef DATELINE_BASE64_H
#define DATELINE_BASE64_H

#include "str.h"

void base64_decode(struct str s, struct buf *out);

#endif
