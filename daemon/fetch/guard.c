#include "guard.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>

#include "str.h"

struct rule4 {
    uint32_t net; /* host order */
    unsigned bits;
    enum guard_verdict verdict;
    const char *why;
};

#define V4(a, b, c, d)                                                                             \
    ((uint32_t)(a) << 24 | (uint32_t)(b) << 16 | (uint32_t)(c) << 8 | (uint32_t)(d))

/* The first match counts, so single addresses stand before their networks. */
static const struct rule4 rules4[] = {
    {V4(100, 100, 100, 200), 32, GUARD_NEVER, "metadata service"}, /* Alibaba Cloud */
    {V4(168, 63, 129, 16), 32, GUARD_NEVER, "metadata service"},   /* Azure */
    {V4(192, 0, 0, 192), 32, GUARD_NEVER, "metadata service"},     /* Oracle Cloud, older */
    {V4(169, 254, 0, 0), 16, GUARD_NEVER,
     "link-local"},                                   /* and the metadata services of most clouds */
    {V4(0, 0, 0, 0), 8, GUARD_NEVER, "this network"}, /* Linux connects 0.0.0.0 to itself */
    {V4(224, 0, 0, 0), 4, GUARD_NEVER, "multicast"},
    {V4(240, 0, 0, 0), 4, GUARD_NEVER, "reserved"}, /* and broadcast */
    {V4(10, 0, 0, 0), 8, GUARD_PRIVATE, "private"},
    {V4(100, 64, 0, 0), 10, GUARD_PRIVATE, "shared (carrier-grade NAT)"},
    {V4(127, 0, 0, 0), 8, GUARD_PRIVATE, "loopback"},
    {V4(172, 16, 0, 0), 12, GUARD_PRIVATE, "private"},
    {V4(192, 0, 0, 0), 24, GUARD_PRIVATE, "protocol assignments"},
    {V4(192, 0, 2, 0), 24, GUARD_PRIVATE, "documentation"},
    {V4(192, 88, 99, 0), 24, GUARD_PRIVATE, "6to4 relay"},
    {V4(192, 168, 0, 0), 16, GUARD_PRIVATE, "private"},
    {V4(198, 18, 0, 0), 15, GUARD_PRIVATE, "benchmarking"},
    {V4(198, 51, 100, 0), 24, GUARD_PRIVATE, "documentation"},
    {V4(203, 0, 113, 0), 24, GUARD_PRIVATE, "documentation"},
};

enum inside { /* where an IPv6 form carries an IPv4 address */
              INSIDE_NONE = -1,
              INSIDE_6TO4 = 2,
              INSIDE_LAST = 12,
              INSIDE_LAST_INVERTED = 112
};

struct rule6 {
    uint8_t net[16];
    unsigned bits;
    enum guard_verdict verdict; /* at least */
    enum inside inside;
    const char *why;
};

static const struct rule6 rules6[] = {
    {{0}, 128, GUARD_NEVER, INSIDE_NONE, "unspecified"},
    {{[15] = 1}, 128, GUARD_PRIVATE, INSIDE_NONE, "loopback"},
    {{[10] = 0xff, 0xff}, 96, GUARD_OPEN, INSIDE_LAST, "v4-mapped"},
    {{[8] = 0xff, 0xff}, 96, GUARD_PRIVATE, INSIDE_LAST, "v4-translated"}, /* RFC 7915 */
    {{0}, 96, GUARD_PRIVATE, INSIDE_LAST, "v4-compatible"},                /* RFC 4291 2.5.5.1 */
    {{0, 0x64, 0xff, 0x9b}, 96, GUARD_OPEN, INSIDE_LAST, "NAT64"},         /* RFC 6052 */
    /* RFC 8215: which bits carry the IPv4 address is known to that network alone. */
    {{0, 0x64, 0xff, 0x9b, 0, 1}, 48, GUARD_NEVER, INSIDE_NONE, "local NAT64"},
    {{0}, 8, GUARD_PRIVATE, INSIDE_NONE, "reserved"},
    {{1}, 64, GUARD_PRIVATE, INSIDE_NONE, "discard-only"},
    {{0x20, 0x01, 0, 0}, 32, GUARD_PRIVATE, INSIDE_LAST_INVERTED, "Teredo"}, /* RFC 4380 */
    {{0x20, 0x01, 0, 0}, 23, GUARD_PRIVATE, INSIDE_NONE, "protocol assignments"},
    {{0x20, 0x01, 0x0d, 0xb8}, 32, GUARD_PRIVATE, INSIDE_NONE, "documentation"},
    {{0x20, 0x02}, 16, GUARD_OPEN, INSIDE_6TO4, "6to4"}, /* RFC 3056 */
    {{0x3f, 0xff}, 20, GUARD_PRIVATE, INSIDE_NONE, "documentation"},
    {{0xfd, 0, 0x0e, 0xc2},
     32,
     GUARD_NEVER,
     INSIDE_NONE,
     "metadata service"}, /* Amazon: IMDS, DNS, time */
    {{0xfd, 0x20, 0, 0xce}, 32, GUARD_NEVER, INSIDE_NONE, "metadata service"}, /* Google Cloud */
    {{0xfc}, 7, GUARD_PRIVATE, INSIDE_NONE, "unique local"},
    {{0xfe, 0x80}, 10, GUARD_NEVER, INSIDE_NONE, "link-local"},
    {{0xfe, 0xc0}, 10, GUARD_PRIVATE, INSIDE_NONE, "site-local"},
    {{0xff}, 8, GUARD_NEVER, INSIDE_NONE, "multicast"},
};

