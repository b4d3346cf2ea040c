#include "listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#define BACKLOG 64

/* "host:port" or "[host]:port" in two; the port may be missing. */
static bool split(struct str text, struct str *host, struct str *port)
{
    *port = STR_NONE;
    if (text.len && text.at[0] == '[') {
        size_t end = str_chr(text, ']');
        if (end == SIZE_MAX)
            return false;
        *host = str_upto(str_from(text, 1), end - 1);
        text = str_from(text, end + 1);
        if (text.len && text.at[0] != ':')
            return false;
    } else {
        size_t colon = str_chr(text, ':');
        *host = str_upto(text, colon);
        text = str_from(text, host->len);
    }
    if (text.len)
        *port = str_from(text, 1);
    return true;
}

static bool number(struct str host, uint16_t port, union listen_address *out)
{
    char text[INET6_ADDRSTRLEN];
    if (host.len == 0 || host.len >= sizeof text)
        return false;
    memcpy(text, host.at, host.len);
    text[host.len] = '\0';
    *out = (union listen_address){0};
    if (inet_pton(AF_INET, text, &out->v4.sin_addr) == 1) {
        out->v4.sin_family = AF_INET;
        out->v4.sin_port = htons(port);
        return true;
    }
    if (inet_pton(AF_INET6, text, &out->v6.sin6_addr) != 1)
        return false;
    out->v6.sin6_family = AF_INET6;
    out->v6.sin6_port = htons(port);
    return true;
}

int listen_parse(const char *text, union listen_address *out)
{
    struct str host, port;
    uint64_t n;
    union listen_address address;
    if (!split(str_of(text), &host, &port) || str_u64(port, &n) || n > UINT16_MAX)
        return -EINVAL;
    if (str_is(host, "localhost"))
        host = STR("127.0.0.1");
    if (!number(host, (uint16_t)n, &address))
        return -EINVAL;
    *out = address;
    return 0;
}

static socklen_t size_of(const union listen_address *address)
{
    return address->any.sa_family == AF_INET6 ? sizeof address->v6 : sizeof address->v4;
}

int listen_open(union listen_address *address, int *fd_out)
{
    int on = 1;
    socklen_t len = sizeof *address;
    int fd = socket(address->any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0 ||
        (address->any.sa_family == AF_INET6 &&
         setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on) < 0) ||
        bind(fd, &address->any, size_of(address)) < 0 || listen(fd, BACKLOG) < 0 ||
        getsockname(fd, &address->any, &len) < 0) {
        int error = -errno;
        close(fd);
        return error;
    }
    *fd_out = fd;
    return 0;
}

void listen_text(const union listen_address *address, char out[LISTEN_TEXT])
{
    char host[INET6_ADDRSTRLEN] = "";
    if (address->any.sa_family == AF_INET6) {
        inet_ntop(AF_INET6, &address->v6.sin6_addr, host, sizeof host);
        snprintf(out, LISTEN_TEXT, "[%s]:%u", host, ntohs(address->v6.sin6_port));
    } else {
        inet_ntop(AF_INET, &address->v4.sin_addr, host, sizeof host);
        snprintf(out, LISTEN_TEXT, "%s:%u", host, ntohs(address->v4.sin_port));
    }
}

static bool is_loopback(const union listen_address *address)
{
    return address->any.sa_family == AF_INET6
               ? IN6_IS_ADDR_LOOPBACK(&address->v6.sin6_addr)
               : ntohl(address->v4.sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
}

static bool is_every(const union listen_address *address)
{
    return address->any.sa_family == AF_INET6 ? IN6_IS_ADDR_UNSPECIFIED(&address->v6.sin6_addr)
                                              : address->v4.sin_addr.s_addr == INADDR_ANY;
}

static bool is_same(const union listen_address *a, const union listen_address *b)
{
    if (a->any.sa_family != b->any.sa_family)
        return false;
    return a->any.sa_family == AF_INET6
               ? memcmp(&a->v6.sin6_addr, &b->v6.sin6_addr, sizeof a->v6.sin6_addr) == 0
               : a->v4.sin_addr.s_addr == b->v4.sin_addr.s_addr;
}

bool listen_is_our_host(const union listen_address *address, struct str host)
{
    struct str name, port;
    union listen_address named;
    if (!split(host, &name, &port))
        return false;
    if (str_isi(name, "localhost") || str_isi(name, "localhost."))
        return true;
    return number(name, 0, &named) &&
           (is_loopback(&named) || is_every(address) || is_same(address, &named));
}
