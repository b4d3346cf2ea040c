/* The gate: real CURVE sockets on loopback, the authentication handler on a loop, clients in contexts of
 * their own. */
#include "scratch.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "authorised.h"
#include "clock.h"
#include "keyfile.h"
#include "keyring.h"
#include "zev.h"

#define PATIENCE_US  (10 * USEC_PER_SEC)
#define STRANGERS_US (300 * USEC_PER_MSEC) /* how long a silence is watched */

struct world {
    char dir[SCRATCH_PATH], authorised[SCRATCH_PATH + 16], server_pub[SCRATCH_PATH + 16];
    struct ev_loop *loop;
    void *zmq, *router, *feed;
    struct zev router_zev, feed_zev;
    struct keyring *keys;
    char endpoint[64], feed_endpoint[64];
    unsigned heard, dropped, subscribed;
    int fd; /* that the last message came by */
    struct keyring_event last;
    char last_name[KEY_TEXT];
};

struct client {
    void *zmq, *socket, *watch;
    struct keyring *keys;
};

/* ---- the daemon's side: a ROUTER that gives everything back, an XPUB */

static int on_message(struct zev *zev, int events)
{
    struct world *w = zev->data;
    zmq_msg_t route, body;
    (void)events;
    zmq_msg_init(&route);
    zmq_msg_init(&body);
    if (zmq_msg_recv(&route, w->router, ZMQ_DONTWAIT) < 0)
        return 0;
    zmq_msg_recv(&body, w->router, ZMQ_DONTWAIT);
    w->fd = zmq_msg_get(&body, ZMQ_SRCFD);
    if (keyring_admit(w->keys, KEYRING_WORK, &body)) {
        w->heard++;
        zmq_msg_send(&route, w->router, ZMQ_SNDMORE | ZMQ_DONTWAIT);
        zmq_msg_send(&body, w->router, ZMQ_DONTWAIT);
    } else {
        w->dropped++;
    }
    zmq_msg_close(&route);
    zmq_msg_close(&body);
    return 1;
}

static int on_subscription(struct zev *zev, int events)
{
    struct world *w = zev->data;
    zmq_msg_t msg;
    (void)events;
    zmq_msg_init(&msg);
    if (zmq_msg_recv(&msg, w->feed, ZMQ_DONTWAIT) < 0)
        return 0;
    if (zmq_msg_size(&msg) && *(char *)zmq_msg_data(&msg) == 1)
        w->subscribed += keyring_admit(w->keys, KEYRING_LIVE, &msg);
    zmq_msg_close(&msg);
    return 1;
}

static void on_gate(void *ctx, const struct keyring_event *event)
{
    struct world *w = ctx;
    w->last = *event;
    snprintf(w->last_name, sizeof w->last_name, "%s", event->name ? event->name : "");
}

static void *served(struct world *w, int type, enum keyring_domain domain, char endpoint[64])
{
    size_t size = 64;
    int none = 0;
    void *socket = zmq_socket(w->zmq, type);
    zmq_setsockopt(socket, ZMQ_LINGER, &none, sizeof none);
    zmq_setsockopt(socket, ZMQ_HANDSHAKE_IVL, &(int){500}, sizeof(int));
    assert_int_equal(keyring_serve(w->keys, socket, domain), 0);
    assert_int_equal(zmq_bind(socket, "tcp://127.0.0.1:*"), 0);
    zmq_getsockopt(socket, ZMQ_LAST_ENDPOINT, endpoint, &size);
    return socket;
}

static void write_key(struct world *w, const char *name, char path[SCRATCH_PATH + 16])
{
    struct key_pair pair;
    char why[KEY_WHY];
    snprintf(path, SCRATCH_PATH + 16, "%s/%.8s", w->dir, name);
    assert_int_equal(key_make(name, &pair), 0);
    assert_int_equal(key_write(path, &pair, "worker", why), 0);
}

