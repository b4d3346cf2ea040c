/* Mails: how one is told from any other text. */
#ifndef DATELINE_MAIL_H
#define DATELINE_MAIL_H

#include "str.h"

/* Its first lines are a header that says from whom, and that it was mailed (RFC 5322, section 3.6). */
bool mail_is(struct str bytes);

#endif
