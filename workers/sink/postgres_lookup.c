#include "postgres_lookup.h"

#include <errno.h>
#include <netdb.h>
#include <sys/socket.h>

#include "clock.h"
#include "limits.h"
#include "log.h"
#include "sink.h"

struct question {
    char *host, *port;
    bool asked; /* false: a socket's folder, there is nothing to resolve */
    struct gaicb request;
};

struct pg_lookup {
    size_t count;
    struct addrinfo hints;
    struct gaicb *waiting[LIMIT_PG_HOSTS];
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
    (void)getaddrinfo_a(GAI_NOWAIT, list, 1, NULL); /* gai_error() tells if it could not */
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

static size_t unanswered(struct pg_lookup *q)
{
    size_t count = 0;
    for (size_t i = 0; i < q->count; i++) {
        struct question *one = &q->question[i];
        if (one->asked && gai_error(&one->request) == EAI_INPROGRESS)
            q->waiting[count++] = &one->request;
    }
    return count;
}

static void wait_for_one(struct pg_lookup *q, size_t count, int64_t wait_us)
{
    struct timespec wait = {wait_us / USEC_PER_SEC, wait_us % USEC_PER_SEC * 1000};
    (void)gai_suspend((const struct gaicb *const *)q->waiting, (int)count, &wait);
}

int pg_lookup_wait(struct pg_lookup *q, int64_t until, char *why)
{
    size_t count;
    bool any = false;
    const struct question *failed = NULL;
    while ((count = unanswered(q)) > 0) {
        int64_t now = clock_mono();
        if (now >= until) {
            (void)snprintf(why, SINK_WHY, "no answer yet from the name server");
            return -EAGAIN;
        }
        wait_for_one(q, count, until - now);
    }
    for (size_t i = 0; i < q->count; i++) {
        struct question *one = &q->question[i];
        bool known = !one->asked || gai_error(&one->request) == 0;
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
    return !one->asked || gai_error(&one->request) != EAI_INPROGRESS ||
           gai_cancel(&one->request) == EAI_CANCELED;
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
