/* Header lines as a hostile server sends them: read within bounds, whatever they say. */
#include <assert.h>
#include <stdint.h>

#include "clock.h"
#include "headers.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct headers h;
    struct str rest = {(const char *)data, size}, line;
    headers_init(&h);
    while (str_cut(&rest, '\n', &line) && headers_line(&h, line) == 0)
        ;
    assert(memchr(h.etag, 0, sizeof(h.etag)) && memchr(h.location, 0, sizeof(h.location)));
    assert(headers_value_ok(str_of(h.etag)) && headers_value_ok(str_of(h.last_modified)));
    assert(headers_value_ok(str_of(h.charset)) && headers_value_ok(str_of(h.location)));
    assert(headers_fresh_us(&h, 1700000000 * USEC_PER_SEC) >= 0);
    int64_t retry = headers_retry_after_us(&h, 1700000000 * USEC_PER_SEC);
    assert(retry >= 0 && retry <= LIMIT_RETRY_AFTER_S * USEC_PER_SEC);
    return 0;
}
