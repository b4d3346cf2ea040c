#include "status.h"

#include <errno.h>
#include <rocksdb/c.h>

/* In this order: a lock's message holds the text of EAGAIN or EACCES as well. */
static const struct {
    const char *text;
    int error;
} status_texts[] = {
    {"hile lock file", -EBUSY},
    {"lock hold by current process", -EBUSY},
    {"No space left on device", -ENOSPC},
    {"Disk quota exceeded", -ENOSPC},
    {"Read-only file system", -EROFS},
    {"Permission denied", -EACCES},
    {"Operation not permitted", -EACCES},
    {"Not a directory", -ENOTDIR},
    {"Too many open files", -EMFILE},
    {"Corruption", -EUCLEAN},
    {"CURRENT file does not end with newline", -EUCLEAN},
    {"No such file or directory", -ENOENT},
};

int status_errno(const char *message)
{
    for (size_t i = 0; i < ARRAY_LEN(status_texts); i++)
        if (strstr(message, status_texts[i].text))
            return status_texts[i].error;
    return -EIO;
}

int status_take(char **message, char text[STATUS_TEXT])
{
    if (!*message)
        return 0;
    int error = status_errno(*message);
    if (text)
        snprintf(text, STATUS_TEXT, "%s", *message);
    rocksdb_free(*message);
    *message = NULL;
    return error;
}
