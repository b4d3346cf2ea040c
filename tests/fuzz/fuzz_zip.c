/* A zip archive: no more comes out than may, whatever its numbers say. */
#include "zip.h"

#include <assert.h>
#include <errno.h>

#include "limits.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct counted {
    size_t members, bytes;
};

static int on_member(void *ctx, struct str bytes)
{
    struct counted *counted = ctx;
    assert(bytes.len > 0);
    counted->members++;
    counted->bytes += bytes.len;
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct counted counted = {0};
    int rc = zip_read((struct str){(const char *)data, size}, on_member, &counted);
    assert(rc == 0 || rc == -EBADMSG || rc == -EMSGSIZE || rc == -ENOTSUP);
    assert(counted.members <= LIMIT_ZIP_MEMBERS && counted.bytes <= LIMIT_BODY);
    return 0;
}
