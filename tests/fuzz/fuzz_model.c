/* Whatever the file, a model that loads can be applied without reading outside it. The second half
 * of each input is tried with its checksum and length put right, so that the fuzzer gets behind
 * them. */
#include <string.h>
#include <xxhash.h>

#include "linear.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MAGIC STR("DTLNLIN\n")

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

static void try_bytes(char *bytes, size_t size)
{
    char why[LINEAR_WHY];
    struct linear *m;
    if (linear_of((struct str){bytes, size}, why, &m) != 0)
        return;
    apply(m);
    linear_close(m);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *bytes = xmalloc(size + 1);
    memcpy(bytes, data, size);
    try_bytes(bytes, size);
    if (size >= 96) {
        uint64_t len = size, sum = XXH3_64bits(bytes + 32, size - 32);
        memcpy(bytes, MAGIC.at, MAGIC.len);
        memcpy(bytes + 16, &len, sizeof(len));
        memcpy(bytes + 24, &sum, sizeof(sum));
        try_bytes(bytes, size);
    }
    free(bytes);
    return 0;
}
