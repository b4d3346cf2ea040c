/* Peers are known while they wait for an answer, so that their number is bounded by that of the
 * batches. */
#include "inside.h"

#include <stdlib.h>

struct peer *peer_of(struct intake *intake, struct str route)
{
    struct peer *peer;
    HASH_FIND(hh, intake->peers, route.at, route.len, peer);
    return peer;
}

struct peer *peer_waits(struct intake *intake, struct str route, bool request)
{
    struct peer *peer = peer_of(intake, route);
    if (!peer) {
        peer = xcalloc(1, sizeof *peer + route.len);
        memcpy(peer->route, route.at, route.len);
        peer->len = route.len;
        HASH_ADD_KEYPTR(hh, intake->peers, peer->route, peer->len, peer);
    }
    peer->request = request;
    peer->unanswered++;
    return peer;
}

static void forget(struct intake *intake, struct peer *peer)
{
    /* The analyzer loses count of what uthash links. NOLINTNEXTLINE(clang-analyzer-unix.Malloc) */
    HASH_DEL(intake->peers, peer);
    free(peer);
}

void peer_answered(struct intake *intake, struct peer *peer)
{
    if (--peer->unanswered == 0)
        forget(intake, peer);
}

void peers_forget(struct intake *intake)
{
    struct peer *peer, *next;
    HASH_ITER (hh, intake->peers, peer, next)
        forget(intake, peer);
}
