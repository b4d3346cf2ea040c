/* Runs a fuzz target over files, without a fuzzer: for runs under failmalloc.so. */
#include "slurp.h"
#include "str.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        struct buf bytes = BUF_NONE;
        if (slurp_file(argv[i], 1 << 20, &bytes) != 0) {
            fprintf(stderr, "over_files: %s cannot be read\n", argv[i]);
            return 66;
        }
        LLVMFuzzerTestOneInput((const uint8_t *)bytes.at, bytes.len);
        buf_free(&bytes);
    }
    return 0;
}