static enum guard_verdict look4(uint32_t address, const char **why)
{
    for (size_t i = 0; i < ARRAY_LEN(rules4); i++) {
        uint32_t mask = UINT32_MAX << (32 - rules4[i].bits);
        if ((address & mask) == rules4[i].net) {
            *why = rules4[i].why;
            return rules4[i].verdict;
        }
    }
    return GUARD_OPEN;
}

static bool within(const uint8_t address[16], const struct rule6 *rule)
{
    unsigned whole = rule->bits / 8, rest = rule->bits % 8;
    if (memcmp(address, rule->net, whole) != 0)
        return false;
    return rest == 0 || ((address[whole] ^ rule->net[whole]) >> (8 - rest)) == 0;
}

static uint32_t read4(const uint8_t *at, uint8_t flip)
{
    return V4(at[0] ^ flip, at[1] ^ flip, at[2] ^ flip, at[3] ^ flip);
}

static enum guard_verdict look_inside(const uint8_t address[16], enum inside inside,
                                      const char **why)
{
    switch (inside) {
    case INSIDE_NONE:
        return GUARD_OPEN;
    case INSIDE_6TO4:
        return look4(read4(address + 2, 0), why);
    case INSIDE_LAST:
        return look4(read4(address + 12, 0), why);
    case INSIDE_LAST_INVERTED:
        return look4(read4(address + 12, 0xff), why);
    }
    return GUARD_NEVER;
}

/* ISATAP (RFC 5214) may stand under any prefix: its interface id is 0:5efe or 200:5efe and an IPv4
 * address. */
static bool is_isatap(const uint8_t address[16])
{
    return (address[8] & 0xfd) == 0 && address[9] == 0 && address[10] == 0x5e &&
           address[11] == 0xfe;
}

static enum guard_verdict look6(const uint8_t address[16], const char **why)
{
    enum guard_verdict verdict = GUARD_OPEN, inner = GUARD_OPEN;
    for (size_t i = 0; i < ARRAY_LEN(rules6); i++) {
        if (!within(address, &rules6[i]))
            continue;
        verdict = rules6[i].verdict;
        *why = rules6[i].why;
        inner = look_inside(address, rules6[i].inside, why);
        break;
    }
    if (is_isatap(address)) {
        const char *inside_why = "";
        enum guard_verdict tunnelled = look4(read4(address + 12, 0), &inside_why);
        if (tunnelled > inner && tunnelled > verdict) {
            inner = tunnelled;
            *why = inside_why;
        }
    }
    return inner > verdict ? inner : verdict;
}

enum guard_verdict guard_look(const struct sockaddr *address, const char **why_out)
{
    const char *why = "";
    enum guard_verdict verdict = GUARD_NEVER;
    if (address->sa_family == AF_INET) {
        struct sockaddr_in in;
        memcpy(&in, address, sizeof(in));
        verdict = look4(ntohl(in.sin_addr.s_addr), &why);
    } else if (address->sa_family == AF_INET6) {
        struct sockaddr_in6 in6;
        memcpy(&in6, address, sizeof(in6));
        verdict = look6(in6.sin6_addr.s6_addr, &why);
    } else {
        why = "not an internet address";
    }
    if (why_out)
        *why_out = why;
    return verdict;
}

bool guard_allows(const struct sockaddr *address, bool allow_private)
{
    enum guard_verdict verdict = guard_look(address, NULL);
    return verdict == GUARD_OPEN || (verdict == GUARD_PRIVATE && allow_private);
}
