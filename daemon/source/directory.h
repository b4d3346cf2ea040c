/*
 * Inside of the directory kind: directory.c knows the kernel's events and whose turn it is, files.c
 * what lies in a directory and how one file of it is taken.
 */
#ifndef DATELINE_DIRECTORY_H
#define DATELINE_DIRECTORY_H

#include "kind.h"
#include "taken.h"

#include <dirent.h>

struct pending { /* in the order in which they are taken */
    UT_hash_handle hh;
    int64_t modified_at;
    char name[];
};

struct directory {
    struct source *source;
    int wd; /* the watch; -1: not attached */
    int fd; /* the directory, during a turn that takes files; else -1 */
    struct taken taken;
    bool begun; /* the first scan has ended */
    struct pending *pending;
    /* a scan that runs */
    DIR *scan;
    struct taken_found *found;
    size_t found_count, found_cap;
    /* the file under way */
    char *current;
    uint64_t current_stamp;
    bool busy; /* on the list of those with something to do */
    struct directory *next, *prev;
    bool unsaved; /* on the list of those whose sums changed with nothing to carry them */
    struct directory *unsaved_next, *unsaved_prev;
    UT_hash_handle by_wd;
};

/* ---- directory.c */
/* What was taken has changed and no source_file_done() will say so: told a little later. */
void directory_unsaved(struct directory *d);

/* ---- files.c */
/* Can a file be handed up now? */
bool files_may_take(const struct directory *d);
/* A name the directory's rules do not leave alone: not hidden, not *.tmp, not *.part. */
bool files_is_ours(struct str name);
/* To be taken; twice is fine. */
void files_want(struct directory *d, const char *name, int64_t modified_at);
/* Is no longer there. */
void files_forget(struct directory *d, const char *name);
/* Is it a regular file with more than one name? Such a one is complete when it appears, and nothing
 * else is told. */
bool files_is_link(const struct directory *d, const char *name);
int files_begin_scan(struct directory *d); /* 0, a negative errno; nothing when one runs */
void files_scan_step(struct directory *d); /* some entries; the last step ends the scan */
void files_end_scan(struct directory *d);
/* 1 when a file was handed up: then the directory may be gone. 0, or a negative errno. */
int files_take_next(struct directory *d);
void files_done(struct directory *d);

#endif
