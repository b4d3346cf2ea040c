/* Memory that dies together: one feed's texts. */
#ifndef DATELINE_ARENA_H
#define DATELINE_ARENA_H

#include "str.h"

struct arena_chunk;

struct arena {
    struct arena_chunk *chunks;
};

/* A copy that lives until arena_reset() or arena_done(). */
struct str arena_keep(struct arena *arena, struct str s);
void arena_reset(struct arena *arena); /* forgets all, keeps one chunk */
void arena_done(struct arena *arena);

#endif
