#include "push.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "slurp.h"

/*
 * {"v":1, "files": {"/absolute/path": {"inode":N, "offset":N, "line":N}}}
 *
 * Written beside and renamed, after fdatasync(): after a crash it is the old one or the new one. What
 * it says may be behind what was taken, never ahead.
 */
#define VERSION       1
#define POSITION_FILE (16UL << 20) /* bytes: a hundred thousand files */

struct push_place {
    char *path;
    json_t *root, *files;
    bool changed;
};

static int load(struct push_place *place)
{
    struct buf text = BUF_NONE;
    int err = slurp_file(place->path, POSITION_FILE, &text);
    if (err == 0)
        place->root = json_loadb(text.at ? text.at : "", text.len, 0, NULL);
    buf_free(&text);
    if (err == -ENOENT) {
        place->root = json_pack("{s:i, s:{}}", "v", VERSION, "files");
        err = 0;
    }
    place->files = json_object_get(place->root, "files");
    if (err == 0 && (!json_is_object(place->files) ||
                     json_integer_value(json_object_get(place->root, "v")) != VERSION))
        err = -EBADMSG;
    return err;
}

static void place_free(struct push_place *place)
{
    json_decref(place->root);
    free(place->path);
    free(place);
}

int push_place_open(const char *path, struct push_place **out)
{
    struct push_place *place = xcalloc(1, sizeof *place);
    place->path = xstrdup(path);
    int err = load(place);
    if (err)
        place_free(place);
    else
        *out = place;
    return err;
}

static uint64_t number(const json_t *object, const char *key)
{
    json_int_t n = json_integer_value(json_object_get(object, key));
    return n > 0 ? (uint64_t)n : 0;
}

void push_place_find(struct push_place *place, struct push_file *file)
{
    struct stat st;
    char *path = realpath(file->name, NULL);
    const json_t *entry = path ? json_object_get(place->files, path) : NULL;
    uint64_t offset = number(entry, "offset");
    bool same = entry && stat(path, &st) == 0 && (uint64_t)st.st_ino == number(entry, "inode") &&
                (file->lines ? offset <= (uint64_t)st.st_size : offset == (uint64_t)st.st_size);
    if (same) {
        file->inode = (uint64_t)st.st_ino;
        file->from = offset;
        file->from_line = number(entry, "line");
    }
    free(path);
}

void push_place_set(struct push_place *place, const struct push_file *file, uint64_t offset,
                    uint64_t line)
{
    char *path = realpath(file->name, NULL);
    if (path) {
        json_object_set_new(place->files, path,
                            json_pack("{s:I, s:I, s:I}", "inode", (json_int_t)file->inode, "offset",
                                      (json_int_t)offset, "line", (json_int_t)line));
        place->changed = true;
    }
    free(path);
}

static int write_file(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    size_t len = strlen(text);
    if (fd < 0)
        return -errno;
    ssize_t n = write(fd, text, len);
    int err = n < 0 ? -errno : (size_t)n < len ? -ENOSPC : 0;
    if (!err && fdatasync(fd) < 0)
        err = -errno;
    if (close(fd) < 0 && !err)
        err = -errno;
    return err;
}

int push_place_write(struct push_place *place)
{
    if (!place->changed)
        return 0;
    char *beside = xasprintf("%s.tmp", place->path),
         *text = json_dumps(place->root, JSON_INDENT(1));
    int err = text ? write_file(beside, text) : -EILSEQ;
    if (!err && rename(beside, place->path) < 0)
        err = -errno;
    if (!err)
        place->changed = false;
    free(beside);
    free(text);
    return err;
}

int push_place_close(struct push_place *place)
{
    if (!place)
        return 0;
    int err = push_place_write(place);
    place_free(place);
    return err;
}
