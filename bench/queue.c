/*
 * queue_client PEER setup|publish|work -a ADDRESS [-b BOARD] [options]
 *
 * One process of bench/queue, which starts the servers, the publisher and the workers and reads the
 * board. Ends with one line of JSON: what this process spent.
 */
#include "queue.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct queue_peer *const peers[] = {
    &queue_dateline,
#ifdef QUEUE_REDIS
    &queue_redis,
#endif
#ifdef QUEUE_RABBITMQ
    &queue_rabbitmq,
#endif
#ifdef QUEUE_NATS
    &queue_nats,
#endif
    &queue_beanstalkd,
};

void queue_die(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fputs("queue_client: ", stderr);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    exit(70);
}

static int usage(void)
{
    fputs(
        "usage: queue_client PEER setup|publish|work -a ADDRESS [-b BOARD] [-n ITEMS] [-B BATCH]\n"
        "           [-W WINDOW] [-r RATE] [-H HOLD] [-s WORK_US] [-k NUMBER] [-e] [-K KEYS]\n"
        "       queue_client peers\n",
        stderr);
    return 64;
}

/* ---- publisher */
struct publisher {
    const struct queue_peer *peer;
    const struct queue_options *options;
    struct queue_board *board;
    struct queue_maker *maker;
    void *end;
    struct buf texts[QUEUE_BATCH_MAX];
    uint64_t sent, taken;
    int64_t start;
};

/* When the next item is due: 0, at once. */
static int64_t due(const struct publisher *p)
{
    if (!p->options->rate)
        return 0;
    return p->start + (int64_t)(p->sent * USEC_PER_SEC / p->options->rate);
}

static void sleep_until(int64_t at)
{
    int64_t us = at - clock_mono();
    if (us > 0)
        nanosleep(&(struct timespec){us / USEC_PER_SEC, us % USEC_PER_SEC * 1000}, NULL);
}

/* The time in an item is the one at which it was due: a publisher that was held up does not make
 * the way look shorter. */
static void send_batch(struct publisher *p)
{
    struct str items[QUEUE_BATCH_MAX];
    uint64_t left = p->options->items - p->sent;
    size_t count = left < p->options->batch ? (size_t)left : p->options->batch;
    int64_t at = due(p);
    for (size_t i = 0; i < count; i++) {
        buf_reset(&p->texts[i]);
        queue_make(p->maker, p->sent + i, at ? at : clock_mono(), &p->texts[i]);
        items[i] = buf_str(&p->texts[i]);
    }
    p->peer->send(p->end, items, count);
    p->sent += count;
}

static bool may_send(const struct publisher *p)
{
    return p->sent < p->options->items && p->sent - p->taken + p->options->batch <=
                                              (uint64_t)p->options->window * p->options->batch;
}

static void note_taken(struct publisher *p, size_t count)
{
    p->taken += count;
    atomic_store(&p->board->taken, p->taken);
    atomic_store(&p->board->last_taken, clock_mono());
}

static void publish_all(struct publisher *p)
{
    int64_t moved = p->start = clock_mono();
    atomic_store(&p->board->first, p->start);
    while (p->taken < p->options->items && !atomic_load(&p->board->stop)) {
        bool sent = may_send(p);
        if (sent) {
            sleep_until(due(p));
            send_batch(p);
        }
        size_t count = p->peer->taken(p->end, !sent);
        if (count) {
            note_taken(p, count);
            moved = clock_mono();
        } else if (!sent && clock_mono() - moved > QUEUE_PATIENCE_US) {
            queue_die("%s took %llu of %llu items, then nothing", p->peer->name,
                      (unsigned long long)p->taken, (unsigned long long)p->sent);
        }
    }
}

int queue_publish(const struct queue_peer *peer, const struct queue_options *options,
                  struct queue_board *board)
{
    struct publisher p = {.peer = peer, .options = options, .board = board};
    p.maker = queue_maker_new();
    p.end = peer->publisher_open(options);
    publish_all(&p);
    peer->publisher_close(p.end);
    queue_maker_free(p.maker);
    for (size_t i = 0; i < QUEUE_BATCH_MAX; i++)
        buf_free(&p.texts[i]);
    return 0;
}

/* ---- worker */
struct worker {
    const struct queue_options *options;
    struct queue_board *board;
    size_t held;
    struct {
        uint64_t id;
        uint32_t way;
    } hold[QUEUE_HOLD_MAX];
};

