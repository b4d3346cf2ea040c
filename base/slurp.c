#include "slurp.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#define STEP (64UL << 10)

int slurp_fd(int fd, size_t limit, struct buf *out)
{
    for (size_t taken = 0; taken <= limit;) {
        size_t more = limit - taken < STEP ? limit - taken + 1 : STEP;
        buf_reserve(out, more);
        ssize_t n = read(fd, out->at + out->len, more);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        if (n == 0)
            return 0;
        taken += (size_t)n;
        out->len += (size_t)n;
        out->at[out->len] = '\0';
    }
    return -EFBIG;
}

int slurp_file(const char *path, size_t limit, struct buf *out)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    int rc = slurp_fd(fd, limit, out);
    close(fd);
    return rc;
}
