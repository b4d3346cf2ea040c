/* A server: one thread a connection, one request a connection, the path says how it behaves. */
#ifndef DATELINE_HTTP_HELP_H
#define DATELINE_HTTP_HELP_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"
#include "str.h"

#define SEEN_MAX 64

static struct {
    int fd;
    uint16_t port;
    pthread_t thread;
    pthread_mutex_t lock;
    struct {
        char head[2048];
        int64_t at;
    } seen[SEEN_MAX];
    int count, at_once, most_at_once; /* of /slow: from the request to before the answer */
    atomic_int live;
    atomic_bool stop;
} server = {.lock = PTHREAD_MUTEX_INITIALIZER};

static inline void say(int fd, const char *text)
{
    size_t len = strlen(text);
    while (len > 0) {
        ssize_t n = send(fd, text, len, MSG_NOSIGNAL);
        if (n <= 0)
            return;
        text += n;
        len -= (size_t)n;
    }
}

static inline bool said(int fd, const char *text)
{
    size_t len = strlen(text);
    return send(fd, text, len, MSG_NOSIGNAL) == (ssize_t)len;
}

#define OK "HTTP/1.1 200 OK\r\nConnection: close\r\n"

struct canned {
    const char *path, *reply;
};

static const struct canned canned[] = {
    {"/ok",
     OK "Content-Type: application/rss+xml; charset=utf-8\r\nETag: W/\"1\"\r\n"
        "Last-Modified: Thu, 01 Jan 2026 00:00:00 GMT\r\nCache-Control: max-age=600\r\nAge: 100\r\n"
        "Content-Length: 5\r\n\r\nhello"},
    {"/not-modified", "HTTP/1.1 304 Not Modified\r\nETag: \"2\"\r\nConnection: close\r\n\r\n"},
    {"/gzip", OK "Content-Encoding: gzip\r\nContent-Length: 4\r\n\r\n\x1f\x8b\x08!"},
    {"/gone", "HTTP/1.1 410 Gone\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"},
    {"/missing", "HTTP/1.1 404 Not Found\r\nContent-Length: 3\r\nConnection: close\r\n\r\nno!"},
    {"/busy",
     "HTTP/1.1 429 Slow\r\nRetry-After: 3600\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"},
    {"/broken", "HTTP/1.1 500 Oops\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"},
    {"/early", OK "Content-Length: 1000\r\n\r\nshort"},
    {"/no-http", "220 smtp.example ESMTP\r\n"},
    {"/silence", ""},
    {"/bad-chunk", OK "Transfer-Encoding: chunked\r\n\r\nzz\r\nx"},
    {"/coded", OK "Transfer-Encoding: gzip, chunked\r\n\r\n3\r\n\x1f\x8b\x08\r\n0\r\n\r\n"},
    {"/huge", OK "Content-Length: 10000000000\r\n\r\nx"},
    {"/moved-1",
     "HTTP/1.1 301 M\r\nLocation: /moved-2\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"},
    {"/moved-2",
     "HTTP/1.1 308 M\r\nLocation: ok?a b\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"},
    {"/found-then-moved",
     "HTTP/1.1 302 F\r\nLocation: /moved-1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"},
    {"/loop",
     "HTTP/1.1 302 F\r\nLocation: /loop\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"},
    {"/to-file", "HTTP/1.1 302 F\r\nLocation: file:///etc/passwd\r\nContent-Length: "
                 "0\r\nConnection: close\r\n\r\n"},
    {"/to-metadata", "HTTP/1.1 302 F\r\nLocation: http://169.254.169.254/\r\nContent-Length: "
                     "0\r\nConnection: close\r\n\r\n"},
    {"/to-nothing", "HTTP/1.1 302 F\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"},
};

static inline void answer_endless(int fd, const char *head, const char *piece, int pause_ms)
{
    say(fd, head);
    while (!server.stop && said(fd, piece))
        usleep((useconds_t)pause_ms * 1000);
}

static inline void answer_slowly(int fd)
{
    pthread_mutex_lock(&server.lock);
    if (++server.at_once > server.most_at_once)
        server.most_at_once = server.at_once;
    pthread_mutex_unlock(&server.lock);
    usleep(50000);
    pthread_mutex_lock(&server.lock);
    server.at_once--;
    pthread_mutex_unlock(&server.lock);
    say(fd, canned[0].reply);
}

