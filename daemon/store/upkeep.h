/*
 * What is done to a state that no daemon is using: checking it whole, repairing it, restoring a backup;
 * and backups of one that is in use.
 *
 * All of it works on a thread of its own as well; what it has to say comes through `told`, from there.
 */
#ifndef DATELINE_STORE_UPKEEP_H
#define DATELINE_STORE_UPKEEP_H

#include "store.h"

#define UPKEEP_FAMILIES 16

struct upkeep_told {
    /* One line: what is wrong or lost, with the key in hex. Harmless text. May be NULL. */
    void (*say)(void *ctx, const char *line);
    /* Every so many rows. May be NULL. */
    void (*progress)(void *ctx, const char *family, uint64_t rows);
    void *ctx;
};

struct upkeep_family {
    const char *name;
    uint64_t rows, bytes; /* that were read and decode */
    uint64_t damaged;     /* rows that do not, and stretches that cannot be read */
};

/* ---- check */
struct upkeep_check {
    struct upkeep_family families[UPKEEP_FAMILIES];
    size_t count;
    uint64_t wrong; /* all that was said, damaged rows included */
};
/* Reads every row of every family with its checksum and holds them against each other. Nothing is changed. 0:
 * look at out->wrong. Else as store_open() of a read-only store, `why` filled. */
int store_check(const char *path, const struct upkeep_told *told, struct upkeep_check *out,
                char why[STORE_WHY]);

/* ---- repair */
struct upkeep_repair {
    struct upkeep_family families[UPKEEP_FAMILIES]; /* rows: that were saved */
    size_t count;
    uint64_t lost_items;  /* accepted, neither done nor found */
    bool needed;          /* false: nothing was wrong and nothing was done */
    char kept[STORE_WHY]; /* where the damaged state is now */
};
/* Saves every row that can be read into a new state that takes the old one's place; the old one is kept whole
 * beside it. The new one has a new epoch. 0, or a negative errno with `why`: the state is as it was. */
int store_repair(const char *path, const struct upkeep_told *told, struct upkeep_repair *out,
                 char why[STORE_WHY]);

/* ---- backups */
struct upkeep_backup {
    uint32_t id;
    int64_t at;     /* µs UTC */
    uint64_t bytes; /* of all its files, shared ones included */
    uint32_t files;
};
/* Of a store that is in use, into the directory `dir`, which is made when its parent is there; tables that an
 * earlier backup there has are shared with it. keep: how many are left there afterwards, 0 all. May be
 * called on a thread of its own, one at a time, while the store stays open; then store_settle() comes before it, on
 * the loop: what was committed by then is in the backup. 0 or a negative errno with `why`. */
int store_backup(struct store *store, const char *dir, unsigned keep, struct upkeep_backup *out,
                 char why[STORE_WHY]);
/* What lies in `dir`, oldest first; *out on the heap. */
int store_backup_list(const char *dir, struct upkeep_backup **out, size_t *out_count,
                      char why[STORE_WHY]);
/* Reads all files of a backup, or of the newest (0), and opens and checks it as a state, in a place beside
 * it. 0, -EUCLEAN. */
int store_backup_verify(const char *dir, uint32_t id, const struct upkeep_told *told,
                        char why[STORE_WHY]);
/* Puts a backup, or the newest (0), in the place of the state at `path`, with a new epoch: numbers that were
 * handed out after the backup will be given again, to other results. The old state is kept:
 * kept[0] == 0 when there was none. 0 or a negative errno with `why`: the state is as it was. */
int store_restore(const char *path, const char *dir, uint32_t id, char kept[STORE_WHY],
                  char why[STORE_WHY]);

#endif
