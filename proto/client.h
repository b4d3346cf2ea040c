/*
 * libdateline: the live feed of a Dateline daemon without gaps.
 *
 * A feed subscribes, fetches by replay what it missed, before it came or since, drops what it has
 * already, and goes on through restarts of the daemon and of the network. Messages of one topic
 * come in order of their numbers; all messages do, except those that had to be repaired.
 *
 *     struct dateline_feed *feed;
 *     struct dateline_feed_options options = {.live = "tcp://127.0.0.1:5571",
 *                                             .replay = "tcp://127.0.0.1:5572"};
 *     struct dateline_event event;
 *     if (dateline_feed_open(&options, &feed) == 0)
 *         while (dateline_feed_next(feed, -1, &event) == 0)
 *             if (event.type == DATELINE_RECORD)
 *                 printf("%.*s\n", (int)event.body_len, event.body);
 *     dateline_feed_close(feed);
 *
 * One thread at a time may use a feed. How it works on the wire: PROTOCOL.md.
 */
#ifndef DATELINE_CLIENT_H
#define DATELINE_CLIENT_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct dateline_feed;

enum dateline_since {
    DATELINE_SINCE_NOW, /* what comes from now on */
    DATELINE_SINCE_SEQ, /* from this number on; 0 is all that is kept */
    DATELINE_SINCE_TIME /* from what was logged at or after a time */
};

struct dateline_feed_options {
    const char *live, *replay; /* ZeroMQ endpoints */
    const char *const *topics; /* prefixes, NULL-terminated, at most 64 of 256 bytes; NULL: all */
    enum dateline_since since;
    uint64_t seq;  /* SINCE_SEQ */
    int64_t at_us; /* SINCE_TIME: µs since 1970 UTC */
    /* Which store `seq` is of, when known, or NULL: another one is told by DATELINE_EPOCH. */
    const char *epoch;
    /* For a daemon with keys: our own key file (dateline keygen), and the daemon's public key: its .pub
     * file or the key itself. credential:NAME is a file of $CREDENTIALS_DIRECTORY. Both NULL: no keys. */
    const char *key, *server_key;
    /* Of the caller's ZeroMQ context (tests, inproc), or NULL. */
    void *zmq;
};

enum dateline_event_type {
    DATELINE_RECORD, /* seq, prev, topic, body: the record */
    DATELINE_NOTICE, /* topic, body; without a number: health.SOURCE, watch.NAME, story.ID */
    DATELINE_LOST,   /* seq..last are kept no longer by the daemon, and were not seen */
    DATELINE_EPOCH,  /* another store: its numbers begin again, and so does this feed */
    DATELINE_SILENT, /* no sign of life of the feed for three heartbeats; it goes on trying */
    DATELINE_BACK    /* it is heard again */
};

struct dateline_event {
    enum dateline_event_type type;
    uint64_t seq, prev, last; /* prev: 0 for a topic's first */
    /* Lent until the next call; topic ends in NUL, body is a JSON object. */
    const char *topic, *body;
    size_t topic_len, body_len;
    const char *epoch;
};

/* 0, -EINVAL (an endpoint, the topics, a server_key without a key), -ENOMEM; of the key files -ENOENT,
 * -EACCES, -EPERM (others may read the secret), -EBADMSG (not a key). Nothing is waited for. */
int dateline_feed_open(const struct dateline_feed_options *options, struct dateline_feed **out);
void dateline_feed_close(struct dateline_feed *feed); /* NULL is fine */
/* The next event. Waits at most timeout_ms, -1 for ever. 0; -EAGAIN none in that time; -EINTR a
 * signal; -EPROTO the daemon refuses us or our key (dateline_feed_error says why), which will not get
 * better.
 */
int dateline_feed_next(struct dateline_feed *feed, int timeout_ms, struct dateline_event *out);
/* Every record wanted up to this number was handed out: where to go on later, with the epoch. */
uint64_t dateline_feed_position(const struct dateline_feed *feed);
const char *
dateline_feed_epoch(const struct dateline_feed *feed); /* "" before the first word of the daemon */
const char *dateline_feed_error(const struct dateline_feed *feed);

#ifdef __cplusplus
}
#endif

#endif
