/*
 * Who may speak with whom over ZeroMQ: CURVE (RFC 26) for every connection of a process that has a
 * key, and on the daemon's side the authentication handler (ZAP, RFC 27) that knows the authorised
 * keys and what each of them may do.
 *
 * One rule: a daemon with `security.key` speaks CURVE on all its endpoints, ipc:// too; one without
 * binds ipc:// and loopback only (config.c sees to that). Everything of one configuration file agrees,
 * since the same file names the key: the local worker and command line prove themselves by it.
 *
 *   room        before bind:     keyring_serve(keys, socket, KEYRING_WORK)
 *               each message:    if (!keyring_admit(keys, KEYRING_WORK, &last_frame)) drop it
 *   client      before connect:  keyring_dial(keys, socket)
 *
 * All of them do nothing, successfully, when `keys` is NULL: there is no security then.
 *
 * A key that is revoked or expires is refused from the next message on, and its connections are cut:
 * each message of ours carries the descriptor it came by (ZMQ_SRCFD) and the key that was let in with it,
 * so the connections of a key are known. (libzmq 4.3.4 cannot be asked to disconnect a peer.)
 */
#ifndef DATELINE_KEYRING_H
#define DATELINE_KEYRING_H

#include "limits.h"
#include "str.h"

#include <ev.h>
#include <zmq.h>

struct keyring;

#define KEYRING_WHY 512 /* bytes of an error, NUL included: one harmless line */

/* ---- both sides */

/* As the settings security.key and .server_key: a path, credential:NAME, and for the server's public key
 * its text (40 characters of Z85) too. `server` NULL: the server has the same key as we. */
struct keyring_files {
    const char *key, *server;
};
/* 0; -ENOENT, -EACCES, … a file cannot be read; -EPERM its mode lets others read the secret; -EBADMSG it is
 * not what it should be. *out is NULL when no key is named, and then there is no security. */
int keyring_open(const struct keyring_files *files, struct keyring **out, char why[KEYRING_WHY]);
/* Wipes the secret. NULL is fine. */
void keyring_close(struct keyring *keys);
/* A client's socket, before connect. 0 or a negative errno. */
int keyring_dial(const struct keyring *keys, void *socket);

/* Why a client's socket gets nowhere; libzmq itself keeps silent about it. One that was told so does not
 * connect again by itself: it has to be closed and opened anew. */
enum keyring_verdict {
    KEYRING_NO_VERDICT,
    KEYRING_REFUSED, /* the daemon does not take this key, here */
    KEYRING_MISMATCH /* one side has keys and the other has none */
};
/* To be called before connect, with or without a keyring. The watch is a socket of `zmq` that may be polled
 * for ZMQ_POLLIN; it has to be closed by zmq_close(), after `socket` or before. NULL: out of sockets. */
void *keyring_watch(void *zmq, void *socket);
/* What is new; `watch` may be NULL. */
enum keyring_verdict keyring_verdict(void *watch);
/* "the daemon refuses this key: …"; for people. */
const char *keyring_verdict_text(enum keyring_verdict verdict);

/* ---- the daemon's side (keyring_gate.c) */

/* What a socket is for: its ZAP domain. Roles: worker -> work; subscriber -> live, replay;
 * publisher -> intake; operator -> all. */
enum keyring_domain {
    KEYRING_WORK,
    KEYRING_LIVE,
    KEYRING_REPLAY,
    KEYRING_CONTROL,
    KEYRING_INTAKE,
    KEYRING_DOMAINS
};
const char *keyring_domain_name(enum keyring_domain domain);

enum keyring_result {
    KEYRING_LET_IN,
    KEYRING_UNKNOWN,   /* no such key */
    KEYRING_ROLE,      /* its roles are not for this socket */
    KEYRING_EXPIRED,   /* its `until` has passed */
    KEYRING_HANDSHAKE, /* no CURVE, or not with our key, or never finished */
    KEYRING_CUT,       /* was let in, and is no more: revoked, expired */
    KEYRING_RESULTS
};
const char *keyring_result_name(enum keyring_result result);

/* What happened at the gate, for the log. */
struct keyring_event {
    enum keyring_result result;
    enum keyring_domain domain;
    const char *name;            /* of the key, or NULL */
    const char *key;             /* public, or NULL */
    struct str address;          /* of the peer as libzmq knows it; from outside */
    enum keyring_result cut_for; /* KEYRING_CUT: what it would be told now */
};

struct keyring_gate {
    struct ev_loop *loop;
    void *zmq;
    const char *authorised; /* a path or credential:NAME; NULL: our own key alone is let in */
    void (*up)(void *ctx, const struct keyring_event *event);
    void *ctx;
};
/* Before the first bind: from now on the loop answers ZAP's questions of all sockets of `zmq`. Errors as of
 * keyring_open(), and those of the sockets. Does nothing when `keys` is NULL. */
int keyring_guard(struct keyring *keys, const struct keyring_gate *options, char why[KEYRING_WHY]);
/* After the last zmq_close of a served socket, before zmq_ctx_term(). */
void keyring_unguard(struct keyring *keys);
/* Reads the authorised keys anew; what is no longer let in is cut. On an error the old ones stay. */
int keyring_reload(struct keyring *keys, char why[KEYRING_WHY]);
/* A daemon's socket, one a domain, before bind. 0 or a negative errno. */
int keyring_serve(const struct keyring *keys, void *socket, enum keyring_domain domain);
/* May the sender of this message go on? Otherwise it has been cut, and the message is to be dropped.
 * `frame` is any frame that the peer sent: a ROUTER's routing id, which libzmq puts in front, knows nothing.
 */
bool keyring_admit(const struct keyring *keys, enum keyring_domain domain, zmq_msg_t *frame);

struct keyring_counts {
    uint64_t results[KEYRING_RESULTS]; /* since keyring_guard() */
    uint32_t authorised, peers;        /* keys in the list; connections that have spoken */
};
void keyring_counts(const struct keyring *keys, struct keyring_counts *out);

#endif