static int open_world(void **state)
{
    struct world *w = xcalloc(1, sizeof *w);
    char why[KEYRING_WHY] = "", path[SCRATCH_PATH + 16];
    if (scratch_make(w->dir) != 0)
        return -1;
    write_key(w, "server", path);
    snprintf(w->server_pub, sizeof w->server_pub, "%s/server.pub", w->dir);
    snprintf(w->authorised, sizeof w->authorised, "%s/authorised", w->dir);
    fclose(fopen(w->authorised, "w"));
    w->loop = ev_loop_new(EVFLAG_AUTO);
    w->zmq = zmq_ctx_new();
    const struct keyring_files files = {path, NULL};
    const struct keyring_gate gate = {w->loop, w->zmq, w->authorised, on_gate, w};
    if (keyring_open(&files, &w->keys, why) != 0 || keyring_guard(w->keys, &gate, why) != 0)
        fail_msg("%s", why);
    w->router = served(w, ZMQ_ROUTER, KEYRING_WORK, w->endpoint);
    w->feed = served(w, ZMQ_XPUB, KEYRING_LIVE, w->feed_endpoint);
    zmq_setsockopt(w->feed, ZMQ_XPUB_VERBOSER, &(int){1}, sizeof(int));
    w->router_zev = (struct zev){.socket = w->router, .on_ready = on_message, .data = w};
    w->feed_zev = (struct zev){.socket = w->feed, .on_ready = on_subscription, .data = w};
    zev_start(&w->router_zev, w->loop);
    zev_start(&w->feed_zev, w->loop);
    *state = w;
    return 0;
}

static int close_world(void **state)
{
    struct world *w = *state;
    clock_set(0);
    zev_stop(&w->router_zev);
    zev_stop(&w->feed_zev);
    zmq_close(w->router);
    zmq_close(w->feed);
    keyring_unguard(w->keys);
    keyring_close(w->keys);
    zmq_ctx_term(w->zmq);
    ev_loop_destroy(w->loop);
    scratch_remove(w->dir);
    free(w);
    return 0;
}

/* ---- time */

static int64_t now_us(void)
{
    struct timespec t; /* not our clock: tests turn that one */
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * USEC_PER_SEC + t.tv_nsec / 1000;
}

static void turn(struct world *w)
{
    ev_run(w->loop, EVRUN_NOWAIT);
    usleep(1000);
}

