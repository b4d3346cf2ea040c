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
                enum layer_found how = layer_find(layer, (enum family)family, found[i].key, &value);
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

/* A segment as it is after a second life: what was written over is followed by what was not. */
static void write_segment(struct written *written, size_t count, struct str *rest, struct buf *out)
{
    uint8_t head[SEGMENT_HEAD];
    const char end[RECORD_END] = {0};
    uint64_t salt = take(rest), first = written->first + written->count;
    segment_write(head, salt, first);
    buf_put(out, head, sizeof head);
    for (size_t i = 0; i < count && written->count < RECORDS_MOST; i++) {
        uint8_t record[RECORD_HEAD];
        size_t len = take(rest);
        struct str rows = str_upto(*rest, len);
        *rest = str_from(*rest, len);
        record_write(record, salt, written->first + written->count, rows);
        buf_put(out, record, sizeof record);
        buf_puts(out, rows);
        written->rows[written->count++] = rows;
    }
    buf_put(out, end, sizeof end);
    for (uint64_t old = 0; old < 3; old++) {
        uint8_t record[RECORD_HEAD];
        record_write(record, salt + 1, first + old * 7, STR("old"));
        buf_put(out, record, sizeof record);
        buf_putz(out, "old");
    }
}

/* True when something was changed. */
static bool do_harm(unsigned harm, size_t at, struct buf *bytes)
{
    at %= bytes->len;
    switch (harm % 4) {
    case 1:
        bytes->at[at] ^= (char)(1 + harm / 4);
        return true;
    case 2:
        bytes->len = at;
        return true;
    case 3: /* a block that never reached the disk */
        memset(bytes->at + at, 0, bytes->len - at < 16 ? bytes->len - at : 16);
        return true;
    default:
        return false;
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
    struct written written = {.first = 1 + take(&rest) % 4};
    struct buf bytes[2] = {BUF_NONE, BUF_NONE};
    struct journal_segment of[2];
    uint64_t after = take(&rest) % 8;
    unsigned harm = take(&rest), counts = take(&rest);
    size_t at = (size_t)(take(&rest) << 8 | take(&rest));
    for (size_t i = 0; i < 2; i++) {
        of[i].first = written.first + written.count;
        write_segment(&written, 1 + (i ? counts / 16 : counts % 16), &rest, &bytes[i]);
    }
    bool harmed = do_harm(harm, at / 2, &bytes[at % 2]);
    for (size_t i = 0; i < 2; i++)
        of[i].fd = file_of(buf_str(&bytes[i]));
    const struct journal_segments segments = {of, 2};
    struct reading reading = {&written, after, 0};
    struct journal_found found;
    assert(journal_read(&segments, after, on_record, &reading, &found) == 0);
    assert(found.last == after + reading.told);
    uint64_t last = written.first + written.count - 1;
    if (!harmed && written.first > after + 1)
        assert(found.state == JOURNAL_DAMAGED && reading.told == 0);
    else if (!harmed)
        assert(found.state == JOURNAL_WHOLE && found.last == (last > after ? last : after));
    else if (found.state ==
             JOURNAL_WHOLE) /* less than all, and nobody says so: only behind the end */
        assert(found.last == (last > after ? last : after) || written.first > after + 1 ||
               harm % 4 > 1);
    for (size_t i = 0; i < 2; i++) {
        close(of[i].fd);
        buf_free(&bytes[i]);
    }
    return 0;
}
