/*
 * A file, or what comes out of a descriptor, whole.
 */
#ifndef DATELINE_SLURP_H
#define DATELINE_SLURP_H

#include "str.h"

/* Appends at most `limit` bytes. 0; -EFBIG when there are more (*out then holds limit + 1 of them);
 * or the negative errno of read(). */
int slurp_fd(int fd, size_t limit, struct buf *out);

/* The same of a file by its name; or the negative errno of open(). */
int slurp_file(const char *path, size_t limit, struct buf *out);

#endif
