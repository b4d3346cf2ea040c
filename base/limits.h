/*
 * Every limit on the outside world, each with its reason. What an operator may change is a setting
 * with this value as its default; the rest is fixed.
 */
/* gcc's <limits.h> looks for the system's along the path of quoted includes as well and finds this
 * file, so the system's is handed on; the pragma keeps -Wpedantic quiet about how. */
#pragma GCC system_header
#if __has_include_next(<limits.h>)
#include_next <limits.h>
#endif

#ifndef DATELINE_LIMITS_H
#define DATELINE_LIMITS_H

/* One line a limit, however long its reason. */
/* clang-format off */
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
#define LIMIT_TEASER_WORDS    40           /* a shorter text is a teaser: its page is asked for */
#define LIMIT_PAGES_A_POLL    100          /* article pages of one poll; the rest wait for the next one */
#define LIMIT_INTERVAL_MIN_MS 1000         /* an explicit every: */
#define LIMIT_INTERVAL_MAX_MS 86400000     /* no source is asked less often than daily */
#define LIMIT_CONNECTIONS     256          /* requests on the wire at once: descriptors, and 100 KiB each */
#define LIMIT_LOOKUPS         128          /* names being resolved at once, so that a silent name server holds few back */
#define LIMIT_LOOKUP_MS       10000        /* one name */
#define LIMIT_ADDRESSES       16           /* kept of one name: a reply may hold thousands */
#define LIMIT_SKIPPED_BODY    (64UL << 10) /* bytes read of a body nobody wants (errors, redirects), to keep the connection */
#define LIMIT_HOLD_WAIT_MS    60000        /* a host's Retry-After up to this is waited out in its line, a longer one is told at once */
#define LIMIT_AUTO_MIN_MS     600000       /* learned intervals: the least */
#define LIMIT_AUTO_FIRST_MS   3600000      /* learned intervals: before the first answer */
#define LIMIT_RHYTHM_SAID     20           /* items that a source must have had before explain tells its hours */
#define LIMIT_PRICE_MS        360000       /* a request is worth this long a wait of one item, unless there is a budget */
#define LIMIT_RHYTHM_TIMES    256          /* publishing times that one poll teaches; more items count without */
#define LIMIT_START_SPREAD_MS 600000       /* sources overdue at the start are spread over at most this */
#define LIMIT_RETIRED_DAYS    30           /* after 410 Gone: looked at again */
#define LIMIT_ADOPT_AFTER     3            /* equal 301 or 308 in a row before an address is taken over: maintenance pages; failures in a row there before it is left again */
#define LIMIT_ASKS_UNDER_WAY  1024         /* sources asked and not settled: four times LIMIT_CONNECTIONS keep the wire busy, and back-pressure still has a say in all others */
#define LIMIT_TITLE           256          /* bytes kept of a feed's title */

