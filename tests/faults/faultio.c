/*
 * faultio.so, an LD_PRELOAD library: lets one program's writing to its files go wrong.
 *
 *     FAULTIO=CALL:ACTION:N:PART     FAULTIO_IN=datelined     LD_PRELOAD=…/faultio.so
 *
 * CALL    write (write, pwrite, writev), sync (fsync, fdatasync), rename, open (for writing), truncate
 * ACTION  eio, enospc    fails so, the N-th time and from then on
 *         once           EIO the N-th time only
 *         short          writes half of the N-th, then EIO
 *         lie            sync from the N-th on reports success and does nothing
 *         kill           SIGKILL before the N-th
 * PART    only files whose path holds it count
 *
 * FAULTIO_SAY names a file to which one byte is written when it strikes, so that a test knows.
 * Children with another name (FAULTIO_IN) are left alone: they may be jailed.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

/* What glibc declares is not repeated here, but defined. */
#pragma GCC diagnostic ignored "-Wmissing-prototypes"
#pragma GCC diagnostic ignored "-Wpedantic"

enum call { CALL_NONE, CALL_WRITE, CALL_SYNC, CALL_RENAME, CALL_OPEN, CALL_TRUNCATE };
enum action { ACTION_EIO, ACTION_ENOSPC, ACTION_ONCE, ACTION_SHORT, ACTION_LIE, ACTION_KILL };

static const char *const call_names[] = {"none", "write", "sync", "rename", "open", "truncate"};
static const char *const action_names[] = {"eio", "enospc", "once", "short", "lie", "kill"};

static struct {
    enum call call;
    enum action action;
    long nth;
    char part[256];
    atomic_long count;
    atomic_bool said;
} plan;

static int index_of(const char *name, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(name, names[i]) == 0)
            return (int)i;
    fprintf(stderr, "faultio: what is '%s'?\n", name);
    _exit(64);
}

__attribute__((constructor)) static void read_plan(void)
{
    const char *text = getenv("FAULTIO"), *in = getenv("FAULTIO_IN");
    if (!text || (in && strcmp(in, program_invocation_short_name) != 0))
        return;
    char copy[256], *rest = copy;
    snprintf(copy, sizeof copy, "%s", text);
    const char *call = strsep(&rest, ":"), *action = strsep(&rest, ":"), *nth = strsep(&rest, ":");
    if (!rest) {
        fprintf(stderr, "faultio: FAULTIO=CALL:ACTION:N:PART\n");
        _exit(64);
    }
    plan.nth = strtol(nth, NULL, 10);
    snprintf(plan.part, sizeof plan.part, "%s", rest);
    plan.action =
        (enum action)index_of(action, action_names, sizeof action_names / sizeof *action_names);
    plan.call = (enum call)index_of(call, call_names, sizeof call_names / sizeof *call_names);
}

static void say(void)
{
    const char *path = getenv("FAULTIO_SAY");
    if (!path || atomic_exchange(&plan.said, true))
        return;
    int fd = (int)syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (fd >= 0) {
        syscall(SYS_write, fd, "!", 1);
        close(fd);
    }
}

static bool is_ours(const char *path)
{
    return strstr(path, plan.part) != NULL;
}

static bool is_our_fd(int fd)
{
    char link[40], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t len = readlink(link, path, sizeof path - 1);
    if (len < 0)
        return false;
    path[len] = '\0';
    return is_ours(path);
}

/* True when this call is to go wrong; errno is set. */
static bool strikes(void)
{
    long n = atomic_fetch_add(&plan.count, 1) + 1;
    bool once = plan.action == ACTION_ONCE || plan.action == ACTION_KILL;
    if (n < plan.nth || (once && n > plan.nth))
        return false;
    say();
    if (plan.action == ACTION_KILL)
        kill(getpid(), SIGKILL);
    errno = plan.action == ACTION_ENOSPC ? ENOSPC : EIO;
    return true;
}

static bool strikes_fd(enum call call, int fd)
{
    return plan.call == call && is_our_fd(fd) && strikes();
}

