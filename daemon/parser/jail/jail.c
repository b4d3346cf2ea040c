#include "jail.h"

#include <stddef.h>
#include <string.h>

static const struct jail *const jails[] = {&jail_seccomp, &jail_none, NULL};

const struct jail *jail_find(const char *name)
{
    for (const struct jail *const *jail = jails; *jail; jail++)
        if (strcmp((*jail)->name, name) == 0)
            return *jail;
    return NULL;
}
