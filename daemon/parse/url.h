/*
 * URLs: absolute for showing, canonical for identity. The rules are those of the WHATWG URL standard
 * as far as http and https go (https://url.spec.whatwg.org/), plus ours for identity.
 */
#ifndef DATELINE_URL_H
#define DATELINE_URL_H

#include "str.h"

/* Appends `ref` made absolute against `base` (may be empty), percent-encoded where it must be. Only http and
 * https come out. 0, -EINVAL, -EMSGSIZE past LIMIT_URL. *out is untouched on failure. */
int url_resolve(struct str base, struct str ref, struct buf *out);
/* Appends the identity key: scheme dropped, host lower-case without "www.", default port, fragment and
 * tracking parameters gone, query sorted as it stands. 0, -EINVAL. */
int url_identity(struct str url, struct buf *out);
/* The host part, lent from url; empty when there is none. */
struct str url_host(struct str url);
/* Same registrable site, as far as that is knowable without a public suffix list: equal hosts, or one a
 * subdomain of the other, "www.", "m." and "amp." aside. */
bool url_same_site(struct str a, struct str b);

#endif
