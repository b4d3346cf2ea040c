/*
 * One state takes the place of another, and the other stays.
 *
 *     state             in use, or empty
 *     state.new/db      the new one, while it is made; state.new/building lies beside it until it is whole
 *
 * When it is whole the two change places in one step (renameat2(2), RENAME_EXCHANGE), and the old one is
 * moved to state.before-WHY. A crash at any point leaves either state in place whole, never neither;
 * what lies in state.new afterwards is removed by the next swap when it is still marked as being built,
 * and kept as state.before-WHY when it is not.
 */
#include "inside.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static bool is_there(const char *path)
{
    struct stat st;
    return lstat(path, &st) == 0;
}

bool swap_is_open(const char *path)
{
    char *db = xasprintf("%s.new/db", path);
    bool open = is_there(db);
    free(db);
    return open;
}

static int mark(const char *path)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0640);
    if (fd < 0)
        return -errno;
    close(fd);
    return 0;
}

/* An empty directory is no state, and goes. */
static int put_aside(struct swap *swap)
{
    if (rmdir(swap->db) == 0 || errno == ENOENT)
        return 0;
    char *kept = copy_free_name(swap->path, swap->suffix);
    if (rename(swap->db, kept) < 0) {
        int error = -errno;
        free(kept);
        return error;
    }
    free(swap->kept);
    swap->kept = kept;
    return 0;
}

static int clear_side(struct swap *swap)
{
    if (!is_there(swap->building)) {
        int error = put_aside(swap);
        if (error < 0)
            return error;
    }
    return copy_remove(swap->side);
}

int swap_begin(struct swap *swap, const char *path, const char *why)
{
    *swap = (struct swap){
        .path = xstrdup(path),
        .suffix = xasprintf("before-%s", why),
        .side = xasprintf("%s.new", path),
        .db = xasprintf("%s.new/db", path),
        .building = xasprintf("%s.new/building", path),
    };
    int error = clear_side(swap);
    if (error == 0 && mkdir(swap->side, 0750) < 0)
        error = -errno;
    if (error == 0)
        error = mark(swap->building);
    if (error == 0 && mkdir(swap->db, 0750) < 0)
        error = -errno;
    if (error == 0)
        error = copy_sync_dir(swap->side);
    return error < 0 ? error : copy_sync_above(swap->side);
}

/* File systems without the exchange (NFS) take two steps; between them place_look() refuses a start. */
static int exchange(struct swap *swap)
{
    if (renameat2(AT_FDCWD, swap->db, AT_FDCWD, swap->path, RENAME_EXCHANGE) == 0)
        return 0;
    if (errno != EINVAL && errno != ENOSYS)
        return -errno;
    char *kept = copy_free_name(swap->path, swap->suffix);
    int error = rename(swap->path, kept) < 0 ? -errno : 0;
    if (error == 0 && rename(swap->db, swap->path) < 0) {
        error = -errno;
        rename(kept, swap->path); /* as it was; else place_look() says where the states are */
    }
    if (error == 0)
        swap->kept = kept;
    else
        free(kept);
    return error;
}

int swap_finish(struct swap *swap)
{
    int error = copy_sync_dir(swap->db);
    if (error == 0 && unlink(swap->building) < 0)
        error = -errno;
    if (error == 0)
        error = copy_sync_dir(swap->side);
    if (error == 0)
        error = exchange(swap);
    if (error == 0)
        error = copy_sync_above(swap->path);
    if (error == 0)
        error = put_aside(swap);
    if (error == 0)
        error = copy_remove(swap->side);
    return error < 0 ? error : copy_sync_above(swap->path);
}

void swap_done(struct swap *swap)
{
    if (swap->building && is_there(swap->building))
        copy_remove(swap->side);
    free(swap->path);
    free(swap->suffix);
    free(swap->side);
    free(swap->db);
    free(swap->building);
    free(swap->kept);
    *swap = (struct swap){0};
}