#define TURN_UNTIL(w, condition)                                                                   \
    do {                                                                                           \
        int64_t end_ = now_us() + PATIENCE_US;                                                     \
        while (!(condition)) {                                                                     \
            if (now_us() > end_)                                                                   \
                fail_msg("waited in vain for %s", #condition);                                     \
            turn(w);                                                                               \
        }                                                                                          \
    } while (0)

static uint64_t count(const struct world *w, enum keyring_result result)
{
    struct keyring_counts counts;
    keyring_counts(w->keys, &counts);
    return counts.results[result];
}

/* ---- clients */

/* `roles` NULL: its key is not authorised. */
static void new_key(struct world *w, const char *name, const char *roles, const char *more)
{
    char path[SCRATCH_PATH + 16], why[KEY_WHY];
    struct key_pair pair;
    write_key(w, name, path);
    assert_int_equal(key_read(path, &pair, why), 0);
    FILE *f = fopen(w->authorised, "a");
    if (roles)
        fprintf(f, "%s %s %s %s\n", pair.public_key, name, roles, more);
    fclose(f);
    if (keyring_reload(w->keys, why) != 0)
        fail_msg("%s", why);
}

/* `name` NULL: without keys. */
static struct client client(struct world *w, int type, const char *endpoint, const char *name)
{
    struct client c = {.zmq = zmq_ctx_new()};
    char path[SCRATCH_PATH + 16], why[KEYRING_WHY] = "";
    int none = 0;
    snprintf(path, sizeof path, "%s/%.8s", w->dir, name ? name : "");
    const struct keyring_files files = {name ? path : NULL, w->server_pub};
    if (keyring_open(&files, &c.keys, why) != 0)
        fail_msg("%s", why);
    c.socket = zmq_socket(c.zmq, type);
    c.watch = keyring_watch(c.zmq, c.socket);
    zmq_setsockopt(c.socket, ZMQ_LINGER, &none, sizeof none);
    assert_int_equal(keyring_dial(c.keys, c.socket), 0);
    assert_int_equal(zmq_connect(c.socket, endpoint), 0);
    if (type == ZMQ_SUB)
        zmq_setsockopt(c.socket, ZMQ_SUBSCRIBE, "", 0);
    return c;
}

static void client_close(struct client *c)
{
    zmq_close(c->watch);
    zmq_close(c->socket);
    keyring_close(c->keys);
    zmq_ctx_term(c->zmq);
}

static bool has_answer(const struct client *c)
{
    char text[8];
    return zmq_recv(c->socket, text, sizeof text, ZMQ_DONTWAIT) == 2;
}

static bool is_refused(const struct client *c, enum keyring_verdict as)
{
    enum keyring_verdict verdict = keyring_verdict(c->watch);
    if (verdict != KEYRING_NO_VERDICT)
        assert_int_equal(verdict, as);
    return verdict == as;
}

static void say(const struct client *c)
{
    zmq_send(c->socket, "hi", 2, ZMQ_DONTWAIT);
}

static void expect_answer(struct world *w, const struct client *c)
{
    say(c);
    TURN_UNTIL(w, has_answer(c));
}

/* It is refused, told so, and nothing of what it says is heard. */
static void expect_refusal(struct world *w, const char *name, enum keyring_result result)
{
    uint64_t before = count(w, result);
    struct client c = client(w, ZMQ_DEALER, w->endpoint, name);
    say(&c);
    TURN_UNTIL(w, is_refused(&c, KEYRING_REFUSED));
    assert_int_equal(count(w, result), before + 1);
    assert_int_equal(w->heard, 0);
    client_close(&c);
}

/* ---- who comes in */

static void gate_lets_an_authorised_key_in(void **state)
{
    struct world *w = *state;
    new_key(w, "desk", "worker", "");
    struct client c = client(w, ZMQ_DEALER, w->endpoint, "desk");
    expect_answer(w, &c);
    assert_int_equal(count(w, KEYRING_LET_IN), 1);
    assert_string_equal(w->last_name, "desk");
    client_close(&c);
}

static void gate_lets_its_own_key_in_everywhere(void **state)
{
    struct world *w = *state;
    struct client c = client(w, ZMQ_DEALER, w->endpoint, "server");
    struct client s = client(w, ZMQ_SUB, w->feed_endpoint, "server");
    expect_answer(w, &c);
    TURN_UNTIL(w, w->subscribed == 1);
    client_close(&c);
    client_close(&s);
}

static void gate_refuses_an_unknown_key(void **state)
{
    struct world *w = *state;
    new_key(w, "stranger", NULL, NULL);
    expect_refusal(w, "stranger", KEYRING_UNKNOWN);
    assert_int_equal(w->last.domain, KEYRING_WORK);
}

static void gate_refuses_a_key_of_another_role(void **state)
{
    struct world *w = *state;
    new_key(w, "reader", "subscriber,publisher", "");
    expect_refusal(w, "reader", KEYRING_ROLE);
    struct client c = client(w, ZMQ_SUB, w->feed_endpoint, "reader");
    TURN_UNTIL(w, w->subscribed == 1);
    client_close(&c);
}

static void gate_refuses_an_expired_key(void **state)
{
    struct world *w = *state;
    new_key(w, "old", "worker", "until=2026-01-01");
    expect_refusal(w, "old", KEYRING_EXPIRED);
}

static void gate_refuses_a_peer_without_keys(void **state)
{
    struct world *w = *state;
    struct client c = client(w, ZMQ_DEALER, w->endpoint, NULL);
    say(&c);
    TURN_UNTIL(w, is_refused(&c, KEYRING_MISMATCH));
    TURN_UNTIL(w, count(w, KEYRING_HANDSHAKE) > 0);
    assert_int_equal(w->heard, 0);
    client_close(&c);
}

static void gate_refuses_a_peer_that_expects_another_daemon(void **state)
{
    struct world *w = *state;
    new_key(w, "desk", "worker", "");
    new_key(w, "other", NULL, NULL);
    snprintf(w->server_pub, sizeof w->server_pub, "%s/other.pub", w->dir);
    struct client c = client(w, ZMQ_DEALER, w->endpoint, "desk");
    say(&c);
    TURN_UNTIL(w, count(w, KEYRING_HANDSHAKE) > 0);
    assert_int_equal(w->heard, 0);
    assert_int_equal(count(w, KEYRING_LET_IN), 0);
    client_close(&c);
}

/* ---- junk */

static int raw_connect(const char *endpoint)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    to.sin_port = htons((uint16_t)strtoul(strrchr(endpoint, ':') + 1, NULL, 10));
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
    return fd;
}

