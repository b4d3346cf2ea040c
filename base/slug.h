/*
 * A short name made of an address: "https://www.example.org/rss/world.xml" is known as
 * "example-org-rss-world-xml". Lower-case ASCII letters, digits and single dashes, never empty.
 */
#ifndef DATELINE_SLUG_H
#define DATELINE_SLUG_H

#include "str.h"

/* Appends at most `max` (at least 16) bytes. Scheme, credentials and "www." are left out. The name
 * is the address's alone, whatever else there is; it ends in a hash of the address where it would
 * not be enough: when letters of another script were lost or it was cut, and when `marked` says that
 * another address has the plain one. */
void slug_put(struct buf *out, struct str address, bool marked, size_t max);

#endif
