#include "inside.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>

static int copy_bytes(int from, int to)
{
    char bytes[64 << 10];
    for (;;) {
        ssize_t n = read(from, bytes, sizeof bytes);
        if (n == 0)
            return 0;
        if (n < 0)
            return -errno;
        for (ssize_t done = 0, w; done < n; done += w) {
            w = write(to, bytes + done, (size_t)(n - done));
            if (w < 0)
                return -errno;
        }
    }
}

int copy_file(int from_dir, int to_dir, const char *name)
{
    int error = 0;
    int from = openat(from_dir, name, O_RDONLY | O_CLOEXEC);
    if (from < 0)
        return -errno;
    int to = openat(to_dir, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
    if (to < 0) {
        error = -errno;
        goto out_from;
    }
    error = copy_bytes(from, to);
    if (error == 0 && fsync(to) < 0)
        error = -errno;
    close(to);
out_from:
    close(from);
    return error;
}

int copy_sync_dir(const char *path)
{
    int fd = open(path, O_DIRECTORY | O_RDONLY | O_CLOEXEC);
    int error = fd < 0 || fsync(fd) < 0 ? -errno : 0;
    if (fd >= 0)
        close(fd);
    return error;
}

int copy_sync_above(const char *path)
{
    char *above = xasprintf("%s/..", path);
    int error = copy_sync_dir(above);
    free(above);
    return error;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
    (void)st, (void)type, (void)at;
    return remove(path) < 0 ? errno : 0;
}

int copy_remove(const char *path)
{
    int error = nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    if (error < 0)
        error = errno;
    return error == ENOENT ? 0 : -error;
}

/* A table is never written again once it is there: a second name for it is a copy. */
static int copy_entry(int from_dir, int to_dir, const char *name)
{
    if (str_ends(str_of(name), STR(".sst")) && linkat(from_dir, name, to_dir, name, 0) == 0)
        return 0;
    return copy_file(from_dir, to_dir, name);
}

static int copy_entries(DIR *dir, const char *to)
{
    int error = 0;
    int to_dir = open(to, O_DIRECTORY | O_RDONLY | O_CLOEXEC);
    if (to_dir < 0)
        return -errno;
    for (struct dirent *e; error == 0 && (errno = 0, e = readdir(dir));) {
        struct stat st;
        if (fstatat(dirfd(dir), e->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
            error = -errno;
        else if (S_ISREG(st.st_mode))
            error = copy_entry(dirfd(dir), to_dir, e->d_name);
    }
    if (error == 0 && errno) /* its end, or an error: a copy of half of it is none */
        error = -errno;
    if (error == 0 && fsync(to_dir) < 0)
        error = -errno;
    close(to_dir);
    return error;
}

int copy_state(const char *from, const char *to)
{
    char *partial = xasprintf("%s.partial", to);
    DIR *dir = opendir(from);
    int error = dir ? copy_remove(partial) : -errno;
    if (error == 0 && mkdir(partial, 0750) < 0)
        error = -errno;
    if (error == 0)
        error = copy_entries(dir, partial);
    if (error == 0 && rename(partial, to) < 0)
        error = -errno;
    if (error == 0)
        error = copy_sync_above(to);
    if (dir)
        closedir(dir);
    free(partial);
    return error;
}

char *copy_free_name(const char *path, const char *suffix)
{
    char *name = xasprintf("%s.%s", path, suffix);
    struct stat st;
    for (unsigned n = 2; lstat(name, &st) == 0; n++) {
        free(name);
        name = xasprintf("%s.%s-%u", path, suffix, n);
    }
    return name;
}
