/*
 * failmalloc.so, an LD_PRELOAD library: the FAIL_AT-th allocation fails, with FAIL_STICKY all after it
 * too. FAIL_COUNT names a file into which the number of allocations is written at the end.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* glibc's own names for the real ones: dlsym() would allocate. */
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *at, size_t size);

static atomic_long count;
static long fail_at = -1;
static bool sticky;

__attribute__((constructor)) static void read_plan(void)
{
    const char *at = getenv("FAIL_AT");
    fail_at = at ? strtol(at, NULL, 10) : -1;
    sticky = getenv("FAIL_STICKY") != NULL;
    atomic_store(&count, 0); /* what the loader took does not count */
}

__attribute__((destructor)) static void tell(void)
{
    char text[32];
    const char *path = getenv("FAIL_COUNT");
    int fd = path ? open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600) : -1;
    if (fd < 0)
        return;
    int len = snprintf(text, sizeof text, "%ld\n", atomic_load(&count));
    (void)!write(fd, text, (size_t)len);
    close(fd);
}

static bool fails(void)
{
    long n = atomic_fetch_add(&count, 1) + 1;
    if (fail_at < 0 || n < fail_at || (n > fail_at && !sticky))
        return false;
    errno = ENOMEM;
    return true;
}

/* NOLINTBEGIN(readability-inconsistent-declaration-parameter-name): glibc names them by reserved words */
void *malloc(size_t size)
{
    return fails() ? NULL : __libc_malloc(size);
}

void *calloc(size_t number, size_t size)
{
    return fails() ? NULL : __libc_calloc(number, size);
}

void *realloc(void *at, size_t size)
{
    return fails() ? NULL : __libc_realloc(at, size);
}
/* NOLINTEND(readability-inconsistent-declaration-parameter-name) */
