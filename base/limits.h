/*
 * Every limit on the outside world, each with its reason. What an operator may change is a setting
 * with this value as its default; the rest is fixed.
 */
#ifndef DATELINE_LIMITS_H
#define DATELINE_LIMITS_H

/* ---- fetching */
#define LIMIT_BODY            (8UL << 20)  /* bytes of one document, as sent and as decoded: the largest honest feeds are 4 MiB */
#define LIMIT_HEADERS         (64UL << 10) /* bytes of one reply's headers: libcurl alone would take 300 KiB */
#define LIMIT_REDIRECTS       5            /* hops of one request: honest chains have three */
#define LIMIT_CONNECT_MS      10000        /* a silent host */
#define LIMIT_TOTAL_MS        60000        /* one request, all hops */
#define LIMIT_SLOW_BYTES      100          /* bytes a second, below which for LIMIT_SLOW_SECONDS a reply is given up */
#define LIMIT_SLOW_SECONDS    15
#define LIMIT_PER_HOST        2            /* connections to one address and port at once */
#define LIMIT_SPACING_MS      5000         /* between two requests to one address and port */
#define LIMIT_URL             8192         /* bytes of a URL */
#define LIMIT_HEADER_VALUE    1024         /* bytes kept of one header's value (validators, types) */
#define LIMIT_RETRY_AFTER_S   86400        /* 317,100 s has been seen */
#define LIMIT_INTERVAL_MIN_MS 1000         /* an explicit every: */
#define LIMIT_INTERVAL_MAX_MS 86400000     /* no source is asked less often than daily */

/* ---- parsing */
#define LIMIT_XML_DEPTH       256          /* libxml2's SAX has no limit of its own */
#define LIMIT_HTML_DEPTH      4096         /* deeper elements are flattened: their text is kept */
#define LIMIT_HTML_NODES      500000       /* elements and texts of one page, 32 bytes each: the largest honest pages have 60,000 */
#define LIMIT_ATTRIBUTES      256          /* a tag: 20,000 take libxml2 0.6 s */
#define LIMIT_FEED_ITEMS      10000        /* items of one feed */
#define LIMIT_TEXT            (2UL << 20)  /* bytes of one item's text */
#define LIMIT_FIELD           (64UL << 10) /* bytes of any other field of an item */
#define LIMIT_KEYWORDS        64           /* keywords or categories of one item */
#define LIMIT_PARSER_CPU_MS   1000         /* one document in a child */
#define LIMIT_PARSER_WALL_MS  1500
#define LIMIT_PARSER_MEMORY   (256UL << 20)
#define LIMIT_PARSER_REPLY    (32UL << 20) /* bytes a child may answer to one document: four times the body */
#define LIMIT_JSON_DEPTH      64           /* jansson alone allows 2,048 */

/* ---- watched directories */
#define LIMIT_FILE            (8UL << 20)  /* a dropped file, like a body */
#define LIMIT_FILE_NAME       255

/* ---- queue and transport */
#define LIMIT_MESSAGE         (4UL << 20)  /* one ZeroMQ frame */
#define LIMIT_BATCH_ITEMS     64           /* items a message: 16 is 2.2 times as fast as 1, more gains little */
#define LIMIT_BATCH_BYTES     (1UL << 20)  /* bytes of items a message, so that a batch stays far below LIMIT_MESSAGE */
#define LIMIT_CREDIT          4096         /* items one worker may ask to hold */
#define LIMIT_WORKERS         1024
#define LIMIT_WORKER_NAME     64
#define LIMIT_HANDSHAKE_MS    5000
#define LIMIT_LEASE_MS        30000
#define LIMIT_DELIVERIES      5            /* then an item is dead */
#define LIMIT_WORKER_DEATHS   3            /* workers that died holding an item: it is the poison */
#define LIMIT_QUEUE_ITEMS     1000000      /* unfinished items: above this no source is asked */
#define LIMIT_REPLAY_BATCH    256          /* records a replay answer */
#define LIMIT_REPLY_JSON      (16UL << 20) /* one answer on the control socket */

/* ---- configuration */
#define LIMIT_CONFIG_BYTES    (4UL << 20)
#define LIMIT_SOURCES         200000
#define LIMIT_SOURCE_ID       64           /* [a-z0-9_-], stands in topics */

#endif
