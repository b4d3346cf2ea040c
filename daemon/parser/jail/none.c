#include "jail.h"

/* For sanitizer builds, whose runtime needs calls that no jail should allow, and for kernels
 * without seccomp. The parent's deadline and the child's empty hands remain. */
static int enter(uint8_t *layers_out)
{
    *layers_out = 0;
    return 0;
}

const struct jail jail_none = {"none", enter};
