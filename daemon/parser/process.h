/*
 * One parser child as a process: started, watched, ended. Knows nothing of documents.
 *
 * The child has the socket as its stdin and nothing else of ours: no descriptors, no environment.
 * Inside the parser room only.
 */
#ifndef DATELINE_PROCESS_H
#define DATELINE_PROCESS_H

#include <ev.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

struct process {
    pid_t pid;       /* 0: not running */
    int fd;          /* our end of the socket, non-blocking */
    int waits;       /* its /proc/PID/schedstat, read for every document; -1 where there is none */
    clockid_t clock; /* of its processor time */
    struct ev_loop *loop;
    ev_child watcher; /* only on the default loop, which reaps every child by itself */
    bool reaped, ended_by_us;
    int status;
};

struct process_time {
    int64_t cpu_us;     /* used so far */
    int64_t waiting_us; /* spent runnable but without a processor, so far; 0 where the kernel does
                           not say */
};

/* 0 or a negative errno: -ENOENT no such program, -EACCES. */
int process_start(struct process *process, struct ev_loop *loop, const char *program,
                  const char *jail);
/* Kills, reaps, closes. May be called twice. */
void process_end(struct process *process);
void process_time(const struct process *process, struct process_time *out);
/* "the parser child ran out of memory": of an ended process, in plain words. */
void process_epitaph(const struct process *process, char *out, size_t size);

#endif
