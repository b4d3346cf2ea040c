#include "linear.h"

#include <assert.h>
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include "limits.h"

#define MAGIC        "DTLNLIN\n"
#define VERSION      1U
#define HEADER       96U
#define CLASS_RECORD 40U
#define CHECKED_FROM 32U
#define FLAG_IDF     1U

_Static_assert(sizeof(float) == 4, "weights are scaled by IEEE 754 single floats");

struct linear {
    struct features_recipe recipe;
    char name[LINEAR_NAME];
    struct linear_class *class;
    size_t classes, stride;
    float slope;
    const uint8_t *idf;
    const int8_t *weights;
    void *map; /* NULL when the bytes are lent */
    size_t map_len;
};

static size_t stride_of(size_t classes)
{
    return (classes + 3) & ~(size_t)3;
}

/* ----------------------------------------------------------------------------------- reading */

static uint32_t get32(struct str s, size_t at)
{
    uint32_t v;
    assert(at + sizeof(v) <= s.len);
    memcpy(&v, s.at + at, sizeof(v));
    return le32toh(v);
}

static uint64_t get64(struct str s, size_t at)
{
    uint64_t v;
    assert(at + sizeof(v) <= s.len);
    memcpy(&v, s.at + at, sizeof(v));
    return le64toh(v);
}

static float get_float(struct str s, size_t at)
{
    uint32_t bits = get32(s, at);
    float v;
    memcpy(&v, &bits, sizeof(v));
    return v;
}

/* A name is 1 to 23 printable characters without blanks, then NULs only. */
static bool get_name(struct str s, size_t at, char out[LINEAR_NAME])
{
    size_t len = strnlen(s.at + at, LINEAR_NAME);
    if (len == 0 || len == LINEAR_NAME)
        return false;
    for (size_t i = 0; i < LINEAR_NAME; i++) {
        char c = s.at[at + i];
        if (i < len ? c <= ' ' || c > '~' : c != '\0')
            return false;
        out[i] = c;
    }
    return true;
}

static const char *check_frame(struct str s)
{
    if (s.len < HEADER || memcmp(s.at, MAGIC, 8) != 0)
        return "not a model file";
    if (get32(s, 8) != VERSION)
        return "written for another version of the model format";
    if (get32(s, 12) != HEADER)
        return "header of an unknown length";
    if (get64(s, 16) != s.len)
        return "cut short or too long";
    if (get64(s, 24) != XXH3_64bits(s.at + CHECKED_FROM, s.len - CHECKED_FROM))
        return "damaged: its checksum does not match";
    return NULL;
}

static const char *read_header(struct str s, struct linear *m)
{
    m->recipe = (struct features_recipe){.kind = get32(s, 32),
                                         .bits = get32(s, 36),
                                         .gram_min = get32(s, 40),
                                         .gram_max = get32(s, 44),
                                         .word_weight = get32(s, 48),
                                         .text_max = get32(s, 52)};
    if (!features_recipe_valid(&m->recipe))
        return "asks for features that this version does not make";
    m->classes = get32(s, 56);
    if (m->classes < 2 || m->classes > LINEAR_CLASSES_MAX)
        return "impossible number of classes";
    if (get32(s, 60) & ~FLAG_IDF || get32(s, 68) != 0)
        return "unknown flags";
    m->slope = get_float(s, 64);
    if (!(m->slope > 0 && m->slope <= 1000))
        return "calibration out of range";
    return get_name(s, 72, m->name) ? NULL : "unreadable name";
}

static const char *read_class(struct str s, size_t at, struct linear_class *c)
{
    if (!get_name(s, at, c->name))
        return "unreadable class name";
    c->scale = get_float(s, at + 24);
    c->bias = get_float(s, at + 28);
    c->evidence = get_float(s, at + 32);
    if (!(c->scale >= 0 && c->scale <= 1000) || !(fabsf(c->bias) <= 1000) ||
        !(c->evidence >= 0 && c->evidence <= 1) || get32(s, at + 36) != 0)
        return "class with numbers out of range";
    return NULL;
}

/* Allocates m->class once the file is known to hold it. */
static const char *read_tables(struct str s, struct linear *m)
{
    size_t buckets = (size_t)1 << m->recipe.bits;
    bool has_idf = get32(s, 60) & FLAG_IDF;
    size_t at = HEADER + m->classes * CLASS_RECORD;
    m->stride = stride_of(m->classes);
    if (s.len != at + (has_idf ? buckets : 0) + buckets * m->stride)
        return "tables do not fill the file";
    m->class = xcalloc(m->classes, sizeof(*m->class));
    for (size_t i = 0; i < m->classes; i++) {
        const char *bad = read_class(s, HEADER + i * CLASS_RECORD, &m->class[i]);
        for (size_t k = 0; !bad && k < i; k++)
            bad =
                strcmp(m->class[k].name, m->class[i].name) == 0 ? "two classes of one name" : NULL;
        if (bad)
            return bad;
    }
    m->idf = has_idf ? (const uint8_t *)s.at + at : NULL;
    m->weights = (const int8_t *)s.at + at + (has_idf ? buckets : 0);
    return NULL;
}

int linear_of(struct str bytes, char why[LINEAR_WHY], struct linear **out)
{
    struct linear *m = xcalloc(1, sizeof(*m));
    const char *bad = check_frame(bytes);
    if (!bad)
        bad = read_header(bytes, m);
    if (!bad)
        bad = read_tables(bytes, m);
    if (bad) {
        (void)snprintf(why, LINEAR_WHY, "%s", bad);
        linear_close(m);
        return -EBADMSG;
    }
    *out = m;
    return 0;
}