static void *next(const char *name)
{
    return dlsym(RTLD_NEXT, name);
}

/* ---- writing */

/* NOLINTBEGIN(readability-inconsistent-declaration-parameter-name): glibc names them by reserved words */
/* Half of it is really there, as after a disk that broke off. */
static bool shortened(void)
{
    return plan.action == ACTION_SHORT && atomic_load(&plan.count) == plan.nth;
}

ssize_t write(int fd, const void *bytes, size_t len)
{
    ssize_t (*real)(int, const void *, size_t) = next("write");
    if (strikes_fd(CALL_WRITE, fd))
        return shortened() ? real(fd, bytes, (len + 1) / 2) : -1;
    return real(fd, bytes, len);
}

static ssize_t pwrite_by(const char *name, int fd, const void *bytes, size_t len, off_t at)
{
    ssize_t (*real)(int, const void *, size_t, off_t) = next(name);
    if (strikes_fd(CALL_WRITE, fd))
        return shortened() ? real(fd, bytes, (len + 1) / 2, at) : -1;
    return real(fd, bytes, len, at);
}

ssize_t pwrite(int fd, const void *bytes, size_t len, off_t at)
{
    return pwrite_by("pwrite", fd, bytes, len, at);
}

ssize_t pwrite64(int fd, const void *bytes, size_t len, off64_t at)
{
    return pwrite_by("pwrite64", fd, bytes, len, at);
}

ssize_t writev(int fd, const struct iovec *parts, int count)
{
    ssize_t (*real)(int, const struct iovec *, int) = next("writev");
    return strikes_fd(CALL_WRITE, fd) ? -1 : real(fd, parts, count);
}

/* ---- syncing */

static int sync_by(const char *name, int fd)
{
    int (*real)(int) = next(name);
    if (strikes_fd(CALL_SYNC, fd))
        return plan.action == ACTION_LIE ? 0 : -1;
    return real(fd);
}

int fsync(int fd)
{
    return sync_by("fsync", fd);
}

int fdatasync(int fd)
{
    return sync_by("fdatasync", fd);
}

/* A hint that starts writing early; a disk that lies about syncing does not take it either. */
int sync_file_range(int fd, off64_t at, off64_t len, unsigned flags)
{
    int (*real)(int, off64_t, off64_t, unsigned) = next("sync_file_range");
    bool lies = plan.call == CALL_SYNC && plan.action == ACTION_LIE && is_our_fd(fd);
    return lies ? 0 : real(fd, at, len, flags);
}

/* ---- names and sizes */

int rename(const char *from, const char *to)
{
    int (*real)(const char *, const char *) = next("rename");
    return plan.call == CALL_RENAME && is_ours(to) && strikes() ? -1 : real(from, to);
}

static int truncate_by(const char *name, int fd, off_t len)
{
    int (*real)(int, off_t) = next(name);
    return strikes_fd(CALL_TRUNCATE, fd) ? -1 : real(fd, len);
}

int ftruncate(int fd, off_t len)
{
    return truncate_by("ftruncate", fd, len);
}

int ftruncate64(int fd, off64_t len)
{
    return truncate_by("ftruncate64", fd, len);
}

static bool open_strikes(const char *path, int flags)
{
    return plan.call == CALL_OPEN && (flags & O_ACCMODE) != O_RDONLY && is_ours(path) && strikes();
}

#define OPEN(name, real_name)                                                                      \
    int name(const char *path, int flags, ...)                                                     \
    {                                                                                              \
        int (*real)(const char *, int, ...) = next(real_name);                                     \
        va_list args;                                                                              \
        va_start(args, flags);                                                                     \
        mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(args, mode_t) : 0;                    \
        va_end(args);                                                                              \
        return open_strikes(path, flags) ? -1 : real(path, flags, mode);                           \
    }
OPEN(open, "open")
OPEN(open64, "open64")
/* NOLINTEND(readability-inconsistent-declaration-parameter-name) */
