/* Whatever the file, a model that loads can be applied without reading outside it. Each input is
 * tried as it is, and as a change to the content of a sound model whose checksum is then put right,
 * so that the fuzzer gets behind it. */
#include <string.h>
#include <xxhash.h>

#include "linear.h"

#define CONTENT 32 /* where the checked bytes begin */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void apply(const struct linear *m)
{
    const struct feature *v;
    float *scores = xcalloc(linear_classes(m) + 3, sizeof(*scores));
    struct features *f = features_new(linear_recipe(m));
    features_add(f, STR("A sentence of news, for whatever the model is."));
    size_t n = features_take(f, linear_idf(m), &v);
    linear_score(m, v, n, scores);
    linear_calibrate(m, NULL, scores);
    features_free(f);
    free(scores);
}

static void try_bytes(const char *bytes, size_t size)
{
    char why[LINEAR_WHY];
    struct linear *m;
    if (linear_of((struct str){bytes, size}, why, &m) != 0)
        return;
    apply(m);
    linear_close(m);
}

static void make_sound(struct buf *out)
{
    static const struct linear_class classes[] = {{"one", 1, 0, 1}, {"two", 1, 0, 1}};
    static const uint8_t idf[1 << FEATURES_BITS_MIN] = {1};
    static const int8_t weights[2 << FEATURES_BITS_MIN] = {1};
    linear_encode(&(struct linear_spec){.name = "fuzz",
                                        .recipe = {.kind = FEATURES_WORDS,
                                                   .bits = FEATURES_BITS_MIN,
                                                   .gram_min = 1,
                                                   .gram_max = 3,
                                                   .word_weight = 4,
                                                   .text_max = 64},
                                        .classes = ARRAY_LEN(classes),
                                        .class = classes,
                                        .idf = idf,
                                        .weights = weights,
                                        .slope = 1},
                  out);
}

/* The first two bytes say where the others change the content, the third by how much it is cut. */
static void try_changed(const uint8_t *data, size_t size)
{
    static struct buf sound;
    if (sound.len == 0)
        make_sound(&sound);
    struct buf b = BUF_NONE;
    buf_puts(&b, buf_str(&sound));
    size_t at = CONTENT + (size_t)(data[0] | data[1] << 8) % (b.len - CONTENT);
    for (size_t i = 3; i < size && at < b.len; i++, at++)
        b.at[at] = (char)(b.at[at] ^ data[i]);
    b.len -= data[2];
    uint64_t len = b.len, sum = XXH3_64bits(b.at + CONTENT, b.len - CONTENT);
    memcpy(b.at + 16, &len, sizeof(len));
    memcpy(b.at + 24, &sum, sizeof(sum));
    try_bytes(b.at, b.len);
    buf_free(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *bytes = xmalloc(size + 1); /* aligned, as a model's bytes have to be */
    memcpy(bytes, data, size);
    try_bytes(bytes, size);
    free(bytes);
    if (size > 3)
        try_changed(data, size);
    return 0;
}
