/* What is done to the state while no daemon runs: `datelined -t --check-state`, --repair, --restore, --backups. Answers
 * go to stdout; what is wrong, and how far it is, to stderr. */
#include "offline.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>
#include <unistd.h>

#include "clock.h"
#include "log.h"
#include "upkeep.h"

static void say(void *ctx, const char *line)
{
    (void)ctx;
    if (isatty(STDERR_FILENO))
        fputs("\r\x1b[K", stderr);
    fprintf(stderr, "%s\n", line);
}

static void progress(void *ctx, const char *family, uint64_t rows)
{
    (void)ctx;
    fprintf(stderr, "\r\x1b[K%s: %llu rows", family, (unsigned long long)rows);
}

static struct upkeep_told told_here(void)
{
    return (struct upkeep_told){.say = say, .progress = isatty(STDERR_FILENO) ? progress : NULL};
}

static int refused(int error, const char *why)
{
    log_error("datelined: %s", why);
    switch (error) {
    case -EBUSY:
        return EX_TEMPFAIL;
    case -ENOENT:
        return EX_NOINPUT;
    case -EPROTO:
    case -EUCLEAN:
        return EX_DATAERR;
    default:
        return EX_CANTCREAT;
    }
}

static void print_families(const struct upkeep_family *families, size_t count)
{
    if (isatty(STDERR_FILENO))
        fputs("\r\x1b[K", stderr);
    printf("%-10s %12s %16s %8s\n", "FAMILY", "ROWS", "BYTES", "DAMAGED");
    for (size_t i = 0; i < count; i++)
        printf("%-10s %12llu %16llu %8llu\n", families[i].name,
               (unsigned long long)families[i].rows, (unsigned long long)families[i].bytes,
               (unsigned long long)families[i].damaged);
}

int offline_check(const struct config *config)
{
    struct upkeep_check check;
    struct upkeep_told told = told_here();
    char why[STORE_WHY];
    int error = store_check(config->state, &told, &check, why);
    if (error < 0)
        return refused(error, why);
    print_families(check.families, check.count);
    if (check.wrong == 0) {
        printf("%s: whole\n", config->state);
        return EX_OK;
    }
    log_error("datelined: state %s: %llu things are wrong; restore a backup, or datelined --repair "
              "saves what can be read",
              log_safez(config->state), (unsigned long long)check.wrong);
    return EX_DATAERR;
}

int offline_repair(const struct config *config)
{
    struct upkeep_repair repair;
    struct upkeep_told told = told_here();
    char why[STORE_WHY];
    int error = store_repair(config->state, &told, &repair, why);
    if (error < 0)
        return refused(error, why);
    if (!repair.needed) {
        printf("%s: whole, nothing was changed\n", config->state);
        return EX_OK;
    }
    print_families(repair.families, repair.count);
    printf("%s: repaired, %llu items lost; the damaged state is kept in %s\n", config->state,
           (unsigned long long)repair.lost_items, repair.kept);
    return EX_OK;
}

int offline_restore(const struct config *config, const char *dir, uint32_t id)
{
    char kept[STORE_WHY], why[STORE_WHY];
    int error = store_restore(config->state, dir, id, kept, why);
    if (error < 0)
        return refused(error, why);
    if (kept[0])
        printf("%s: restored; the state before is kept in %s\n", config->state, kept);
    else
        printf("%s: restored\n", config->state);
    return EX_OK;
}

int offline_backups(const char *dir)
{
    struct upkeep_backup *all;
    size_t count;
    char why[STORE_WHY], at[CLOCK_TEXT];
    int error = store_backup_list(dir, &all, &count, why);
    if (error < 0)
        return refused(error, why);
    printf("%-6s %-24s %16s\n", "ID", "MADE", "BYTES");
    for (size_t i = 0; i < count; i++)
        printf("%-6u %-24s %16llu\n", all[i].id, clock_format(all[i].at, at),
               (unsigned long long)all[i].bytes);
    free(all);
    return EX_OK;
}
