#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <netinet/in.h>
#include <sys/un.h>

#include "guard.h"
#include "str.h"

static const struct {
    const char *address;
    enum guard_verdict expected;
} cases[] = {
    /* the open internet */
    {"1.1.1.1", GUARD_OPEN},
    {"8.8.8.8", GUARD_OPEN},
    {"9.255.255.255", GUARD_OPEN},
    {"11.0.0.0", GUARD_OPEN},
    {"100.63.255.255", GUARD_OPEN},
    {"100.128.0.0", GUARD_OPEN},
    {"126.255.255.255", GUARD_OPEN},
    {"128.0.0.1", GUARD_OPEN},
    {"169.253.255.255", GUARD_OPEN},
    {"169.255.0.0", GUARD_OPEN},
    {"172.15.255.255", GUARD_OPEN},
    {"172.32.0.0", GUARD_OPEN},
    {"192.167.255.255", GUARD_OPEN},
    {"192.169.0.0", GUARD_OPEN},
    {"198.17.255.255", GUARD_OPEN},
    {"198.20.0.0", GUARD_OPEN},
    {"223.255.255.255", GUARD_OPEN},
    {"2606:4700:4700::1111", GUARD_OPEN},
    {"2a00:1450:4001:810::200e", GUARD_OPEN},
    {"2001:200::1", GUARD_OPEN},
    /* private: with leave only */
    {"10.0.0.0", GUARD_PRIVATE},
    {"10.255.255.255", GUARD_PRIVATE},
    {"100.64.0.0", GUARD_PRIVATE},
    {"100.127.255.255", GUARD_PRIVATE},
    {"127.0.0.1", GUARD_PRIVATE},
    {"127.255.255.255", GUARD_PRIVATE},
    {"172.16.0.0", GUARD_PRIVATE},
    {"172.31.255.255", GUARD_PRIVATE},
    {"192.0.0.8", GUARD_PRIVATE},
    {"192.0.2.7", GUARD_PRIVATE},
    {"192.88.99.1", GUARD_PRIVATE},
    {"192.168.0.0", GUARD_PRIVATE},
    {"192.168.255.255", GUARD_PRIVATE},
    {"198.18.0.0", GUARD_PRIVATE},
    {"198.19.255.255", GUARD_PRIVATE},
    {"198.51.100.1", GUARD_PRIVATE},
    {"203.0.113.1", GUARD_PRIVATE},
    {"::1", GUARD_PRIVATE},
    {"fc00::1", GUARD_PRIVATE},
    {"fdff:ffff::1", GUARD_PRIVATE},
    {"fec0::1", GUARD_PRIVATE},
    {"100::1", GUARD_PRIVATE},
    {"2001:db8::1", GUARD_PRIVATE},
    {"3fff:fff::1", GUARD_PRIVATE},
    /* never */
    {"0.0.0.0", GUARD_NEVER},
    {"0.255.255.255", GUARD_NEVER},
    {"169.254.0.0", GUARD_NEVER},
    {"169.254.169.254", GUARD_NEVER},
    {"169.254.255.255", GUARD_NEVER},
    {"100.100.100.200", GUARD_NEVER},
    {"168.63.129.16", GUARD_NEVER},
    {"192.0.0.192", GUARD_NEVER},
    {"224.0.0.1", GUARD_NEVER},
    {"239.255.255.255", GUARD_NEVER},
    {"240.0.0.1", GUARD_NEVER},
    {"255.255.255.255", GUARD_NEVER},
    {"::", GUARD_NEVER},
    {"fe80::1", GUARD_NEVER},
    {"febf::1", GUARD_NEVER},
    {"ff02::1", GUARD_NEVER},
    {"fd00:ec2::254", GUARD_NEVER},
    {"fd20:ce::254", GUARD_NEVER},
    {"64:ff9b:1::1", GUARD_NEVER},
    /* an IPv4 address inside */
    {"::ffff:8.8.8.8", GUARD_OPEN},
    {"::ffff:127.0.0.1", GUARD_PRIVATE},
    {"::ffff:10.1.2.3", GUARD_PRIVATE},
    {"::ffff:169.254.169.254", GUARD_NEVER},
    {"::ffff:0.0.0.0", GUARD_NEVER},
    {"::ffff:0:127.0.0.1", GUARD_PRIVATE},
    {"::ffff:0:169.254.169.254", GUARD_NEVER},
    {"::127.0.0.1", GUARD_PRIVATE},
    {"::8.8.8.8", GUARD_PRIVATE},
    {"::169.254.169.254", GUARD_NEVER},
    {"64:ff9b::8.8.8.8", GUARD_OPEN},
    {"64:ff9b::192.168.1.1", GUARD_PRIVATE},
    {"64:ff9b::169.254.169.254", GUARD_NEVER},
    {"2002:808:808::1", GUARD_OPEN},
    {"2002:7f00:1::", GUARD_PRIVATE},
    {"2002:c0a8:101::1", GUARD_PRIVATE},
    {"2002:a9fe:a9fe::1", GUARD_NEVER},
    {"2001:0:4136:e378:8000:63bf:f7f7:f7f7", GUARD_PRIVATE}, /* Teredo to 8.8.8.8 */
    {"2001:0:4136:e378:8000:63bf:5601:5601", GUARD_NEVER},   /* Teredo to 169.254.169.254 */
    {"2a00:1450::5efe:192.168.0.1", GUARD_PRIVATE},
    {"2a00:1450::200:5efe:169.254.169.254", GUARD_NEVER},
    {"fe80::5efe:8.8.8.8", GUARD_NEVER},
};

static struct sockaddr_storage address_of(const char *text)
{
    struct sockaddr_storage out = {0};
    struct in_addr in;
    struct in6_addr in6;
    if (inet_pton(AF_INET, text, &in) == 1) {
        struct sockaddr_in sin = {.sin_family = AF_INET, .sin_addr = in};
        memcpy(&out, &sin, sizeof(sin));
    } else if (inet_pton(AF_INET6, text, &in6) == 1) {
        struct sockaddr_in6 sin6 = {.sin6_family = AF_INET6, .sin6_addr = in6};
        memcpy(&out, &sin6, sizeof(sin6));
    } else {
        fail_msg("not an address: %s", text);
    }
    return out;
}

static void every_address_is_judged_as_the_table_says(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct sockaddr_storage a = address_of(cases[i].address);
        const char *why = NULL;
        enum guard_verdict found = guard_look((const struct sockaddr *)&a, &why);
        if (found != cases[i].expected)
            fail_msg("%s: %d, expected %d", cases[i].address, found, cases[i].expected);
        if (found != GUARD_OPEN)
            assert_true(strlen(why) > 0);
    }
}

static void leave_for_private_addresses_opens_no_link_local_ones(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct sockaddr_storage a = address_of(cases[i].address);
        const struct sockaddr *address = (const struct sockaddr *)&a;
        assert_int_equal(guard_allows(address, false), cases[i].expected == GUARD_OPEN);
        assert_int_equal(guard_allows(address, true), cases[i].expected != GUARD_NEVER);
    }
}

static void what_is_no_internet_address_is_never_reached(void **state)
{
    (void)state;
    struct sockaddr_un un = {.sun_family = AF_UNIX, .sun_path = "/run/x"};
    assert_false(guard_allows((const struct sockaddr *)&un, true));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_address_is_judged_as_the_table_says),
        cmocka_unit_test(leave_for_private_addresses_opens_no_link_local_ones),
        cmocka_unit_test(what_is_no_internet_address_is_never_reached),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
