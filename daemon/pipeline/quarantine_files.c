#include "quarantine_files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "limits.h"
#include "slurp.h"

#define PARTIAL_SUFFIX ".partial"

static const char *name_of(uint64_t number, const char *suffix, char out[QUARANTINE_NAME])
{
    snprintf(out, QUARANTINE_NAME, "%llu%s", (unsigned long long)number, suffix);
    return out;
}

/* ------------------------------------------------------------------------------------- writing */

static int write_whole(int fd, struct str rest)
{
    while (rest.len) {
        ssize_t n = write(fd, rest.at, rest.len);
        if (n < 0 && errno != EINTR)
            return -errno;
        if (n > 0)
            rest = str_from(rest, (size_t)n);
    }
    return 0;
}

/* Under its name only when it is whole. */
static int write_file(int folder, uint64_t number, const char *suffix, struct str bytes)
{
    char partial[QUARANTINE_NAME], name[QUARANTINE_NAME];
    name_of(number, PARTIAL_SUFFIX, partial);
    int fd = openat(folder, partial, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return -errno;
    int error = write_whole(fd, bytes);
    if (close(fd) < 0 && !error)
        error = -errno;
    if (!error && renameat(folder, partial, folder, name_of(number, suffix, name)) < 0)
        error = -errno;
    if (error)
        unlinkat(folder, partial, 0);
    return error;
}

static void remove_both(int folder, uint64_t number)
{
    char name[QUARANTINE_NAME];
    unlinkat(folder, name_of(number, FACTS_SUFFIX, name), 0);
    unlinkat(folder, name_of(number, DOCUMENT_SUFFIX, name), 0);
}

static int write_both(int folder, struct file_order *order)
{
    int error = write_file(folder, order->number, DOCUMENT_SUFFIX, buf_str(&order->document));
    if (!error)
        error = write_file(folder, order->number, FACTS_SUFFIX, buf_str(&order->facts));
    if (error)
        remove_both(folder, order->number);
    return error;
}

void file_order_do(const char *path, struct file_order *order)
{
    (void)mkdir(path, 0700); /* what is wrong with it shows at open() */
    int folder = open(path, O_DIRECTORY | O_RDONLY | O_CLOEXEC);
    if (folder < 0) {
        order->error = -errno;
        return;
    }
    if (order->facts.len)
        order->error = write_both(folder, order);
    else
        remove_both(folder, order->number);
    close(folder);
}

/* ------------------------------------------------------------------------------------- reading */

/* "12.json" is 12; 0 when it is nothing of ours. */
static uint64_t number_of(const char *name, const char *suffix)
{
    struct str text = str_of(name);
    uint64_t number = 0;
    if (!str_ends(text, str_of(suffix)) ||
        str_u64(str_upto(text, text.len - strlen(suffix)), &number) != 0)
        return 0;
    return number;
}

static json_t *read_facts(const char *folder, uint64_t number)
{
    char name[QUARANTINE_NAME];
    char *path = xasprintf("%s/%s", folder, name_of(number, FACTS_SUFFIX, name));
    struct buf text = BUF_NONE;
    json_t *facts = NULL;
    if (slurp_file(path, LIMIT_FIELD, &text) == 0)
        facts = json_loadb(text.at, text.len, 0, NULL);
    if (!json_is_object(facts)) {
        json_decref(facts);
        facts = NULL;
    }
    buf_free(&text);
    free(path);
    return facts;
}

struct numbers {
    uint64_t *at;
    size_t count, cap;
};

static void add_number(struct numbers *numbers, uint64_t number)
{
    if (number == 0)
        return;
    if (numbers->count == numbers->cap) {
        numbers->cap = numbers->cap ? numbers->cap * 2 : 64;
        numbers->at = xrealloc(numbers->at, numbers->cap * sizeof *numbers->at);
    }
    numbers->at[numbers->count++] = number;
}

static int by_number(const void *a, const void *b)
{
    const uint64_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static int list(const char *path, struct numbers *documents)
{
    DIR *dir = opendir(path);
    if (!dir)
        return -errno;
    for (struct dirent *e; (e = readdir(dir));) {
        add_number(documents, number_of(e->d_name, DOCUMENT_SUFFIX));
        if (number_of(e->d_name, PARTIAL_SUFFIX))
            unlinkat(dirfd(dir), e->d_name, 0);
    }
    closedir(dir);
    if (documents->count)
        qsort(documents->at, documents->count, sizeof *documents->at, by_number);
    return 0;
}

int files_each(const char *folder, void (*each)(void *ctx, uint64_t number, json_t *facts),
               void *ctx)
{
    struct numbers documents = {0};
    int error = list(folder, &documents);
    for (size_t i = 0; i < documents.count; i++) {
        json_t *facts = read_facts(folder, documents.at[i]);
        struct file_order gone = {.number = documents.at[i]};
        if (facts)
            each(ctx, documents.at[i], facts);
        else
            file_order_do(folder, &gone);
        json_decref(facts);
    }
    free(documents.at);
    return error;
}
