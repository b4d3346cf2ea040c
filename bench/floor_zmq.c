/* Floor: ROUTER to one DEALER over ipc and back, the same number of items of the same size, 16 a
 * message, an answer of the same size a message: no state, no disk, no JSON.
 *
 *   floor_zmq ITEMS BYTES      prints {"items", "bytes", "seconds"} */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <zmq.h>

#define BATCH 16

static long items, bytes;
static char endpoint[64];

static double wall(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* One message: what was received, part by part, goes back. */
static void echo(void *socket)
{
    int more = 1;
    size_t size = sizeof more;
    while (more) {
        zmq_msg_t part;
        zmq_msg_init(&part);
        if (zmq_msg_recv(&part, socket, 0) < 0)
            exit(70);
        zmq_getsockopt(socket, ZMQ_RCVMORE, &more, &size);
        zmq_msg_send(&part, socket, more ? ZMQ_SNDMORE : 0);
    }
}

static void *work(void *context)
{
    void *socket = zmq_socket(context, ZMQ_DEALER);
    int linger = -1;
    zmq_setsockopt(socket, ZMQ_LINGER, &linger, sizeof linger);
    if (zmq_connect(socket, endpoint) != 0)
        exit(69);
    zmq_send(socket, "hello", 5, 0);
    for (long done = 0; done < items; done += BATCH)
        echo(socket);
    zmq_close(socket);
    return NULL;
}

static void send_batch(void *router, const char *id, size_t id_len, const char *item)
{
    zmq_send(router, id, id_len, ZMQ_SNDMORE);
    for (int i = 0; i < BATCH; i++)
        zmq_send(router, item, (size_t)bytes, i + 1 < BATCH ? ZMQ_SNDMORE : 0);
}

static void take_batch(void *router)
{
    int more = 1;
    size_t size = sizeof more;
    while (more) {
        zmq_msg_t part;
        zmq_msg_init(&part);
        if (zmq_msg_recv(&part, router, 0) < 0)
            exit(70);
        zmq_msg_close(&part);
        zmq_getsockopt(router, ZMQ_RCVMORE, &more, &size);
    }
}

int main(int argc, char **argv)
{
    if (argc != 3 || (items = strtol(argv[1], NULL, 10)) < BATCH ||
        (bytes = strtol(argv[2], NULL, 10)) < 1) {
        fputs("usage: floor_zmq ITEMS BYTES\n", stderr);
        return 64;
    }
    items -= items % BATCH;
    snprintf(endpoint, sizeof endpoint, "ipc:///tmp/floor-zmq-%d", (int)getpid());
    void *context = zmq_ctx_new(), *router = zmq_socket(context, ZMQ_ROUTER);
    if (zmq_bind(router, endpoint) != 0)
        return 69;
    char *item = malloc((size_t)bytes), id[256], hello[8];
    memset(item, 'x', (size_t)bytes);
    pthread_t worker;
    pthread_create(&worker, NULL, work, context);
    int id_len = zmq_recv(router, id, sizeof id, 0);
    zmq_recv(router, hello, sizeof hello, 0);
    double from = wall();
    long sent = 0, taken = 0;
    while (taken < items) {
        for (; sent < items && sent - taken < 16L * BATCH; sent += BATCH)
            send_batch(router, id, (size_t)id_len, item);
        take_batch(router);
        taken += BATCH;
    }
    double seconds = wall() - from;
    pthread_join(worker, NULL);
    zmq_close(router);
    zmq_ctx_term(context);
    printf("{\"items\": %ld, \"bytes\": %ld, \"seconds\": %.6f}\n", items, items * bytes, seconds);
    free(item);
    return 0;
}