static void on_item(void *ctx, struct str item)
{
    struct worker *w = ctx;
    uint64_t id;
    int64_t at;
    if (!queue_mark(item, &id, &at) || id >= w->options->items || w->held == QUEUE_HOLD_MAX)
        queue_die("an item that nobody handed in: %.*s", (int)(item.len < 200 ? item.len : 200),
                  item.at);
    int64_t way = clock_mono() - at;
    w->hold[w->held].id = id;
    w->hold[w->held++].way = way < 1 ? 1 : way > UINT32_MAX ? UINT32_MAX : (uint32_t)way;
    if (w->options->work_us)
        sleep_until(clock_mono() + w->options->work_us);
}

static void note_done(struct worker *w)
{
    uint64_t fresh = 0;
    for (size_t i = 0; i < w->held; i++)
        if (atomic_exchange(&w->board->way[w->hold[i].id], w->hold[i].way) == 0)
            fresh++;
    atomic_fetch_add(&w->board->twice, w->held - fresh);
    uint64_t done = atomic_fetch_add(&w->board->done, fresh) + fresh;
    if (fresh && done == w->options->items)
        atomic_store(&w->board->last_done, clock_mono());
    w->held = 0;
}

int queue_work(const struct queue_peer *peer, const struct queue_options *options,
               struct queue_board *board)
{
    struct worker *w = xcalloc(1, sizeof *w);
    w->options = options;
    w->board = board;
    void *end = peer->worker_open(options);
    atomic_fetch_add(&board->ready, 1);
    while (atomic_load(&board->done) < options->items && !atomic_load(&board->stop)) {
        if (peer->receive(end, on_item, w) == 0)
            continue;
        peer->ack(end);
        note_done(w);
    }
    peer->worker_close(end);
    free(w);
    return 0;
}

/* ---- the command */
static struct queue_board *board_map(const char *path)
{
    struct stat st;
    int fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) < 0)
        queue_die("%s: %s", path, strerror(errno));
    void *at = mmap(NULL, (size_t)st.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (at == MAP_FAILED)
        queue_die("%s: %s", path, strerror(errno));
    close(fd);
    return at;
}

static bool number(const char *text, unsigned most, unsigned *out)
{
    uint64_t n;
    if (str_u64(str_of(text), &n) < 0 || n > most)
        return false;
    *out = (unsigned)n;
    return true;
}

static bool option(int c, const char *arg, struct queue_options *o, const char **board)
{
    switch (c) {
    case 'a':
        o->at = arg;
        return true;
    case 'b':
        *board = arg;
        return true;
    case 'n':
        return str_u64(str_of(arg), &o->items) == 0 && o->items <= 100000000;
    case 'B':
        return number(arg, QUEUE_BATCH_MAX, &o->batch) && o->batch > 0;
    case 'W':
        return number(arg, 4096, &o->window) && o->window > 0;
    case 'r':
        return number(arg, 1000000, &o->rate);
    case 'H':
        return number(arg, QUEUE_HOLD_MAX, &o->hold) && o->hold > 0;
    case 's':
        return number(arg, 10000000, &o->work_us);
    case 'k':
        return number(arg, 1000, &o->number);
    case 'e':
        o->result = true;
        return true;
    case 'K':
        o->keys = arg;
        return true;
    default:
        return false;
    }
}

static const struct queue_peer *peer_of(const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(peers); i++)
        if (str_is(str_of(name), peers[i]->name))
            return peers[i];
    return NULL;
}

static void tell_cost(void)
{
    struct rusage used;
    getrusage(RUSAGE_SELF, &used);
    printf("{\"cpu_s\": %.3f, \"rss_kb\": %ld}\n",
           (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
               (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6,
           used.ru_maxrss);
}

static int list_peers(void)
{
    for (size_t i = 0; i < ARRAY_LEN(peers); i++)
        puts(peers[i]->name);
    return 0;
}

int main(int argc, char **argv)
{
    struct queue_options o = {.batch = QUEUE_BATCH_MAX, .window = 16, .hold = 256};
    const char *board = NULL;
    if (argc == 2 && str_is(str_of(argv[1]), "peers"))
        return list_peers();
    for (int c; (c = getopt(argc, argv, "a:b:n:B:W:r:H:s:k:eK:")) != -1;)
        if (!option(c, optarg, &o, &board))
            return usage();
    const struct queue_peer *peer = argc - optind == 2 ? peer_of(argv[optind]) : NULL;
    struct str verb = str_of(peer ? argv[optind + 1] : NULL);
    bool setup = str_is(verb, "setup"), publish = str_is(verb, "publish");
    if (!o.at || !(setup || publish || str_is(verb, "work")) || (!setup && !board))
        return usage();
    if (setup)
        peer->setup(&o);
    else if (publish)
        queue_publish(peer, &o, board_map(board));
    else
        queue_work(peer, &o, board_map(board));
    tell_cost();
    return 0;
}