/* ---- parsing */
#define LIMIT_XML_DEPTH       256          /* honest feeds have ten; each element that is open costs a frame */
#define LIMIT_XML_NODES       500000       /* elements and texts of a news item, 56 bytes each: a message of a hundred items has 20,000 */
#define LIMIT_HTML_DEPTH      4096         /* deeper elements are flattened: their text is kept */
#define LIMIT_HTML_NODES      500000       /* elements and texts of one page, 32 bytes each: the largest honest pages have 60,000 */
#define LIMIT_ATTRIBUTES      256          /* a tag: each is looked up by walking along them */
#define LIMIT_FEED_ITEMS      10000        /* items of one feed */
#define LIMIT_DISCOVER_MS     4000         /* looking at an address that is added: the command line waits LIMIT_ASK_MS */
#define LIMIT_FEED_LINKS      64           /* feeds that one page leads to: lists of all feeds of a site have thirty */
#define LIMIT_SITEMAP_FIRST   100          /* newest entries taken of a sitemap that is read for the first time: as many as LIMIT_PAGES_A_POLL */
#define LIMIT_SITEMAP_CHILDREN 1000        /* newest children of an index that are looked at: eighty years of months */
#define LIMIT_SITEMAP_CHILDREN_A_POLL 10   /* of them asked in one poll */
#define LIMIT_SITEMAP_FIRST_CHILDREN 3     /* asked in the first one: the others are the archive */
#define LIMIT_SELECTOR        1024         /* bytes of a selector that picks links */
#define LIMIT_SITEMAP_URLS    50000        /* entries of one sitemap: as many as the protocol allows */
#define LIMIT_TEXT            (2UL << 20)  /* bytes of one item's text */
#define LIMIT_FIELD           (64UL << 10) /* bytes of any other field of an item */
#define LIMIT_KEYWORDS        64           /* keywords or categories of one item */
#define LIMIT_PARSER_CPU_MS   1000         /* one document in a child */
#define LIMIT_PARSER_WALL_MS  1500
#define LIMIT_PARSER_MEMORY   (256UL << 20)
#define LIMIT_PARSER_STARVED_MS 30000      /* wall time on a machine so busy that the child hardly ran */
#define LIMIT_PARSER_HELLO_MS 10000        /* from start to a shut jail: 30 ms when idle */
#define LIMIT_PARSER_DOCUMENTS 1000        /* then a child is replaced: what a document left behind in it ends there */
#define LIMIT_PARSER_AGE_MS   20000        /* but not sooner: a start takes 30 ms of a processor, which a thousand documents a second would pay each second */
#define LIMIT_PARSER_BACKOFF_MS 30000      /* between two tries to start a child that will not live */
#define LIMIT_PARSER_FRAME    (6UL << 20)  /* one item as a frame: LIMIT_TEXT and every other field at LIMIT_FIELD */
#define LIMIT_PARSER_CHILDREN 64
#define LIMIT_PARSER_REPLY    (32UL << 20) /* bytes a child may answer to one document: four times the body */
#define LIMIT_PARSE_BACKLOG   64           /* documents waiting for a parser child, 8 MiB each at worst: above this no source is asked */
#define LIMIT_QUARANTINE_DOCUMENTS 100     /* set aside for inspection, of each kind: what nobody looked at among a hundred is not missed */
#define LIMIT_QUARANTINE_BYTES (128UL << 20) /* the same in bytes: sixteen documents of the largest size */
#define LIMIT_QUARANTINE_WAITING 16        /* of them in memory until they are written: more are dropped */
#define LIMIT_JSON_DEPTH      64           /* jansson alone allows 2,048 */
#define LIMIT_JSON_NODES      1000000      /* values of one text: 64 bytes each, and a child has 256 MiB */
#define LIMIT_ZIP_MEMBERS     1000         /* documents of one archive: their headers alone would be work */
#define LIMIT_ZIP_RATIO       200          /* decoded for each packed byte of a member: markup has 20, a bomb 1,000 */
#define LIMIT_MAIL_PARTS      256          /* parts of one mail, and of LIMIT_MAIL_DEPTH levels: newsletters have three of two */
#define LIMIT_MAIL_DEPTH      8
#define LIMIT_MAIL_HEADER     1000         /* lines of one part's header: traces of twenty relays are 300 */

/* ---- watched directories */
#define LIMIT_FILE            (8UL << 20)  /* a dropped file, like a body */
#define LIMIT_FILE_NAME       255
#define LIMIT_RESCAN_MS       3600000      /* a directory is read again in full this often: network mounts tell no events */
#define LIMIT_DIRECTORY_MS    60000        /* a directory that is not there is looked for again */
#define LIMIT_CHANGED_MS      1000         /* deletions alone are written this long after the first of them: one write, however many */
#define LIMIT_SCAN_STEP       512          /* entries read of a directory in one turn of the loop: 2 ms */

