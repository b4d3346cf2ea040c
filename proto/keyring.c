#include "keyring_inside.h"

#include <errno.h>

int keyring_open(const struct keyring_files *files, struct keyring **out, char why[KEYRING_WHY])
{
    _Static_assert(KEYRING_WHY == KEY_WHY, "errors are handed on");
    struct keyring *keys = NULL;
    if (files->key) {
        keys = xcalloc(1, sizeof *keys);
        int r = key_read(files->key, &keys->own, why);
        memcpy(keys->server, keys->own.public_key, KEY_TEXT);
        if (r == 0 && files->server)
            r = key_read_public(files->server, keys->server, why);
        if (r < 0) {
            keyring_close(keys);
            return r;
        }
    }
    *out = keys;
    return 0;
}

void keyring_close(struct keyring *keys)
{
    if (!keys)
        return;
    key_wipe(&keys->own);
    free(keys);
}

int keyring_dial(const struct keyring *keys, void *socket)
{
    if (!keys)
        return 0;
    if (zmq_setsockopt(socket, ZMQ_CURVE_SERVERKEY, keys->server, KEY_TEXT) != 0 ||
        zmq_setsockopt(socket, ZMQ_CURVE_PUBLICKEY, keys->own.public_key, KEY_TEXT) != 0 ||
        zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, keys->own.secret_key, KEY_TEXT) != 0)
        return -errno;
    return 0;
}

/* ---- what happens to a socket's connections */

void *keyring_monitor(void *zmq, void *socket, int events)
{
    char endpoint[64];
    int none = 0;
    snprintf(endpoint, sizeof endpoint, "inproc://keyring.%p", socket);
    if (zmq_socket_monitor(socket, endpoint, events) != 0)
        return NULL;
    void *monitor = zmq_socket(zmq, ZMQ_PAIR);
    if (!monitor)
        return NULL;
    zmq_setsockopt(monitor, ZMQ_LINGER, &none, sizeof none);
    zmq_setsockopt(monitor, ZMQ_RCVHWM, &none, sizeof none);
    if (zmq_connect(monitor, endpoint) == 0)
        return monitor;
    zmq_close(monitor);
    return NULL;
}

/* An event is two frames: u16 number, u32 value; the endpoint. */
int keyring_next_event(void *monitor, uint32_t *detail)
{
    uint8_t head[6];
    char endpoint[256];
    uint16_t event;
    if (zmq_recv(monitor, head, sizeof head, ZMQ_DONTWAIT) != sizeof head)
        return 0;
    zmq_recv(monitor, endpoint, sizeof endpoint, ZMQ_DONTWAIT);
    memcpy(&event, head, sizeof event);
    memcpy(detail, head + sizeof event, sizeof *detail);
    return event;
}

void *keyring_watch(void *zmq, void *socket)
{
    return keyring_monitor(zmq, socket,
                           ZMQ_EVENT_HANDSHAKE_FAILED_AUTH | ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL);
}

enum keyring_verdict keyring_verdict(void *watch)
{
    enum keyring_verdict verdict = KEYRING_NO_VERDICT;
    uint32_t detail;
    int event;
    while (watch && (event = keyring_next_event(watch, &detail)) != 0) {
        if (event == ZMQ_EVENT_HANDSHAKE_FAILED_AUTH)
            verdict = KEYRING_REFUSED;
        else if (event == ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL &&
                 detail == ZMQ_PROTOCOL_ERROR_ZMTP_MECHANISM_MISMATCH)
            verdict = KEYRING_MISMATCH;
    }
    return verdict;
}

const char *keyring_verdict_text(enum keyring_verdict verdict)
{
    switch (verdict) {
    case KEYRING_NO_VERDICT:
        break;
    case KEYRING_REFUSED:
        return "the daemon refuses this key: it is not authorised, not for this, or no longer";
    case KEYRING_MISMATCH:
        return "one side speaks with keys and the other without; both need security.key, or "
               "neither";
    }
    return "nothing is known";
}
