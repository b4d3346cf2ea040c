#include "crash.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "log.h"
#include "str.h"

#ifdef DATELINE_CRASH_POINTS

#define X(name, program, where) name,
static const char *const names[] = {CRASH_POINTS(X)};
#undef X

/* SIGKILL runs no handler and flushes nothing: what is not with the kernel is lost, as in a crash. */
static _Noreturn void crash(void)
{
    kill(getpid(), SIGKILL);
    for (;;)
        pause();
}

static bool is_listed(struct str name)
{
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (str_is(name, names[i]))
            return true;
    return false;
}

void crash_point(const char *name)
{
    static atomic_uint_fast64_t reached;
    const char *wanted = getenv("DATELINE_CRASH_AT");
    uint64_t nth = 1;
    if (!wanted)
        return;
    struct str rest = str_of(wanted), at = STR_NONE;
    str_cut(&rest, ':', &at);
    if (!is_listed(at) || (rest.len && str_u64(rest, &nth) != 0)) {
        log_error("crash: no such point DATELINE_CRASH_AT=%s", log_safez(wanted));
        exit(EXIT_FAILURE);
    }
    if (str_is(at, name) && atomic_fetch_add(&reached, 1) + 1 == nth)
        crash();
}

#endif
