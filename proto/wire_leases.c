/*
 * The list of leases in the header of ITEMS, RESULT, ACK and TOUCH, as nearly everybody writes it:
 *
 *     [{"lease":4711,"delivery":1},{"lease":4712,"delivery":1}]
 *
 * There is one number an item in it, so it is read without building values. Whatever is written
 * otherwise, or is wrong, is not judged here: it is read by the library.
 */
#include "wire_json.h"

#define DIGITS_MOST 16 /* of WIRE_INT_MAX */

static bool take(struct str *rest, struct str token)
{
    while (rest->len && rest->at[0] == ' ')
        *rest = str_from(*rest, 1);
    if (!str_starts(*rest, token))
        return false;
    *rest = str_from(*rest, token.len);
    return true;
}

static bool take_number(struct str *rest, uint64_t max, uint64_t *out)
{
    size_t count = 0;
    take(rest, STR_NONE); /* blanks */
    while (count < rest->len && rest->at[count] >= '0' && rest->at[count] <= '9')
        count++;
    if (count == 0 || count > DIGITS_MOST || rest->at[0] == '0')
        return false;
    str_u64(str_upto(*rest, count), out);
    *rest = str_from(*rest, count);
    return *out <= max;
}

static bool take_member(struct str *rest, struct str name, uint64_t max, uint64_t *out)
{
    return take(rest, name) && take(rest, STR(":")) && take_number(rest, max, out);
}

static bool take_lease(struct str *rest, bool delivered, struct wire_lease *out)
{
    uint64_t delivery = 0;
    if (!take(rest, STR("{")) || !take_member(rest, STR("\"lease\""), WIRE_INT_MAX, &out->lease))
        return false;
    if (delivered &&
        (!take(rest, STR(",")) || !take_member(rest, STR("\"delivery\""), UINT32_MAX, &delivery)))
        return false;
    out->delivery = (uint32_t)delivery;
    return take(rest, STR("}"));
}

size_t wire_leases_quick(struct str header, bool delivered, struct wire_lease *out)
{
    struct str rest = header;
    size_t count = 0;
    if (header.len > LIMIT_FRAME_HEADER || !take(&rest, STR("[")))
        return 0;
    do {
        if (count == LIMIT_BATCH_ITEMS || !take_lease(&rest, delivered, &out[count]))
            return 0;
        count++;
    } while (take(&rest, STR(",")));
    return take(&rest, STR("]")) && rest.len == 0 ? count : 0;
}
