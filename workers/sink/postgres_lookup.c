#include "postgres_lookup.h"

#include <errno.h>
#include <netdb.h>
#include <sys/socket.h>

#include "clock.h"
#include "limits.h"
#include "log.h"
#include "sink.h"

#define LOOK_FIRST USEC_PER_MSEC /* between two looks for an answer */
#define LOOK_LAST  (32 * USEC_PER_MSEC)

struct question {
    char *host, *port;
    bool asked; /* false: a socket's folder, there is nothing to resolve */
    bool lost;  /* asked in vain: no thread could be made */
    struct gaicb request;
};

struct pg_lookup {
    size_t count;
    struct addrinfo hints;
    struct question question[LIMIT_PG_HOSTS];
};

/* The n-th of a comma-separated list; of a list of one, that one (libpq 34.1.1.3). */
static struct str nth(struct str list, size_t n)
{
    struct str one = STR_NONE, rest = list;
    if (str_chr(list, ',') == SIZE_MAX)
        return list;
    for (size_t i = 0; i <= n; i++) {
        if (!str_cut(&rest, ',', &one))
            return STR_NONE;
    }
    return one;
}

static void ask(struct pg_lookup *q, struct question *one)
{
    one->asked = one->host[0] && one->host[0] != '/' && one->host[0] != '@';
    if (!one->asked)
        return;
    one->request = (struct gaicb){.ar_name = one->host, .ar_request = &q->hints};
    struct gaicb *list[] = {&one->request};
    /* gai_error() would say "in progress" for ever of one that was not taken in. */
    one->lost = getaddrinfo_a(GAI_NOWAIT, list, 1, NULL) == EAI_SYSTEM;
}

struct pg_lookup *pg_lookup_start(const char *hosts, const char *ports)
{
    struct pg_lookup *q = xcalloc(1, sizeof(*q));
    struct str rest = str_of(hosts), host;
    q->hints = (struct addrinfo){.ai_socktype = SOCK_STREAM};
    while (q->count < LIMIT_PG_HOSTS && str_cut(&rest, ',', &host)) {
        struct question *one = &q->question[q->count];
        one->host = str_dup(str_trim(host));
        one->port = str_dup(str_trim(nth(str_of(ports), q->count)));
        ask(q, one);
        q->count++;
    }
    return q;
}

static bool is_known(struct question *one)
{
    return !one->asked || (!one->lost && gai_error(&one->request) == 0);
}

static bool is_open(struct question *one)
{
    return one->asked && !one->lost && gai_error(&one->request) == EAI_INPROGRESS;
}

static bool any_open(struct pg_lookup *q)
{
    for (size_t i = 0; i < q->count; i++) {
        if (is_open(&q->question[i]))
            return true;
    }
    return false;
}

/* Looks now and then. gai_suspend() would wait for less, but lets its resolver write into our stack after
 * it has returned: glibc takes its own entry out of a request's list only while that has no answer, and
 * an answer is there before the list is gone through (resolv/gai_suspend.c, gai_misc.c, 2.36). Two
 * hosts that are answered at the same time are enough. */
static void look_later(int64_t pause_us)
{
    struct timespec pause = {pause_us / USEC_PER_SEC, pause_us % USEC_PER_SEC * 1000};
    (void)nanosleep(&pause, NULL);
}

int pg_lookup_wait(struct pg_lookup *q, int64_t until, char *why)
{
    bool any = false;
    const struct question *failed = NULL;
    for (int64_t pause = LOOK_FIRST; any_open(q); pause = pause < LOOK_LAST ? pause * 2 : pause) {
        int64_t left = until - clock_mono();
        if (left <= 0) {
            (void)snprintf(why, SINK_WHY, "no answer yet from the name server");
            return -EAGAIN;
        }
        look_later(left < pause ? left : pause);
    }
    for (size_t i = 0; i < q->count; i++) {
        struct question *one = &q->question[i];
        bool known = is_known(one);
        any |= known;
        if (!known)
            failed = one;
    }
    if (any || !failed)
        return 0;
    (void)snprintf(why, SINK_WHY, "no address of host %.200s", failed->host);
    return -EHOSTUNREACH;
}

static void put_entry(struct buf *hosts, struct buf *addresses, struct buf *ports,
                      const struct question *one, const char *address, size_t nth_entry)
{
    struct buf *const lists[] = {hosts, addresses, ports};
    for (size_t i = 0; nth_entry > 0 && i < ARRAY_LEN(lists); i++)
        buf_putc(lists[i], ',');
    buf_putz(hosts, one->host);
    buf_putz(addresses, address);
    buf_putz(ports, one->port);
}

void pg_lookup_lists(const struct pg_lookup *q, struct buf *hosts, struct buf *addresses,
                     struct buf *ports)
{
    char number[NI_MAXHOST];
    size_t entries = 0;
    for (size_t i = 0; i < q->count; i++) {
        const struct question *one = &q->question[i];
        if (!one->asked)
            put_entry(hosts, addresses, ports, one, "", entries++);
        const struct addrinfo *a = one->asked ? one->request.ar_result : NULL;
        for (; a && entries < LIMIT_PG_ADDRESSES; a = a->ai_next) {
            if (getnameinfo(a->ai_addr, a->ai_addrlen, number, sizeof(number), NULL, 0,
                            NI_NUMERICHOST) == 0)
                put_entry(hosts, addresses, ports, one, number, entries++);
        }
    }
}

static bool call_back(struct question *one)
{
    return !is_open(one) || gai_cancel(&one->request) == EAI_CANCELED;
}

void pg_lookup_free(struct pg_lookup *q)
{
    bool ours = true;
    for (size_t i = 0; q && i < q->count; i++)
        ours &= call_back(&q->question[i]);
    if (!q || !ours)
        return; /* a thread still writes into it */
    for (size_t i = 0; i < q->count; i++) {
        if (q->question[i].asked && q->question[i].request.ar_result)
            freeaddrinfo(q->question[i].request.ar_result);
        free(q->question[i].host);
        free(q->question[i].port);
    }
    free(q);
}
