/*
 * RocksDB reports errors as text on the heap. This is the only place that reads that text.
 */
#ifndef DATELINE_STORE_STATUS_H
#define DATELINE_STORE_STATUS_H

#include "str.h"

/* Negative errno of a RocksDB message: -EBUSY (its LOCK is held), -EACCES, -EROFS, -ENOSPC,
 * -ENOTDIR, -ENOENT, -EMFILE, -EUCLEAN (damaged), else -EIO. */
int status_errno(const char *message);

/* 0 when *message is NULL. Else its errno; the message moves into `text` (cut, never escaped) when
 * that is not NULL, and is freed. */
#define STATUS_TEXT 512
int status_take(char **message, char text[STATUS_TEXT]);

#endif
