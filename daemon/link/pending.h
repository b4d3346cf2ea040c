/* Entries that were given away to be written and are not durable yet, by 16-byte key. */
#ifndef DATELINE_LINK_PENDING_H
#define DATELINE_LINK_PENDING_H

#include "str.h"

#include <stdint.h>

struct pending;

struct pending *pending_new(void);
void pending_free(struct pending *pending);
void pending_put(struct pending *pending, const uint8_t key[16], struct str bytes,
                 uint64_t generation);
/* Lent until the next put or settle; at is NULL when there is none. */
struct str pending_get(const struct pending *pending, const uint8_t key[16]);
void pending_settle(struct pending *pending, uint64_t generation);

#endif
