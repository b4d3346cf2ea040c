/* A folder of a test's own, below $TMPDIR or /tmp, and files that are read whole. */
#ifndef DATELINE_TEST_SCRATCH_H
#define DATELINE_TEST_SCRATCH_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>

#include "slurp.h"

#define SCRATCH_PATH 64 /* bytes of the folder's path: a socket's address has 108 */

/* 0 or -1, as cmocka wants it of a set-up. */
static inline int scratch_make(char dir[static SCRATCH_PATH])
{
    const char *tmp = getenv("TMPDIR");
    snprintf(dir, SCRATCH_PATH, "%.40s/dateline.XXXXXX", tmp && *tmp ? tmp : "/tmp");
    return mkdtemp(dir) ? 0 : -1;
}

static inline int scratch_remove_one(const char *path, const struct stat *st, int type,
                                     struct FTW *at)
{
    (void)st, (void)type, (void)at;
    return remove(path);
}

/* The folder and all in it. */
static inline int scratch_remove(const char *dir)
{
    return nftw(dir, scratch_remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static inline void scratch_read(const char *path, struct buf *out)
{
    if (slurp_file(path, 64UL << 20, out) != 0)
        fail_msg("%s cannot be read", path);
}

#endif