static void gate_works_on_under_200_half_open_handshakes_and_drops_them(void **state)
{
    static const uint8_t greeting[64] = {0xff, 0, 0, 0,   0,   0,   0,   0,  0,
                                         0x7f, 3, 0, 'C', 'U', 'R', 'V', 'E'};
    struct world *w = *state;
    int fds[200];
    char byte[256];
    new_key(w, "desk", "worker", "");
    for (size_t i = 0; i < ARRAY_LEN(fds); i++) {
        fds[i] = raw_connect(w->endpoint);
        size_t len = i % 3 == 0 ? 0 : i % 3 == 1 ? 11 : sizeof greeting;
        assert_int_equal(write(fds[i], greeting, len), len);
    }
    struct client c = client(w, ZMQ_DEALER, w->endpoint, "desk");
    expect_answer(w, &c);
    for (size_t i = 0; i < ARRAY_LEN(fds); i++) {
        ssize_t n;
        do { /* its greeting, then the end */
            TURN_UNTIL(w,
                       (n = recv(fds[i], byte, sizeof byte, MSG_DONTWAIT)) >= 0 || errno != EAGAIN);
        } while (n > 0);
        close(fds[i]);
    }
    TURN_UNTIL(w, count(w, KEYRING_HANDSHAKE) >= ARRAY_LEN(fds));
    expect_answer(w, &c);
    client_close(&c);
}

/* ---- revocation */

static void revoke_all(struct world *w)
{
    char why[KEYRING_WHY];
    fclose(fopen(w->authorised, "w"));
    assert_int_equal(keyring_reload(w->keys, why), 0);
}

static void revoking_cuts_the_connection_and_refuses_the_next(void **state)
{
    struct world *w = *state;
    new_key(w, "desk", "worker", "");
    struct client c = client(w, ZMQ_DEALER, w->endpoint, "desk");
    expect_answer(w, &c);
    revoke_all(w);
    assert_int_equal(count(w, KEYRING_CUT), 1);
    assert_string_equal(w->last_name, "desk");      /* the list does not know it any more */
    TURN_UNTIL(w, is_refused(&c, KEYRING_REFUSED)); /* it came again */
    assert_int_equal(count(w, KEYRING_UNKNOWN), 1);
    client_close(&c);
}

static void revoking_one_leaves_the_others(void **state)
{
    struct world *w = *state;
    char line[256], why[KEYRING_WHY];
    new_key(w, "stays", "worker", "");
    FILE *f = fopen(w->authorised, "r");
    assert_non_null(fgets(line, sizeof line, f));
    fclose(f);
    new_key(w, "goes", "worker", "");
    struct client stays = client(w, ZMQ_DEALER, w->endpoint, "stays");
    struct client goes = client(w, ZMQ_DEALER, w->endpoint, "goes");
    expect_answer(w, &stays);
    expect_answer(w, &goes);
    f = fopen(w->authorised, "w");
    fputs(line, f);
    fclose(f);
    assert_int_equal(keyring_reload(w->keys, why), 0);
    TURN_UNTIL(w, is_refused(&goes, KEYRING_REFUSED));
    expect_answer(w, &stays);
    assert_int_equal(count(w, KEYRING_CUT), 1);
    assert_int_equal(count(w, KEYRING_LET_IN), 2); /* it did not have to come again */
    client_close(&stays);
    client_close(&goes);
}

/* It is here, and not read yet. */
static void say_unread(struct world *w, const struct client *c)
{
    int events = 0;
    size_t size = sizeof events;
    say(c);
    for (int64_t end = now_us() + PATIENCE_US; !(events & ZMQ_POLLIN) && now_us() < end;)
        zmq_getsockopt(w->router, ZMQ_EVENTS, &events, &size);
    assert_true(events & ZMQ_POLLIN);
}

static void wait_until_closed(int fd)
{
    struct stat st;
    for (int64_t end = now_us() + PATIENCE_US; fstat(fd, &st) == 0 && now_us() < end;)
        usleep(1000);
    assert_int_equal(fstat(fd, &st), -1);
}

