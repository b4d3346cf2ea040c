/* What datelined does to its state instead of running. Each gives an exit status of sysexits.h, and has said
 * on stderr why it is not 0. */
#ifndef DATELINE_PIPELINE_OFFLINE_H
#define DATELINE_PIPELINE_OFFLINE_H

#include "config.h"

#include <stdint.h>

/* -t --check-state: every row of the state; 65 when something is wrong with it. */
int offline_check(const struct config *config);
/* --repair: what can be read becomes the state, the damaged one is kept beside it. */
int offline_repair(const struct config *config);
/* --restore DIR [--backup ID]: id 0, the newest. */
int offline_restore(const struct config *config, const char *dir, uint32_t id);
/* --backups DIR */
int offline_backups(const char *dir);

#endif