static int map_file(int fd, void **map_out, size_t *len_out)
{
    struct stat st;
    if (fstat(fd, &st) != 0)
        return -errno;
    if (!S_ISREG(st.st_mode) || st.st_size < (off_t)HEADER || st.st_size > (off_t)LIMIT_MODEL)
        return -EBADMSG;
    void *map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
    if (map == MAP_FAILED)
        return -errno;
    *map_out = map;
    *len_out = (size_t)st.st_size;
    return 0;
}

int linear_open(const char *path, char why[LINEAR_WHY], struct linear **out)
{
    void *map = NULL;
    size_t len = 0;
    int fd =
        open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a pipe of that name does not hold us */
    int r = fd < 0 ? -errno : map_file(fd, &map, &len);
    if (fd >= 0)
        (void)close(fd);
    if (r != 0) {
        (void)snprintf(why, LINEAR_WHY, "%s", r == -EBADMSG ? "not a model file" : strerror(-r));
        return r;
    }
    r = linear_of((struct str){map, len}, why, out);
    if (r != 0) {
        (void)munmap(map, len);
        return r;
    }
    (*out)->map = map;
    (*out)->map_len = len;
    return 0;
}

void linear_close(struct linear *m)
{
    if (!m)
        return;
    if (m->map)
        (void)munmap(m->map, m->map_len);
    free(m->class);
    free(m);
}

/* ---------------------------------------------------------------------------------- applying */

const char *linear_name(const struct linear *m)
{
    return m->name;
}

const struct features_recipe *linear_recipe(const struct linear *m)
{
    return &m->recipe;
}

float linear_slope(const struct linear *m)
{
    return m->slope;
}

size_t linear_classes(const struct linear *m)
{
    return m->classes;
}

const struct linear_class *linear_class(const struct linear *m, size_t index)
{
    assert(index < m->classes);
    return &m->class[index];
}

const uint8_t *linear_idf(const struct linear *m)
{
    return m->idf;
}

void linear_score(const struct linear *m, const struct feature *features, size_t count,
                  float *scores)
{
    size_t stride = m->stride, buckets = (size_t)1 << m->recipe.bits;
    for (size_t c = 0; c < stride; c++)
        scores[c] = 0;
    for (size_t i = 0; i < count; i++) {
        assert(features[i].bucket < buckets);
        const int8_t *row = m->weights + features[i].bucket * stride;
        float value = features[i].value;
        for (size_t c = 0; c < stride; c += 4) { /* fours are what the compiler makes vectors of */
            for (size_t k = 0; k < 4; k++)
                scores[c + k] += value * (float)row[c + k];
        }
    }
    for (size_t c = 0; c < m->classes; c++)
        scores[c] = scores[c] * m->class[c].scale + m->class[c].bias;
}

void linear_calibrate(const struct linear *m, const bool *allowed, float *scores)
{
    float best = -INFINITY, sum = 0;
    for (size_t c = 0; c < m->classes; c++) {
        if ((!allowed || allowed[c]) && scores[c] > best)
            best = scores[c];
    }
    for (size_t c = 0; c < m->classes; c++) {
        scores[c] = !allowed || allowed[c] ? expf(m->slope * (scores[c] - best)) : 0;
        sum += scores[c];
    }
    for (size_t c = 0; c < m->classes; c++)
        scores[c] = sum > 0 ? scores[c] / sum : 0;
}

/* ----------------------------------------------------------------------------------- writing */

static void put32(struct buf *b, uint32_t v)
{
    v = htole32(v);
    buf_put(b, &v, sizeof(v));
}

static void put64(struct buf *b, uint64_t v)
{
    v = htole64(v);
    buf_put(b, &v, sizeof(v));
}

static void put_float(struct buf *b, float v)
{
    uint32_t bits;
    memcpy(&bits, &v, sizeof(bits));
    put32(b, bits);
}

static void put_name(struct buf *b, const char *name)
{
    static const char zeros[LINEAR_NAME];
    size_t len = strlen(name);
    assert(len < LINEAR_NAME);
    buf_put(b, name, len);
    buf_put(b, zeros, LINEAR_NAME - len);
}

/* All that the checksum covers. */
static void put_content(const struct linear_spec *spec, struct buf *b)
{
    const struct features_recipe *r = &spec->recipe;
    const uint32_t fields[] = {r->kind,
                               r->bits,
                               r->gram_min,
                               r->gram_max,
                               r->word_weight,
                               r->text_max,
                               (uint32_t)spec->classes,
                               spec->idf ? FLAG_IDF : 0};
    for (size_t i = 0; i < ARRAY_LEN(fields); i++)
        put32(b, fields[i]);
    put_float(b, spec->slope);
    put32(b, 0);
    put_name(b, spec->name);
    for (size_t c = 0; c < spec->classes; c++) {
        put_name(b, spec->class[c].name);
        put_float(b, spec->class[c].scale);
        put_float(b, spec->class[c].bias);
        put_float(b, spec->class[c].evidence);
        put32(b, 0);
    }
    size_t buckets = (size_t)1 << r->bits, padding = stride_of(spec->classes) - spec->classes;
    if (spec->idf)
        buf_put(b, spec->idf, buckets);
    for (size_t i = 0; i < buckets; i++) {
        buf_put(b, spec->weights + i * spec->classes, spec->classes);
        buf_put(b, "\0\0\0", padding);
    }
}

void linear_encode(const struct linear_spec *spec, struct buf *out)
{
    struct buf content = BUF_NONE;
    put_content(spec, &content);
    buf_put(out, MAGIC, 8);
    put32(out, VERSION);
    put32(out, HEADER);
    put64(out, CHECKED_FROM + content.len);
    put64(out, XXH3_64bits(content.at, content.len));
    buf_put(out, content.at, content.len);
    buf_free(&content);
}
