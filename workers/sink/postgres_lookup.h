/*
 * The addresses of a conninfo's hosts. libpq resolves names inside PQconnectPoll() and waits for the
 * answer, however long the name server takes; so names are resolved here, by the C library's helper
 * threads (getaddrinfo_a(3)), and libpq is given numbers (hostaddr, libpq 34.1.2).
 */
#ifndef DATELINE_POSTGRES_LOOKUP_H
#define DATELINE_POSTGRES_LOOKUP_H

#include "str.h"

struct pg_lookup;

/* Comma-separated lists as libpq takes them; NULL for none. */
struct pg_lookup *pg_lookup_start(const char *hosts, const char *ports);
/* 0 when every name has its answer, -EAGAIN at `until` (monotonic), -EHOSTUNREACH when no name has an
 * address; then `why` (SINK_WHY bytes) says which. */
int pg_lookup_wait(struct pg_lookup *q, int64_t until, char *why);
/* After 0: three lists of one length, one entry an address; appended. */
void pg_lookup_lists(const struct pg_lookup *q, struct buf *hosts, struct buf *addresses,
                     struct buf *ports);
/* Never waits: a question that cannot be called back is left to its thread, and so is its memory. */
void pg_lookup_free(struct pg_lookup *q);

#endif