/* ---- queue and transport */
#define LIMIT_MESSAGE         (4UL << 20)  /* one ZeroMQ frame */
#define LIMIT_BATCH_ITEMS     64           /* items a message: 16 is 2.2 times as fast as 1, more gains little */
#define LIMIT_BATCH_BYTES     (1UL << 20)  /* bytes of items a message, so that a batch stays far below LIMIT_MESSAGE */
#define LIMIT_CREDIT          4096         /* items one worker may ask to hold */
#define LIMIT_WORKERS         1024
#define LIMIT_WORKER_NAME     64
#define LIMIT_LANGUAGES       64           /* that one worker names: models for more do not fit into one process */
#define LIMIT_CAPABILITIES    32           /* that one worker names */
#define LIMIT_CAPABILITY      64           /* bytes of one */
#define LIMIT_HANDSHAKE_MS    5000
#define LIMIT_KEEPALIVE_S     30           /* of silence, then TCP asks three times within as long whether the peer is there */
#define LIMIT_KEY_NAME        64           /* bytes of a key's name */
#define LIMIT_KEY_FILE        1024         /* bytes of a key file: ours have 150 */
#define LIMIT_AUTHORISED_BYTES (2UL << 20) /* bytes of an authorised-keys file: LIMIT_AUTHORISED_KEYS long lines */
#define LIMIT_AUTHORISED_KEYS 10000        /* ten for each of LIMIT_WORKERS */
#define LIMIT_LEASE_MS        30000
#define LIMIT_RELEASES_A_TURN 64       /* embargoed items that one turn of the loop lets go */
#define LIMIT_EMBARGO_DAYS    366          /* an item may be held back so long: what is longer is a slip, or nothing to be published */
#define LIMIT_DELIVERIES      5            /* then an item is dead */
#define LIMIT_WORKER_DEATHS   3            /* workers that died holding an item: it is the poison */
#define LIMIT_QUEUE_ITEMS     100000000    /* unfinished items that may be configured, a tenth of a KiB each; the default is a million */
#define LIMIT_QUEUE_SCAN      2048         /* rows of the queue or the dead that one request looks at: bounds its turn of the loop */
#define LIMIT_QUEUE_SCAN_BYTES (16UL << 20) /* the same in bytes of rows, which may be of LIMIT_MESSAGE each */
#define LIMIT_QUEUE_PAGE      256          /* rows that one answer lists: 20 ms */
#define LIMIT_QUEUE_IDS       32           /* ids that one request names: 128 MiB of work at worst */
#define LIMIT_QUEUE_CHANGE    512          /* items that one request queues again or purges: one change */
#define LIMIT_SOURCES_ANSWER  1000         /* sources of one answer: half a MiB; a cursor leads to the next */
#define LIMIT_SYNC_STUCK_MS   30000        /* a write that is not on the disk by then: the disk has stopped answering */
#define LIMIT_WRITE_BACKLOG   (64UL << 20) /* bytes handed to the disk and not durable: above this no source is asked */
#define LIMIT_REPLAY_BATCH    256          /* records a replay answer */
#define LIMIT_REPLAY_SCAN     1024         /* records one replay request looks at: bounds its turn of the loop */
#define LIMIT_REPLAY_TOPICS   64           /* topic prefixes of one replay request */
#define LIMIT_TOPIC           256          /* bytes of a topic: event, language, topic and LIMIT_SOURCE_ID */
#define LIMIT_FRAME_HEADER    (128UL << 10) /* bytes of a message's JSON header: LIMIT_REPLAY_BATCH entries with LIMIT_TOPIC fit */
#define LIMIT_STALL_MS        30000        /* work that a present worker could take and nothing moves: as long as a lease */
#define LIMIT_HEARTBEAT_MS    3000         /* three of them without a word: a dead peer is seen in < 15 s */
#define LIMIT_HEARTBEAT_TOPICS 1024        /* topics a live heartbeat lists: more only say "ask replay" */
#define LIMIT_REPLAY_ANSWERS  16           /* answers of LIMIT_BATCH_BYTES that wait for one slow peer; more are dropped, it asks again */
#define LIMIT_LIVE_BACKLOG    4096         /* live messages that wait for one slow subscriber; more are dropped, it asks replay */
#define LIMIT_FEED_HELD       16384        /* live messages a subscriber holds back while it catches up; more are dropped, replay has them */
#define LIMIT_FEED_GOT        65536        /* seqs a subscriber remembers one by one between two heartbeats */
#define LIMIT_REPLY_JSON      (16UL << 20) /* one answer on the control socket */
#define LIMIT_ASK_MS          5000         /* how long the command line waits for an answer: status takes milliseconds */
#define LIMIT_REQUEST_JSON    (4UL << 20)  /* one request on the control socket: an OPML file of 20,000 sources */
#define LIMIT_CONTROL_OWED    1024         /* requests being answered at once */

#define LIMIT_INTAKE_WINDOW   16           /* batches of one pusher without an answer: 16 of 64 small items keep two children and the disk busy */
#define LIMIT_INTAKE_BYTES    (32UL << 20) /* bytes of all batches without an answer: above this the intake is not read, and its pushers wait */
#define LIMIT_INTAKE_BATCHES  1024         /* the same of batches, which cost memory however small they are */
#define LIMIT_INTAKE_QUEUED   16           /* messages of one pusher that ZeroMQ holds: its window. ZeroMQ tells its thread of each part read of every n/2nd message, so few cost more */
#define LIMIT_PUSH_READING    8            /* documents of batches given to the parser at once: two a child by default, so that feeds get their turn */
#define LIMIT_REFUSED_LINES   64           /* lines of one document that are named when they are refused; more are counted */

