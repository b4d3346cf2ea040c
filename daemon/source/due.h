/* Sources in the order in which they are due: a binary heap that knows where each of them lies, so
 * that 100,000 idle sources cost one timer. */
#ifndef DATELINE_DUE_H
#define DATELINE_DUE_H

#include <stddef.h>
#include <stdint.h>

struct due_entry { /* embedded in who waits; zeroed at first */
    int64_t at;    /* monotonic */
    size_t place;  /* in the heap from 1 on; 0: not in it */
};

struct due {
    struct due_entry **heap;
    size_t count, cap;
};

void due_set(struct due *due, struct due_entry *entry, int64_t at); /* in, or moved */
void due_clear(struct due *due, struct due_entry *entry);           /* out; twice is fine */
struct due_entry *due_first(const struct due *due);                 /* NULL when empty */
void due_done(struct due *due);

#endif
