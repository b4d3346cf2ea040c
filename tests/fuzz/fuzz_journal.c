/*
 * The journal of the store. Records are written as the store does, then bytes of them are changed, cut or left
 * out: what is read is the first of them, whole, without a hole, and nothing that was never written. And
 * rows that are no rows are refused before a layer holds half of them.
 */
#include "journal_inside.h"
#include "layer.h"
#include "rows.h"

#include <assert.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define RECORDS_MOST 32

struct written {
    struct str rows[RECORDS_MOST];
    size_t count;
    uint64_t first; /* number of the first one */
};

struct reading {
    const struct written *written;
    uint64_t after, told;
};

static void use_rows(struct buf *rows)
{
    struct layer *layer = layer_new(rows->len % 2);
    if (layer_add(layer, rows) == 0)
        for (int family = 0; family < FAMILY_COUNT; family++) {
            struct layer_row *found;
            size_t count = layer_rows(layer, (enum family)family, STR_NONE, &found);
            for (size_t i = 0; i < count; i++) {
                struct str value;
                enum layer_found how =
                    layer_find(layer, (enum family)family, found[i].key, &value);
                assert(how == (found[i].value.at ? LAYER_PUT : LAYER_DROPPED));
                assert(i == 0 || !str_eq(found[i - 1].key, found[i].key));
            }
            free(found);
        }
    layer_unref(layer);
}

/* In order, each as it was written. */
static int on_record(void *ctx, uint64_t number, struct buf *rows)
{
    struct reading *r = ctx;
    assert(number == r->after + 1 + r->told++);
    assert(number >= r->written->first && number - r->written->first < r->written->count);
    assert(str_eq(buf_str(rows), r->written->rows[number - r->written->first]));
    use_rows(rows);
    return 0;
}

static uint8_t take(struct str *rest)
{
    if (rest->len == 0)
        return 0;
    uint8_t byte = (uint8_t)rest->at[0];
    *rest = str_from(*rest, 1);
    return byte;
}

static void write_records(struct written *written, struct str *rest, struct buf *out)
{
    written->first = 1 + take(rest) % 4;
    size_t count = 1 + take(rest) % RECORDS_MOST;
    for (; written->count < count && rest->len > 0; written->count++) {
        uint8_t head[RECORD_HEAD];
        size_t len = take(rest);
        struct str rows = str_upto(*rest, len);
        *rest = str_from(*rest, len);
        record_write(head, written->first + written->count, rows);
        buf_put(out, head, sizeof head);
        buf_puts(out, rows);
        written->rows[written->count] = rows;
    }
}

static int file_of(struct str bytes)
{
    int fd = memfd_create("segment", MFD_CLOEXEC);
    assert(fd >= 0);
    assert(write(fd, bytes.at, bytes.len) == (ssize_t)bytes.len);
    return fd;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str rest = {(const char *)data, size};
    struct written written = {.count = 0};
    struct buf bytes = BUF_NONE;
    uint64_t after = take(&rest) % 8;
    unsigned harm = take(&rest);
    write_records(&written, &rest, &bytes);
    if (written.count == 0)
        goto out;
    bool harmed = harm % 4 && bytes.len > 0;
    size_t at = (size_t)(take(&rest) << 8 | take(&rest)) % (bytes.len + 1);
    if (harmed && harm % 4 == 1 && at < bytes.len)
        bytes.at[at] ^= (char)(1 + take(&rest) % 255);
    else if (harmed && harm % 4 == 2)
        bytes.len = at;
    else if (harmed) /* a stretch of zeros, as a block that never reached the disk */
        memset(bytes.at + at, 0, bytes.len - at < 16 ? bytes.len - at : 16);
    size_t split = harm / 4 * bytes.len / 64;
    struct journal_segment of[2] = {
        {written.first, file_of(str_upto(buf_str(&bytes), split))},
        {written.first + 1, file_of(str_from(buf_str(&bytes), split))}};
    const struct journal_segments segments = {of, 2};
    struct reading reading = {&written, after, 0};
    struct journal_found found;
    assert(journal_read(&segments, after, on_record, &reading, &found) == 0);
    assert(found.last == after + reading.told);
    uint64_t last = written.first + written.count - 1;
    bool missing = written.first > after + 1;
    if (!harmed && harm / 4 == 0 && !missing) { /* whole: everything was told */
        assert(found.state == JOURNAL_WHOLE);
        assert(found.last == (last > after ? last : after));
    }
    if (!harmed && missing && harm / 4 == 0)
        assert(found.state == JOURNAL_DAMAGED && reading.told == 0);
    close(of[0].fd);
    close(of[1].fd);
out:
    buf_free(&bytes);
    return 0;
}
