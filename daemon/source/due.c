#include "due.h"

#include "str.h"

static void place(struct due *due, struct due_entry *entry, size_t at)
{
    due->heap[at - 1] = entry;
    entry->place = at;
}

static void rise(struct due *due, struct due_entry *entry)
{
    size_t at = entry->place;
    for (; at > 1 && due->heap[at / 2 - 1]->at > entry->at; at /= 2)
        place(due, due->heap[at / 2 - 1], at);
    place(due, entry, at);
}

static void sink(struct due *due, struct due_entry *entry)
{
    size_t at = entry->place, child;
    for (; (child = at * 2) <= due->count; at = child) {
        if (child < due->count && due->heap[child]->at < due->heap[child - 1]->at)
            child++;
        if (due->heap[child - 1]->at >= entry->at)
            break;
        place(due, due->heap[child - 1], at);
    }
    place(due, entry, at);
}

void due_set(struct due *due, struct due_entry *entry, int64_t at)
{
    entry->at = at;
    if (!entry->place) {
        if (due->count == due->cap) {
            due->cap = due->cap ? due->cap * 2 : 64;
            due->heap = xrealloc(due->heap, due->cap * sizeof(struct due_entry *));
        }
        place(due, entry, ++due->count);
    }
    rise(due, entry);
    sink(due, entry);
}

void due_clear(struct due *due, struct due_entry *entry)
{
    if (!entry->place)
        return;
    struct due_entry *last = due->heap[--due->count];
    if (last != entry) {
        place(due, last, entry->place);
        rise(due, last);
        sink(due, last);
    }
    entry->place = 0;
}

struct due_entry *due_first(const struct due *due)
{
    return due->count ? due->heap[0] : NULL;
}

void due_done(struct due *due)
{
    free(due->heap);
    *due = (struct due){0};
}
