#include "process.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <linux/limits.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "child.h"
#include "clock.h"
#include "parser.h"
#include "str.h"

extern char **environ;

/* libev's default loop reaps every child of the process (waitpid(-1)), perhaps before we do: keep
 * the status it saw. Highest priority, so that it is known before the socket's end of file is
 * handled. */
static void on_reaped(struct ev_loop *loop, ev_child *w, int events)
{
    (void)events;
    struct process *process = w->data;
    process->reaped = true;
    process->status = w->rstatus;
    ev_child_stop(loop, w);
}

static void watch(struct process *process)
{
    if (!ev_is_default_loop(process->loop))
        return;
    ev_child_init(&process->watcher, on_reaped, process->pid, 0);
    ev_set_priority(&process->watcher, EV_MAXPRI);
    process->watcher.data = process;
    ev_child_start(process->loop, &process->watcher);
}

/* The child's environment is empty, but for the options of a sanitizer it may be built with. */
static void clean_environment(char *out[4])
{
    static const char *const kept[] = {"ASAN_OPTIONS=", "UBSAN_OPTIONS=", "LSAN_OPTIONS="};
    size_t n = 0;
    for (char **e = environ; e && *e && n < ARRAY_LEN(kept); e++)
        for (size_t i = 0; i < ARRAY_LEN(kept); i++)
            if (strncmp(*e, kept[i], strlen(kept[i])) == 0 && n < ARRAY_LEN(kept))
                out[n++] = *e;
    out[n] = NULL;
}

/* posix_spawn and not fork: the daemon has threads and gigabytes mapped. */
static int spawn(const char *program, const char *jail, int fd, pid_t *out)
{
    char *argv[] = {strdup("dateline-parser"), strdup("--jail"), strdup(jail), NULL};
    char *env[4];
    clean_environment(env);
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_init(&files);
    posix_spawnattr_init(&attributes);
    posix_spawn_file_actions_adddup2(&files, fd, STDIN_FILENO);
    posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addclosefrom_np(&files, 3);
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &all);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    int error = posix_spawn(out, program, &files, &attributes, argv, env);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&files);
    for (size_t i = 0; argv[i]; i++)
        free(argv[i]);
    return -error;
}

/* Its clock and its schedstat stay those of this process, as long as it is not reaped. */
static void open_times(struct process *process)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/schedstat", (int)process->pid);
    process->waits = open(path, O_RDONLY | O_CLOEXEC);
    if (clock_getcpuclockid(process->pid, &process->clock) != 0)
        process->clock = (clockid_t)-1; /* then it counts as having used nothing */
}

int process_start(struct process *process, struct ev_loop *loop, const char *program,
                  const char *jail)
{
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
        return -errno;
    pid_t pid;
    int error = fcntl(pair[0], F_SETFL, O_NONBLOCK) < 0 ? -errno : 0;
    if (!error)
        error = spawn(program, jail, pair[1], &pid);
    close(pair[1]);
    if (error) {
        close(pair[0]);
        return error;
    }
    *process = (struct process){.pid = pid, .fd = pair[0], .loop = loop};
    open_times(process);
    watch(process);
    return 0;
}

void process_end(struct process *process)
{
    if (!process->pid)
        return;
    if (ev_is_default_loop(process->loop))
        ev_child_stop(process->loop, &process->watcher);
    if (!process->reaped) {
        /* A jailed child sleeps on nothing but its socket, so this wait is over at once. */
        kill(process->pid, SIGKILL);
        while (waitpid(process->pid, &process->status, 0) < 0 && errno == EINTR)
            ;
        process->reaped = true;
    }
    close(process->fd);
    if (process->waits >= 0)
        close(process->waits);
    process->pid = 0;
    process->fd = -1;
}

static int64_t cpu_of(const struct process *process)
{
    struct timespec used;
    if (clock_gettime(process->clock, &used) < 0)
        return 0;
    return (int64_t)used.tv_sec * USEC_PER_SEC + used.tv_nsec / 1000;
}

/* schedstat: ns on a processor, ns runnable and waiting for one, slices. */
static int64_t waiting_of(const struct process *process)
{
    char text[128];
    ssize_t len = process->waits < 0 ? -1 : pread(process->waits, text, sizeof text, 0);
    if (len <= 0)
        return 0;
    struct str rest = {text, (size_t)len}, field = STR_NONE;
    uint64_t ns;
    for (int i = 0; i < 2; i++)
        str_cut(&rest, ' ', &field);
    if (str_u64(field, &ns))
        return 0;
    return (int64_t)(ns / 1000);
}

void process_time(const struct process *process, struct process_time *out)
{
    *out = (struct process_time){cpu_of(process), waiting_of(process)};
}

static void signal_epitaph(int number, char *out, size_t size)
{
    if (number == SIGSYS)
        snprintf(out, size, "the parser child made a system call that its jail forbids");
    else
        snprintf(out, size, "the parser child was killed by SIG%s",
                 sigabbrev_np(number) ? sigabbrev_np(number) : "?");
}

void process_epitaph(const struct process *process, char *out, size_t size)
{
    if (!process->reaped)
        snprintf(out, size, "the parser child is gone");
    else if (WIFSIGNALED(process->status))
        signal_epitaph(WTERMSIG(process->status), out, size);
    else if (WEXITSTATUS(process->status) == CHILD_OUT_OF_MEMORY)
        snprintf(out, size, "the parser child ran out of memory");
    else if (WEXITSTATUS(process->status) == CHILD_ABORTED)
        snprintf(out, size, "the parser child aborted");
    else
        snprintf(out, size, "the parser child exited with status %d", WEXITSTATUS(process->status));
}

const char *parser_program(void)
{
    static char path[PATH_MAX + 32];
    char self[PATH_MAX];
    ssize_t len = readlink("/proc/self/exe", self, sizeof self - 1);
    if (len > 0) {
        self[len] = '\0';
        const char *folder = dirname(self);
        snprintf(path, sizeof path, "%s/dateline-parser", folder);
        if (access(path, X_OK) == 0)
            return path;
        /* Installed below another prefix than the one it was built for. */
        snprintf(path, sizeof path, "%s/../libexec/dateline/dateline-parser", folder);
        if (access(path, X_OK) == 0)
            return path;
    }
    snprintf(path, sizeof path, "%s/dateline-parser", DATELINE_LIBEXEC);
    return path;
}