static inline void answer(int fd, const char *path)
{
    if (strcmp(path, "/endless") == 0) {
        static char piece[1100] = "400\r\n";
        memset(piece + 5, 'x', 1024);
        memcpy(piece + 5 + 1024, "\r\n", 3);
        answer_endless(fd, OK "Transfer-Encoding: chunked\r\n\r\n", piece, 0);
    } else if (strcmp(path, "/headers") == 0) {
        answer_endless(fd, OK, "X-Flood: 0123456789012345678901234567890123456789\r\n", 0);
    } else if (strcmp(path, "/interim") == 0) {
        answer_endless(fd, "", "HTTP/1.1 103 Early Hints\r\nX: y\r\n\r\n", 0);
    } else if (strcmp(path, "/slow") == 0) {
        answer_slowly(fd);
    } else if (strcmp(path, "/drip") == 0) {
        answer_endless(fd, OK "Content-Length: 100000\r\n\r\n", "x", 20);
    } else if (strcmp(path, "/long-error") == 0) {
        answer_endless(fd, "HTTP/1.1 404 No\r\nConnection: close\r\n\r\n",
                       "0123456789abcdef0123456789abcdef", 0);
    } else if (strcmp(path, "/to-other") == 0) {
        char head[200];
        snprintf(head, sizeof(head),
                 "HTTP/1.1 301 M\r\nLocation: //localhost:%u/ok\r\nContent-Length: "
                 "0\r\nConnection: close\r\n\r\n",
                 server.port);
        say(fd, head);
    } else {
        for (size_t i = 0; i < ARRAY_LEN(canned); i++) {
            if (strcmp(path, canned[i].path) == 0 || (i == 0 && strncmp(path, "/ok?", 4) == 0))
                say(fd, canned[i].reply);
        }
    }
}

static inline void *serve_one(void *arg)
{
    int fd = *(int *)arg;
    free(arg);
    char head[2048] = "", path[256] = "";
    size_t len = 0;
    while (len < sizeof(head) - 1 && !strstr(head, "\r\n\r\n")) {
        ssize_t n = recv(fd, head + len, sizeof(head) - 1 - len, 0);
        if (n <= 0)
            break;
        len += (size_t)n;
        head[len] = '\0';
        if (head[0] == 0x16) /* a TLS handshake */
            break;
    }
    pthread_mutex_lock(&server.lock);
    server.live++;
    if (len > 0 && server.count < SEEN_MAX) {
        memcpy(server.seen[server.count].head, head, sizeof(head));
        server.seen[server.count++].at = clock_mono();
    }
    pthread_mutex_unlock(&server.lock);
    if (sscanf(head, "GET %255s", path) == 1)
        answer(fd, path);
    shutdown(fd, SHUT_WR);
    while (recv(fd, head, sizeof(head), 0) > 0)
        ;
    close(fd);
    server.live--;
    return NULL;
}

static inline void *serve(void *arg)
{
    (void)arg;
    for (;;) {
        int *fd = xmalloc(sizeof(*fd));
        pthread_t thread;
        *fd = accept(server.fd, NULL, NULL);
        if (*fd < 0 || pthread_create(&thread, NULL, serve_one, fd)) {
            free(fd);
            return NULL;
        }
        pthread_detach(thread);
    }
}

static inline int start_server(void **state)
{
    (void)state;
    signal(SIGPIPE, SIG_IGN);
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(a);
    server.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(server.fd, (struct sockaddr *)&a, len) || listen(server.fd, 64) ||
        getsockname(server.fd, (struct sockaddr *)&a, &len))
        return -1;
    server.port = ntohs(a.sin_port);
    return pthread_create(&server.thread, NULL, serve, NULL);
}

static inline int stop_server(void **state)
{
    (void)state;
    server.stop = true;
    shutdown(server.fd, SHUT_RDWR);
    pthread_join(server.thread, NULL);
    close(server.fd);
    for (int i = 0; i < 500 && server.live > 0; i++) /* the last connections end */
        usleep(10000);
    return 0;
}

static inline int asked(void)
{
    pthread_mutex_lock(&server.lock);
    int count = server.count;
    pthread_mutex_unlock(&server.lock);
    return count;
}

static inline int most_at_once(void)
{
    pthread_mutex_lock(&server.lock);
    int most = server.most_at_once;
    pthread_mutex_unlock(&server.lock);
    return most;
}

static inline int64_t asked_at(int n)
{
    pthread_mutex_lock(&server.lock);
    int64_t at = server.seen[n].at;
    pthread_mutex_unlock(&server.lock);
    return at;
}

static inline const char *head_of(int n)
{
    static char head[sizeof(server.seen[0].head)];
    pthread_mutex_lock(&server.lock);
    memcpy(head, server.seen[n].head, sizeof(head));
    pthread_mutex_unlock(&server.lock);
    return head;
}

#endif