/* What a peer had sent before it went is read when its descriptor is another's already. */
static void revoking_leaves_whoever_has_the_descriptor_of_a_peer_that_went(void **state)
{
    struct world *w = *state;
    int other[2];
    char byte;
    new_key(w, "desk", "worker", "");
    struct client c = client(w, ZMQ_DEALER, w->endpoint, "desk");
    expect_answer(w, &c);
    unsigned heard = w->heard;
    say_unread(w, &c);
    client_close(&c);
    wait_until_closed(w->fd);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, other), 0);
    int mine = other[other[1] == w->fd ? 0 : 1], its = other[other[1] == w->fd ? 1 : 0];
    if (its != w->fd) {
        assert_int_equal(dup2(its, w->fd), w->fd);
        close(its);
    }
    TURN_UNTIL(w, w->heard == heard + 1);
    revoke_all(w);
    assert_int_equal(recv(mine, &byte, 1, MSG_DONTWAIT), -1); /* and not the end: 0 */
    assert_int_equal(count(w, KEYRING_CUT), 0);
    close(w->fd);
    close(mine);
}

static void revoking_drops_what_waits_in_the_queue(void **state)
{
    struct world *w = *state;
    new_key(w, "desk", "worker", "");
    struct client c = client(w, ZMQ_DEALER, w->endpoint, "desk");
    expect_answer(w, &c);
    unsigned heard = w->heard;
    say_unread(w, &c);
    revoke_all(w);
    TURN_UNTIL(w, w->dropped == 1);
    assert_int_equal(w->heard, heard);
    client_close(&c);
}

static void revoking_cuts_subscribers_whose_prefix_others_have_too(void **state)
{
    struct world *w = *state;
    new_key(w, "one", "subscriber", "");
    new_key(w, "two", "subscriber", "");
    struct client one = client(w, ZMQ_SUB, w->feed_endpoint, "one");
    struct client two = client(w, ZMQ_SUB, w->feed_endpoint, "two");
    TURN_UNTIL(w, w->subscribed == 2);
    revoke_all(w);
    assert_int_equal(count(w, KEYRING_CUT), 2);
    TURN_UNTIL(w, is_refused(&one, KEYRING_REFUSED));
    TURN_UNTIL(w, is_refused(&two, KEYRING_REFUSED));
    client_close(&one);
    client_close(&two);
}

static void taking_a_role_away_cuts(void **state)
{
    struct world *w = *state;
    new_key(w, "desk", "worker", "");
    struct client c = client(w, ZMQ_DEALER, w->endpoint, "desk");
    expect_answer(w, &c);
    struct buf text = BUF_NONE;
    scratch_read(w->authorised, &text);
    char *role = strstr(buf_cstr(&text), "worker"), why[KEYRING_WHY];
    FILE *f = fopen(w->authorised, "w");
    fprintf(f, "%.*ssubscriber\n", (int)(role - text.at), text.at);
    fclose(f);
    buf_free(&text);
    assert_int_equal(keyring_reload(w->keys, why), 0);
    TURN_UNTIL(w, is_refused(&c, KEYRING_REFUSED));
    assert_int_equal(count(w, KEYRING_ROLE), 1);
    client_close(&c);
}

static void a_key_is_cut_when_its_time_comes(void **state)
{
    struct world *w = *state;
    int64_t before;
    clock_parse("2026-12-31T23:59:59Z", &before);
    clock_set(before);
    new_key(w, "desk", "worker", "until=2027-01-01");
    struct client c = client(w, ZMQ_DEALER, w->endpoint, "desk");
    expect_answer(w, &c);
    for (int64_t end = now_us() + STRANGERS_US; now_us() < end;)
        turn(w);
    assert_int_equal(count(w, KEYRING_CUT), 0);
    clock_advance(USEC_PER_SEC);
    TURN_UNTIL(w, count(w, KEYRING_CUT) == 1);
    assert_int_equal(w->last.cut_for, KEYRING_EXPIRED);
    TURN_UNTIL(w, is_refused(&c, KEYRING_REFUSED));
    assert_int_equal(count(w, KEYRING_EXPIRED), 1);
    client_close(&c);
}

