/*
 * Host names as they go into a URL: ASCII, lower case (WHATWG URL standard, section 3.5). Names in
 * other scripts are mapped by NFKC and case folding and written in Punycode (RFC 3492); numbers are
 * IPv4 addresses in any of the forms that inet_aton() takes; brackets hold IPv6.
 */
#ifndef DATELINE_HOSTNAME_H
#define DATELINE_HOSTNAME_H

#include "str.h"

/* Appends. 0, or -EINVAL when it cannot be a host; *out may then hold a part of it. */
int hostname_ascii(struct str host, struct buf *out);

#endif
