/*
 * Crash points: named places at which a test build ends itself by SIGKILL, as a crash would, so that the
 * tests of faults meet every step between an item's arrival and its acknowledgement, not only those
 * that a random kill happens to hit.
 *
 *     DATELINE_CRASH_AT=accepted:2 datelined -c FILE      the second time `accepted` is reached
 *
 * They exist in builds with DATELINE_CRASH_POINTS alone (preset `faults`) and cost nothing elsewhere.
 * tests/faults/points.py reads the list below, goes through all of it, and fails when a point is never
 * reached, or is in the list or in the sources alone.
 */
#ifndef DATELINE_CRASH_H
#define DATELINE_CRASH_H

/* X(name, program, where it is). In the order of an item's way. */
#define CRASH_POINTS(X)                                                                            \
    X("fetched", "datelined", "a source's answer is in, nothing of it was read")                   \
    X("file-read", "datelined", "a file of a directory was read, nothing was made of it")          \
    X("parsed", "datelined", "its items came back from the parser child")                          \
    X("judged", "datelined", "an item was found new and is in no batch yet")                       \
    X("batch-built", "datelined", "a batch is whole and not handed over")                          \
    X("before-write", "datelined", "the writer has taken a group, the log has nothing of it")      \
    X("after-sync", "datelined", "the group is durable, nobody was told")                          \
    X("before-durable-call", "datelined", "on the loop, before the first who waits is told")       \
    X("accepted", "datelined", "items are durable and queued, their source was not told")          \
    X("lease-made", "datelined", "an item is leased and not sent")                                 \
    X("sent", "datelined", "a batch of items was sent")                                            \
    X("result-received", "datelined", "a result came in, nothing was made of it")                  \
    X("before-settle-commit", "datelined", "results are in a batch that is not handed over")       \
    X("after-settle-commit", "datelined", "a result is durable, its lease is still held")          \
    X("pushed", "datelined", "a batch was handed in, nothing was made of it")                      \
    X("before-taken", "datelined", "a batch is durable, who handed it in was not told")            \
    X("taken-sent", "datelined", "who handed it in was told")                                      \
    X("applied", "datelined",                                                                      \
      "a layer is in the database, its segment of the journal still there")                        \
    X("flushed", "datelined", "the database is on the disk, the journal not cut yet")              \
    X("backup-begun", "datelined", "a backup's folder is there, nothing was copied")               \
    X("backup-made", "datelined", "a backup is whole, who asked was not told")                     \
    X("migration-begun", "datelined", "an old state was copied, none of its rows was changed")     \
    X("rows-migrated", "datelined", "its rows are changed, its version is not")                    \
    X("migrated", "datelined", "its version is changed, the mark of the migration is still there") \
    X("published", "datelined", "a result was announced on the live feed")                         \
    X("received", "dateline-worker", "items came in, none was looked at")                          \
    X("analysed", "dateline-worker", "an item was analysed, no sink has it")                       \
    X("sink-written-before-flush", "dateline-worker", "a sink was given records, not flushed")     \
    X("sink-between", "dateline-worker", "one sink has the batch, the next has not")               \
    X("flushed-before-result", "dateline-worker", "all sinks have it, the daemon was not told")    \
    X("result-sent", "dateline-worker", "results were handed to the socket")

#ifdef DATELINE_CRASH_POINTS
/* `name` is in the list above. Any thread. */
void crash_point(const char *name);
#define CRASH_POINT(name) crash_point(name)
#else
#define CRASH_POINT(name) ((void)0)
#endif

#endif
