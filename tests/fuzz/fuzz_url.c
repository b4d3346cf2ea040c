/* "base\nreference": refused, or an absolute ASCII address that resolves to itself and has a host.
 */
#include "url.h"

#include <assert.h>

#include "limits.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str ref = {(const char *)data, size}, base = STR_NONE;
    struct buf out = BUF_NONE, again = BUF_NONE;
    if (str_chr(ref, '\n') != SIZE_MAX)
        str_cut(&ref, '\n', &base);
    int rc = url_resolve(base, ref, &out);
    assert((rc == 0) == (out.len > 0) && out.len <= LIMIT_URL);
    if (rc == 0) {
        for (size_t i = 0; i < out.len; i++)
            assert(out.at[i] > ' ' && out.at[i] < 0x7f);
        rc = url_resolve(STR_NONE, buf_str(&out), &again);
        assert(rc == 0 && str_eq(buf_str(&out), buf_str(&again)));
        assert(url_host(buf_str(&out)).len > 0);
        buf_reset(&again);
        rc = url_identity(buf_str(&out), &again);
        assert(rc == 0 && again.len > 0);
    }
    (void)url_same_site(base, ref);
    buf_free(&out);
    buf_free(&again);
    return 0;
}
