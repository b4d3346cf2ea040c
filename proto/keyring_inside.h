/* Between keyring.c and keyring_gate.c: the client's half does without the loop. */
#ifndef DATELINE_KEYRING_INSIDE_H
#define DATELINE_KEYRING_INSIDE_H

#include "keyring.h"

#include "keyfile.h"

struct gate;

struct keyring {
    struct key_pair own;
    char server[KEY_TEXT]; /* whom clients of this process speak to */
    struct gate *gate;     /* of the daemon, once guarded */
};

/* A PAIR that hears `events` of `socket` (zmq_socket_monitor), without a limit: libzmq's own thread would
 * wait for us at one. NULL: out of sockets. */
void *keyring_monitor(void *zmq, void *socket, int events);
/* The next event, not waiting; 0 none. `detail` is its value. */
int keyring_next_event(void *monitor, uint32_t *detail);

#endif