static void a_bad_file_keeps_the_old_keys(void **state)
{
    struct world *w = *state;
    char why[KEYRING_WHY];
    new_key(w, "desk", "worker", "");
    struct client c = client(w, ZMQ_DEALER, w->endpoint, "desk");
    expect_answer(w, &c);
    FILE *f = fopen(w->authorised, "w");
    fputs("# all\nnonsense\n", f);
    fclose(f);
    assert_int_equal(keyring_reload(w->keys, why), -EBADMSG);
    assert_non_null(strstr(why, "authorised:2: 'nonsense'"));
    expect_answer(w, &c);
    assert_int_equal(unlink(w->authorised), 0);
    assert_int_equal(keyring_reload(w->keys, why), -ENOENT);
    expect_answer(w, &c);
    assert_int_equal(count(w, KEYRING_CUT), 0);
    client_close(&c);
}

/* A descriptor's number may belong to another by the time its key is revoked. */
static void cutting_spares_a_stranger_with_the_same_descriptor(void **state)
{
    struct world *w = *state;
    struct keyring_counts counts;
    new_key(w, "desk", "worker", "");
    struct client c = client(w, ZMQ_DEALER, w->endpoint, "desk");
    expect_answer(w, &c);
    int next = dup(0); /* the connection's is just below */
    client_close(&c);
    for (int64_t end = now_us() + STRANGERS_US; now_us() < end;)
        turn(w);
    int pair[16][2];
    for (size_t i = 0; i < ARRAY_LEN(pair); i++)
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair[i]), 0);
    close(next);
    revoke_all(w);
    keyring_counts(w->keys, &counts);
    assert_int_equal(counts.peers, 0);
    assert_int_equal(counts.results[KEYRING_CUT], 0);
    for (size_t i = 0; i < ARRAY_LEN(pair); i++) {
        assert_int_equal(write(pair[i][0], "x", 1), 1);
        assert_int_equal(write(pair[i][1], "x", 1), 1);
        close(pair[i][0]);
        close(pair[i][1]);
    }
}

/* ---- without keys */

static void everything_is_open_without_keys(void **state)
{
    struct keyring *keys = NULL;
    char why[KEYRING_WHY];
    zmq_msg_t msg;
    (void)state;
    assert_int_equal(keyring_open(&(struct keyring_files){NULL, NULL}, &keys, why), 0);
    assert_null(keys);
    assert_int_equal(keyring_dial(NULL, NULL), 0);
    assert_int_equal(keyring_serve(NULL, NULL, KEYRING_WORK), 0);
    assert_int_equal(keyring_reload(NULL, why), 0);
    zmq_msg_init(&msg);
    assert_true(keyring_admit(NULL, KEYRING_WORK, &msg));
    zmq_msg_close(&msg);
}

static void serving_without_a_guard_is_refused(void **state)
{
    struct world *w = *state;
    struct keyring *keys = NULL;
    char why[KEYRING_WHY], path[SCRATCH_PATH + 16];
    write_key(w, "other", path);
    assert_int_equal(keyring_open(&(struct keyring_files){path, NULL}, &keys, why), 0);
    assert_int_equal(keyring_serve(keys, w->router, KEYRING_WORK), -EINVAL);
    keyring_close(keys);
}

#define IN_WORLD(test) cmocka_unit_test_setup_teardown(test, open_world, close_world)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_WORLD(gate_lets_an_authorised_key_in),
        IN_WORLD(gate_lets_its_own_key_in_everywhere),
        IN_WORLD(gate_refuses_an_unknown_key),
        IN_WORLD(gate_refuses_a_key_of_another_role),
        IN_WORLD(gate_refuses_an_expired_key),
        IN_WORLD(gate_refuses_a_peer_without_keys),
        IN_WORLD(gate_refuses_a_peer_that_expects_another_daemon),
        IN_WORLD(gate_works_on_under_200_half_open_handshakes_and_drops_them),
        IN_WORLD(revoking_cuts_the_connection_and_refuses_the_next),
        IN_WORLD(revoking_one_leaves_the_others),
        IN_WORLD(revoking_leaves_whoever_has_the_descriptor_of_a_peer_that_went),
        IN_WORLD(revoking_drops_what_waits_in_the_queue),
        IN_WORLD(revoking_cuts_subscribers_whose_prefix_others_have_too),
        IN_WORLD(taking_a_role_away_cuts),
        IN_WORLD(a_key_is_cut_when_its_time_comes),
        IN_WORLD(a_bad_file_keeps_the_old_keys),
        IN_WORLD(cutting_spares_a_stranger_with_the_same_descriptor),
        cmocka_unit_test(everything_is_open_without_keys),
        IN_WORLD(serving_without_a_guard_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
