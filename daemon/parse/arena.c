#include "arena.h"

#define CHUNK (64UL << 10)

struct arena_chunk {
    struct arena_chunk *next;
    size_t used, size;
    char bytes[];
};

struct str arena_keep(struct arena *arena, struct str s)
{
    struct arena_chunk *chunk = arena->chunks;
    if (s.len == 0)
        return STR_NONE;
    if (!chunk || chunk->size - chunk->used < s.len) {
        size_t size = s.len > CHUNK ? s.len : CHUNK;
        chunk = xmalloc(sizeof *chunk + size);
        *chunk = (struct arena_chunk){.next = arena->chunks, .size = size};
        arena->chunks = chunk;
    }
    char *at = chunk->bytes + chunk->used;
    memcpy(at, s.at, s.len);
    chunk->used += s.len;
    return (struct str){at, s.len};
}

void arena_reset(struct arena *arena)
{
    struct arena_chunk *first = arena->chunks;
    if (!first)
        return;
    struct arena rest = {first->next};
    arena_done(&rest);
    first->next = NULL;
    first->used = 0;
}

void arena_done(struct arena *arena)
{
    for (struct arena_chunk *chunk = arena->chunks, *next; chunk; chunk = next) {
        next = chunk->next;
        free(chunk);
    }
    arena->chunks = NULL;
}
