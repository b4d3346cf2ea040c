/*
 * Zip archives (PKWARE's APPNOTE.TXT 6.3), as far as documents come in them: members stored or deflated,
 * on one disk, not encrypted, without the 64-bit extensions.
 *
 * Every number in one is hostile. The central directory says what there is, each local header must say the
 * same, no two members may share bytes, and what they come to is limited: LIMIT_ZIP_MEMBERS of them,
 * LIMIT_BODY bytes altogether, LIMIT_ZIP_RATIO times what they take. Names are compared and never used.
 */
#ifndef DATELINE_ZIP_H
#define DATELINE_ZIP_H

#include "str.h"

bool zip_is(struct str bytes);

/* Hands each member that is not empty to on_member, in the directory's order; anything but 0 from it ends
 * the reading with that value. 0; -EBADMSG damaged, -EMSGSIZE a limit, -ENOTSUP encrypted or of another
 * method or extension. What came before was handed out. */
int zip_read(struct str bytes, int (*on_member)(void *ctx, struct str bytes), void *ctx);

#endif
