/* The first byte chooses a coding. Nothing but its limit is ever written. */
#include "inflate.h"

#include <assert.h>

#include "limits.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const codings[] = {"",     "gzip",     "deflate", "br",
                                          "zstd", "gzip, br", "identity"};
    struct buf out = BUF_NONE;
    if (size == 0)
        return 0;
    struct str bytes = {(const char *)data + 1, size - 1};
    int rc = inflate_body(bytes, str_of(codings[data[0] % ARRAY_LEN(codings)]), &out);
    assert(rc < 0 || out.len <= LIMIT_BODY);
    buf_free(&out);
    return 0;
}
