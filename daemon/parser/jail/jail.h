/*
 * The parser child's jail: a table of backends. Behind the door a process can read and write the
 * one socket it has, ask for memory and the time, and end; nothing else.
 */
#ifndef DATELINE_JAIL_H
#define DATELINE_JAIL_H

#include <stdint.h>

struct jail {
    const char *name;
    /* Shuts the door for good. 0 and the layers that hold (JAIL_*), -ENOTSUP when this build or
     * kernel cannot, or another negative errno. */
    int (*enter)(uint8_t *layers_out);
};

enum jail_layer { JAIL_SECCOMP = 1, JAIL_LANDLOCK = 2 };

extern const struct jail jail_seccomp, jail_none;

/* NULL when there is none of that name. */
const struct jail *jail_find(const char *name);

#endif