/* ---- web */
#define LIMIT_WEB_HEADERS     (8UL << 10)  /* bytes of one request's line and headers, and all that is kept for it */
#define LIMIT_WEB_CONNECTIONS 64
#define LIMIT_WEB_TIMEOUT_S   10           /* of silence on a connection */
#define LIMIT_WEB_RECENT      200          /* records of one /recent.json */

/* ---- workers */
#define LIMIT_MODEL           (64UL << 20) /* bytes of a model file: ours have two million */
#define LIMIT_ITEM_JSON       LIMIT_MESSAGE /* bytes of one item or record as a line of JSON */
#define LIMIT_TRAIN_TEXTS     2000000      /* texts that training reads: they stand in memory */
#define LIMIT_SINK_KEYS       1000000      /* newest (uri, version) keys a JSON lines sink remembers, 8 bytes each */
#define LIMIT_SINK_WAIT_MS    3000         /* one call of a sink for its server: heartbeats go on between two of them, so a third of the silence that costs a worker its leases */
#define LIMIT_PG_CONNECT_MS   15000        /* from the first packet to a session, over as many calls as it takes */
#define LIMIT_PG_SILENCE_MS   5000         /* unacknowledged data, before TCP calls a PostgreSQL server gone; the next host is tried then */
#define LIMIT_PG_STATEMENT_MS 2500         /* one row: below LIMIT_SINK_WAIT_MS, so that the server says what it waits for */
#define LIMIT_PG_IDLE_MS      10000        /* a transaction that its worker left open keeps rows locked no longer */
#define LIMIT_PG_HOSTS        16           /* of one conninfo */
#define LIMIT_PG_ADDRESSES    32           /* of all of them together */
#define LIMIT_PG_NAME         63           /* bytes of a table's or schema's name: NAMEDATALEN less its NUL */
#define LIMIT_PASSWORD        1024         /* bytes of a password file */

/* ---- the store */
#define LIMIT_STORE_CACHE     (128UL << 20) /* bytes of blocks, indexes and filters: fifty million hashes have 60 MiB of filters */
#define LIMIT_STORE_MEMTABLES (96UL << 20)  /* bytes of memtables of all families together */
#define LIMIT_STORE_LAYER     (32UL << 20)  /* bytes of rows that are kept beside the database before they are brought there, three times that at most: at full speed most items are done by then */
#define LIMIT_STORE_JOURNAL   (128UL << 20) /* bytes of journal to be read at the next start: half a second */
#define LIMIT_STORE_PLENTY    (1UL << 30)   /* bytes that are free before a segment of the journal is filled in advance */
#define LIMIT_STORE_FILES     512           /* descriptors, of the 1,024 that a process gets by default */
#define LIMIT_STORE_ROOM      (16UL << 20)  /* bytes that must be free before a journal that met a full disk is written again */
#define LIMIT_STORE_FLUSH_ROOM (96UL << 20) /* the same for tables: RocksDB wants room for its largest memtable before it goes on */
#define LIMIT_STORE_LOG       (1UL << 20)   /* bytes of RocksDB's own LOG */
#define LIMIT_STORE_GROUP     (16UL << 20)  /* bytes of one synced write: more would only make the first wait for the last */

/* ---- configuration */
#define LIMIT_CONFIG_BYTES    (4UL << 20)
#define LIMIT_CONFIG_NODES    1500000      /* settings, lists and names of one file: 200,000 sources have seven each */
#define LIMIT_CONFIG_DEPTH    8            /* lists and mappings inside each other: the deepest setting stands at four */
#define LIMIT_INCLUDES        10000        /* files that include: may name */
#define LIMIT_SOURCES         200000
#define LIMIT_SOURCE_ID       64           /* [a-z0-9_-], stands in topics */
#define LIMIT_PATH            4095         /* bytes of a path in a setting: PATH_MAX less its NUL */
#define LIMIT_USER_AGENT      256          /* bytes: some servers refuse longer ones */
#define LIMIT_SOCKET_PATH     107          /* bytes of sun_path less its NUL (unix(7)) */

#endif
