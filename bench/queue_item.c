#include "queue.h"

#include <ctype.h>
#include <unistd.h>

#define ITEM_BYTES 2048
#define WORDS      8192
#define WORD_MAX   12
#define MARK       "bq:"
#define MARK_LEN   (sizeof MARK - 1)
#define ID_DIGITS  10
#define AT_DIGITS  16

/* A dictionary of our own: texts that repeat words as news does and whole sentences never, so that
 * neither compression nor a look for near-duplicates makes it easier than life. */
struct queue_maker {
    uint64_t state;
    char words[WORDS][WORD_MAX];
    uint8_t lens[WORDS];
};

static uint64_t next(struct queue_maker *m)
{
    m->state ^= m->state << 13, m->state ^= m->state >> 7, m->state ^= m->state << 17;
    return m->state;
}

struct queue_maker *queue_maker_new(void)
{
    static const char *const syllables[] = {"ba",  "ten", "mi", "sor", "lu", "ka", "ne",  "ri",
                                            "dos", "pe",  "va", "lan", "ti", "go", "mer", "shu"};
    struct queue_maker *m = xcalloc(1, sizeof *m);
    m->state = 88172645463325252ULL ^ ((uint64_t)getpid() << 32) ^ (uint64_t)clock_mono();
    for (size_t w = 0; w < WORDS; w++) {
        unsigned parts = 1 + (unsigned)(next(m) % 3);
        size_t len = 0;
        for (unsigned i = 0; i <= parts && len < WORD_MAX - 3; i++) {
            const char *s = syllables[next(m) % ARRAY_LEN(syllables)];
            size_t more = strlen(s);
            memcpy(m->words[w] + len, s, more);
            len += more;
        }
        m->lens[w] = (uint8_t)len;
    }
    return m;
}

void queue_maker_free(struct queue_maker *maker)
{
    free(maker);
}

static void put_word(struct queue_maker *m, struct buf *out, bool first)
{
    size_t w = next(m) % WORDS;
    buf_put(out, m->words[w], m->lens[w]);
    if (first) {
        char *c = out->at + out->len - m->lens[w];
        *c = (char)toupper((unsigned char)*c);
    }
}

void queue_make(struct queue_maker *maker, uint64_t id, int64_t at, struct buf *out)
{
    size_t start = out->len;
    buf_printf(
        out,
        "{\"uri\":\"urn:bench:%d:%llu\",\"type\":\"text\",\"version\":\"1\",\"language\":\"en\","
        "\"pubStatus\":\"usable\",\"versionCreated\":\"2026-11-02T10:00:00Z\","
        "\"headlines\":[{\"value\":\"" MARK "%010llu:%016lld",
        (int)getpid(), (unsigned long long)id, (unsigned long long)id, (long long)at);
    for (int i = 0; i < 8; i++) {
        buf_putc(out, ' ');
        put_word(maker, out, i == 0);
    }
    buf_putz(out, "\"}],\"bodies\":[{\"contentType\":\"text/plain\",\"value\":\"");
    for (unsigned n = 0; out->len - start < ITEM_BYTES - 24; n++) {
        bool first = n % 14 == 0;
        if (n)
            buf_putz(out, n % 70 == 0 ? ".\\n\\n" : first ? ". " : " ");
        put_word(maker, out, first);
    }
    buf_putz(out, ".\"}]}");
}

static bool digits(const char *at, size_t count, uint64_t *out)
{
    uint64_t n = 0;
    for (size_t i = 0; i < count; i++) {
        if (at[i] < '0' || at[i] > '9')
            return false;
        n = n * 10 + (uint64_t)(at[i] - '0');
    }
    *out = n;
    return true;
}

bool queue_mark(struct str item, uint64_t *id, int64_t *at)
{
    const char *mark = memmem(item.at, item.len, MARK, MARK_LEN);
    uint64_t n, t;
    if (!mark || (size_t)(item.at + item.len - mark) < MARK_LEN + ID_DIGITS + 1 + AT_DIGITS)
        return false;
    mark += MARK_LEN;
    if (!digits(mark, ID_DIGITS, &n) || !digits(mark + ID_DIGITS + 1, AT_DIGITS, &t))
        return false;
    *id = n;
    *at = (int64_t)t;
    return true;
}
