#include "jail.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <seccomp.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* What iconv, malloc and abort() need, measured with strace over all readers. Whatever is
 * not here kills the process. */
static const int allowed[] = {
    SCMP_SYS(brk),           SCMP_SYS(munmap),     SCMP_SYS(mremap),       SCMP_SYS(madvise),
    SCMP_SYS(futex),         SCMP_SYS(getrandom),  SCMP_SYS(rt_sigreturn), SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(clock_gettime), SCMP_SYS(exit_group), SCMP_SYS(gettid),       SCMP_SYS(getpid),
};

static int allow_plain(scmp_filter_ctx filter)
{
    for (size_t i = 0; i < sizeof allowed / sizeof *allowed; i++) {
        int error = seccomp_rule_add(filter, SCMP_ACT_ALLOW, allowed[i], 0);
        if (error)
            return error;
    }
    return 0;
}

static struct scmp_arg_cmp argument(unsigned number, scmp_datum_t mask, scmp_datum_t value)
{
    return (struct scmp_arg_cmp){number, SCMP_CMP_MASKED_EQ, mask, value};
}

/* Reading and writing the socket (stdin); writing what was stderr, /dev/null by now; memory that is
 * not executable and no file's; abort() of oneself. */
static int allow_narrow(scmp_filter_ctx filter)
{
    const scmp_datum_t all = ~(scmp_datum_t)0;
    const struct {
        int call;
        struct scmp_arg_cmp first;
    } narrow[] = {
        {SCMP_SYS(read), argument(0, all, STDIN_FILENO)},
        {SCMP_SYS(write), argument(0, all, STDIN_FILENO)},
        {SCMP_SYS(write), argument(0, all, STDERR_FILENO)},
        {SCMP_SYS(tgkill), argument(0, all, (scmp_datum_t)getpid())},
    };
    int error = 0;
    for (size_t i = 0; !error && i < sizeof narrow / sizeof *narrow; i++)
        error = seccomp_rule_add(filter, SCMP_ACT_ALLOW, narrow[i].call, 1, narrow[i].first);
    if (!error)
        error =
            seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 2, argument(2, PROT_EXEC, 0),
                             argument(3, MAP_ANONYMOUS, MAP_ANONYMOUS));
    return error;
}

/* Best effort: kernels before 5.13, or built without it, have none. Every right over files is
 * handled and none is granted. */
static uint8_t forbid_files(void)
{
    long version = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
    if (version < 1)
        return 0;
    struct landlock_ruleset_attr rights = {0};
    rights.handled_access_fs = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1; /* version 1 */
    if (version >= 2)
        rights.handled_access_fs |= LANDLOCK_ACCESS_FS_REFER;
    int ruleset = (int)syscall(SYS_landlock_create_ruleset, &rights, sizeof rights, 0);
    if (ruleset < 0)
        return 0;
    long error = syscall(SYS_landlock_restrict_self, ruleset, 0);
    close(ruleset);
    return error ? 0 : JAIL_LANDLOCK;
}

/* Messages of abort() and assert() go nowhere: the log must hold no line that a document wrote. */
static int silence(void)
{
    int fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    int error = dup2(fd, STDERR_FILENO) < 0 ? -errno : 0;
    close(fd);
    return error;
}

static int enter(uint8_t *layers_out)
{
#ifdef DATELINE_SANITIZED
    /* The sanitizers' runtimes open files and ask the kernel for more than any list should allow.
     */
    (void)allow_plain;
    (void)allow_narrow;
    (void)forbid_files;
    (void)silence;
    (void)layers_out;
    return -ENOTSUP;
#else
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        return -ENOTSUP;
    int error = silence();
    if (error)
        return error;
    uint8_t layers = forbid_files();
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
    if (!filter)
        return -ENOMEM;
    error = allow_plain(filter);
    if (!error)
        error = allow_narrow(filter);
    if (!error)
        error = seccomp_load(filter);
    seccomp_release(filter);
    /* A kernel or a service unit without seccomp refuses with one of these. */
    if (error == -EINVAL || error == -ENOSYS || error == -EPERM || error == -ECANCELED)
        return -ENOTSUP;
    if (error)
        return error;
    *layers_out = layers | JAIL_SECCOMP;
    return 0;
#endif
}

const struct jail jail_seccomp = {"seccomp", enter};
