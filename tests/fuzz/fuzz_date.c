/* Any text is refused or is a day between 1970 and 2199, which reads back from its own text. */
#include "date.h"

#include <assert.h>

#include "clock.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str text = {(const char *)data, size};
    int64_t at = 0, again = 0;
    char written[CLOCK_TEXT];
    size_t len = 0;
    if (date_parse(text, &at) == 0) {
        assert(at > 0 && at < (clock_days(2200, 1, 1) + 1) * USEC_PER_DAY);
        int rc = date_parse(str_of(clock_format(at, written)), &again);
        assert((rc == 0 && again == at) || at >= clock_days(2200, 1, 1) * USEC_PER_DAY);
    }
    int month = date_month(text, &len);
    assert(month >= 0 && month <= 12 && len <= size);
    return 0;
}
