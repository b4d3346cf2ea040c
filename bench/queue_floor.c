/*
 * queue_floor DIR ITEMS BYTES BATCH…
 *
 * What the disk gives: ITEMS of BYTES appended to one file, an fdatasync after every BATCH of them. One
 * line a batch size: "batch items/s worst_ms".
 */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "clock.h"
#include "str.h"

#define ITEMS_MAX 100000000U
#define BYTES_MAX (1U << 20)

static void check(bool ok, const char *what)
{
    if (ok)
        return;
    fprintf(stderr, "queue_floor: %s: %s\n", what, strerror(errno));
    exit(1);
}

static void append(int fd, const char *bytes, size_t len)
{
    while (len) {
        ssize_t n = write(fd, bytes, len);
        check(n > 0, "write");
        bytes += n;
        len -= (size_t)n;
    }
}

static void run(const char *dir, const char *bytes, uint64_t size, uint64_t items, uint64_t batch)
{
    char *path = xasprintf("%s/queue_floor.%d", dir, (int)getpid());
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    check(fd >= 0, path);
    int64_t start = clock_mono(), worst = 0;
    for (uint64_t n = 0; n < items; n += batch) {
        append(fd, bytes, (size_t)(size * batch));
        int64_t before = clock_mono();
        check(fdatasync(fd) == 0, "fdatasync");
        int64_t took = clock_mono() - before;
        worst = took > worst ? took : worst;
    }
    double seconds = (double)(clock_mono() - start) / 1e6;
    printf("%llu %.0f %.1f\n", (unsigned long long)batch, (double)items / seconds,
           (double)worst / 1e3);
    fflush(stdout);
    close(fd);
    unlink(path);
    free(path);
}

int main(int argc, char **argv)
{
    uint64_t items, size, batch, most = 0;
    bool ok = argc >= 5 && str_u64(str_of(argv[2]), &items) == 0 && items <= ITEMS_MAX &&
              str_u64(str_of(argv[3]), &size) == 0 && size > 0 && size <= BYTES_MAX;
    for (int i = 4; ok && i < argc; i++) {
        ok = str_u64(str_of(argv[i]), &batch) == 0 && batch > 0 && batch <= 4096;
        most = ok && batch > most ? batch : most;
    }
    if (!ok) {
        fputs("usage: queue_floor DIR ITEMS BYTES BATCH...\n", stderr);
        return 64;
    }
    char *bytes = xmalloc((size_t)(size * most));
    memset(bytes, 'x', (size_t)(size * most));
    for (int i = 4; i < argc; i++) {
        str_u64(str_of(argv[i]), &batch);
        run(argv[1], bytes, size, items, batch);
    }
    free(bytes);
    return 0;
}
