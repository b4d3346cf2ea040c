#include "inside.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "log.h"

static int place_make(const char *path, char why[STORE_WHY])
{
    int error = mkdir(path, 0750) < 0 ? errno : -copy_sync_above(path);
    if (error == 0)
        return 0;
    if (error == ENOENT)
        snprintf(why, STORE_WHY,
                 "cannot make the state directory %.100s: the directory above it is not there",
                 log_safez(path));
    else
        snprintf(why, STORE_WHY, "cannot make the state directory %.100s: %s", log_safez(path),
                 strerror(error));
    return -error;
}

static int place_enter(const char *path, bool read_only, char why[STORE_WHY])
{
    if (access(path, read_only ? R_OK | X_OK : R_OK | W_OK | X_OK) == 0)
        return 0;
    int error = errno;
    if (error == EROFS)
        snprintf(why, STORE_WHY, "state directory %.100s lies on a read-only file system",
                 log_safez(path));
    else
        snprintf(why, STORE_WHY, "state directory %.100s is not %s for this user: %s",
                 log_safez(path), read_only ? "readable" : "writable", strerror(error));
    return -error;
}

static bool name_ends(const char *name, struct str end)
{
    return str_ends(str_of(name), end);
}

/* RocksDB's own log, or the journal. */
static bool is_log(const char *name)
{
    return name_ends(name, STR(".log")) || name_ends(name, STR(JOURNAL_SUFFIX));
}

static int place_nothing(const char *path, char why[STORE_WHY])
{
    snprintf(why, STORE_WHY, "there is no state in %.100s yet", log_safez(path));
    return -ENOENT;
}

/* Tables or logs without the CURRENT file that leads to them are a state that lost something, not a
 * fresh start. */
int place_contents(const char *path, bool read_only, bool *out_fresh, char why[STORE_WHY])
{
    DIR *dir = opendir(path);
    if (!dir) {
        int error = errno;
        snprintf(why, STORE_WHY, "cannot read the state directory %.100s: %s", log_safez(path),
                 strerror(error));
        return -error;
    }
    bool current = false, data = false;
    for (struct dirent *e; (e = readdir(dir));) {
        current |= strcmp(e->d_name, "CURRENT") == 0;
        data |= name_ends(e->d_name, STR(".sst")) || is_log(e->d_name);
    }
    closedir(dir);
    if (data && !current) {
        snprintf(why, STORE_WHY,
                 "state %.100s is damaged: its file CURRENT is missing; restore a backup, or "
                 "datelined --repair",
                 log_safez(path));
        return -EUCLEAN;
    }
    if (!current && read_only)
        return place_nothing(path, why);
    *out_fresh = !current;
    return 0;
}

static int place_open_swap(const char *path, char why[STORE_WHY])
{
    snprintf(
        why, STORE_WHY,
        "there is no state %.70s, but %.70s.new: a restore or repair was interrupted; rename the "
        "db in it",
        log_safez(path), log_safez(path));
    return -EUCLEAN;
}

int place_look(const char *path, bool read_only, char why[STORE_WHY])
{
    struct stat st;
    int error = stat(path, &st) < 0 ? errno : 0;
    if (error == ENOENT && swap_is_open(path))
        return place_open_swap(path, why);
    if (error == ENOENT)
        return read_only ? place_nothing(path, why) : place_make(path, why);
    if (error) {
        snprintf(why, STORE_WHY, "cannot reach the state directory %.100s: %s", log_safez(path),
                 strerror(error));
        return -error;
    }
    if (!S_ISDIR(st.st_mode)) {
        snprintf(why, STORE_WHY, "state %.100s is not a directory", log_safez(path));
        return -ENOTDIR;
    }
    return place_enter(path, read_only, why);
}

int place_lock(const char *path, int *out_fd, char why[STORE_WHY])
{
    int fd = open(path, O_DIRECTORY | O_RDONLY | O_CLOEXEC);
    if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0) {
        *out_fd = fd;
        return 0;
    }
    int error = errno == EWOULDBLOCK ? EBUSY : errno;
    if (fd >= 0)
        close(fd);
    return version_why(path, -error, strerror(error), why);
}

/* ---- keeping damaged logs */

/* The smallest number of a NUMBER.log, 0 none. */
static uint64_t first_log(DIR *dir)
{
    uint64_t first = 0, n;
    rewinddir(dir);
    for (struct dirent *e; (e = readdir(dir));) {
        struct str name = str_of(e->d_name);
        if (str_ends(name, STR(".log")) && str_u64(str_upto(name, name.len - 4), &n) == 0 &&
            (first == 0 || n < first))
            first = n;
    }
    rewinddir(dir);
    return first;
}

static int copy_logs(DIR *dir, const char *to)
{
    int error = 0;
    int to_dir = open(to, O_DIRECTORY | O_RDONLY | O_CLOEXEC);
    if (to_dir < 0)
        return -errno;
    for (struct dirent *e; error == 0 && (errno = 0, e = readdir(dir));)
        if (is_log(e->d_name))
            error = copy_file(dirfd(dir), to_dir, e->d_name);
    if (error == 0 && errno)
        error = -errno;
    if (error == 0 && fsync(to_dir) < 0)
        error = -errno;
    close(to_dir);
    return error;
}

/* There under its name when it is whole: one that a full disk or a crash cut short is made again, for the
 * opening that follows takes the logs away. */
static int keep_aside(DIR *dir, const char *aside)
{
    struct stat st;
    if (lstat(aside, &st) == 0)
        return 0;
    char *partial = xasprintf("%s.partial", aside);
    int error = copy_remove(partial);
    if (error == 0 && mkdir(partial, 0750) < 0)
        error = -errno;
    if (error == 0)
        error = copy_logs(dir, partial);
    if (error == 0 && rename(partial, aside) < 0)
        error = -errno;
    free(partial);
    return error < 0 ? error : copy_sync_above(aside);
}

int place_keep_logs(const char *path, char **out_dir)
{
    DIR *dir = opendir(path);
    if (!dir)
        return -errno;
    char *aside = xasprintf("%s/damaged-%llu", path, (unsigned long long)first_log(dir));
    int error = keep_aside(dir, aside);
    closedir(dir);
    if (error < 0)
        free(aside);
    else
        *out_dir = aside;
    return error;
}

/* ---- what it takes */

uint64_t place_free(const char *path)
{
    struct statvfs fs;
    return statvfs(path, &fs) == 0 ? (uint64_t)fs.f_bavail * fs.f_frsize : 0;
}

void place_usage(const char *path, uint64_t *out_bytes, uint64_t *out_free)
{
    uint64_t bytes = 0;
    *out_free = place_free(path);
    DIR *dir = opendir(path);
    struct stat st;
    for (struct dirent *e; dir && (e = readdir(dir));)
        if (fstatat(dirfd(dir), e->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode))
            bytes += (uint64_t)st.st_blocks * 512;
    if (dir)
        closedir(dir);
    *out_bytes = bytes;
}
