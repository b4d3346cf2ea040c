#include "pool_help.h"

#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "log.h"

/* What a reader that has been taken over can do from inside the jail: die. */

#ifdef DATELINE_SANITIZED
static void a_sanitizer_build_refuses_the_jail(void **state)
{
    (void)state;
    struct pool pool;
    assert_int_equal(pool_open(&pool, pool_program("rogue-parser"), "seccomp", 1), -ENOTSUP);
}

int main(void)
{
    log_set_level(LOG_ERROR);
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_sanitizer_build_refuses_the_jail)};
    return cmocka_run_group_tests_name("jail", tests, NULL, NULL);
}
#else

static void expect_death(const char *document, const char *reason)
{
    struct pool pool;
    assert_int_equal(pool_open(&pool, pool_program("rogue-parser"), "seccomp", 1), 0);
    pool_submit(&pool, str_of(document));
    pool_submit(&pool, STR("items 2"));
    pool_run(&pool);
    assert_int_equal(pool.answers[0].error, -ECHILD);
    assert_string_equal(pool.answers[0].reason, reason);
    assert_int_equal(pool.answers[1].error, 0);
    assert_int_equal(pool.answers[1].count, 2);
    pool_close(&pool);
}

#define FORBIDDEN "the parser child made a system call that its jail forbids"

static void a_jailed_child_reads_its_documents(void **state)
{
    (void)state;
    struct pool pool;
    assert_int_equal(pool_open(&pool, pool_program("rogue-parser"), "seccomp", 2), 0);
    for (int i = 0; i < 50; i++)
        pool_submit(&pool, STR("items 100"));
    pool_run(&pool);
    for (int i = 0; i < 50; i++)
        assert_int_equal(pool.answers[i].count, 100);
    pool_close(&pool);
}

static void a_jailed_child_that_opens_a_file_dies(void **state)
{
    (void)state;
    expect_death("open", FORBIDDEN);
}

static void a_jailed_child_that_makes_a_socket_dies(void **state)
{
    (void)state;
    expect_death("socket", FORBIDDEN);
}

static void a_jailed_child_that_forks_dies(void **state)
{
    (void)state;
    expect_death("fork", FORBIDDEN);
}

static void a_jailed_child_cannot_signal_its_parent(void **state)
{
    (void)state;
    expect_death("signal", FORBIDDEN);
}

static void a_document_that_takes_too_much_memory_is_answered_so(void **state)
{
    (void)state;
    expect_death("bomb", "the parser child ran out of memory");
}

static void a_child_that_aborts_is_answered_so(void **state)
{
    (void)state;
    expect_death("abort", "the parser child aborted");
}

static void a_child_that_crashes_is_answered_so(void **state)
{
    (void)state;
    expect_death("crash", "the parser child was killed by SIGSEGV");
}

/* Calls that return, wrong as their arguments are, and calls that end the child without being forbidden. */
static const int harmless[] = {SYS_brk,    SYS_munmap,    SYS_mremap,         SYS_madvise,
                               SYS_futex,  SYS_getrandom, SYS_rt_sigprocmask, SYS_clock_gettime,
                               SYS_gettid, SYS_getpid};
static const int endings[] = {SYS_rt_sigreturn, SYS_exit_group};
/* uretprobe and uprobe on x86-64: newer kernels let no filter see them, and they do nothing but for who is
 * being probed. */
static const int unseen[] = {335, 336};

static bool is_among(int call, const int *calls, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (calls[i] == call)
            return true;
    return false;
}

/* Every call there is, by number, beyond the newest we know. Reading and writing anything but the socket,
 * memory that is executable or a file's, and signals to others are among those that are forbidden. */
static void every_call_that_is_not_on_the_list_is_death(void **state)
{
    (void)state;
    struct pool pool;
    assert_int_equal(pool_open(&pool, pool_program("rogue-parser"), "seccomp", 1), 0);
    for (int call = 0; call < 500; call++) {
        char document[32];
        if (is_among(call, unseen, ARRAY_LEN(unseen)))
            continue;
        pool.asked = pool.answered = 0;
        memset(&pool.answers[0], 0, sizeof pool.answers[0]);
        snprintf(document, sizeof document, "call %d", call);
        pool_submit(&pool, str_of(document));
        pool_run(&pool);
        const struct kept_answer *answer = &pool.answers[0];
        bool forbidden = strcmp(answer->reason, FORBIDDEN) == 0;
        bool lives = answer->error == -EBADMSG;
        bool ends = !lives && is_among(call, endings, ARRAY_LEN(endings));
        if (lives != is_among(call, harmless, ARRAY_LEN(harmless)) ||
            (!forbidden && !lives && !ends))
            fail_msg("system call %d: %s", call, answer->reason);
    }
    pool_close(&pool);
}

/* The real reader, over everything that libraries load when first asked for it. */
static const char *const documents[] = {
    "<?xml version=\"1.0\" encoding=\"windows-1251\"?><rss version=\"2.0\"><channel><title>\xcd\xee"
    "</title><item><title>\xcd\xee\xe2\xee\xf1\xf2\xe8</title><link>http://a.example/1</link>"
    "</item></channel></rss>",
    "<?xml version=\"1.0\" encoding=\"EUC-JP\"?><rss version=\"2.0\"><channel><title>t</title>"
    "<item><title>\xc6\xfc\xcb\xdc</title><link>http://a.example/2</link></item></channel></rss>",
    "<?xml version=\"1.0\" encoding=\"gb2312\"?><rss version=\"2.0\"><channel><title>t</title>"
    "<item><title>\xd6\xd0\xb9\xfa</title><link>http://a.example/3</link></item></channel></rss>",
    "<?xml version=\"1.0\" encoding=\"x-no-such-charset\"?><rss version=\"2.0\"><channel><title>t"
    "</title><item><title>caf\xe9</title><link>http://a.example/4</link></item></channel></rss>",
    "{\"version\":\"https://jsonfeed.org/version/1.1\",\"title\":\"t\",\"items\":[{\"id\":1,"
    "\"title\":\"h\",\"content_text\":\"a\"}]}",
};

static void the_real_reader_needs_nothing_that_the_jail_forbids(void **state)
{
    (void)state;
    struct pool pool;
    assert_int_equal(pool_open(&pool, pool_program("dateline-parser"), "seccomp", 1), 0);
    for (size_t i = 0; i < ARRAY_LEN(documents); i++)
        pool_submit(&pool, str_of(documents[i]));
    pool_run(&pool);
    for (size_t i = 0; i < ARRAY_LEN(documents); i++) {
        assert_string_equal(pool.answers[i].reason, "");
        assert_int_equal(pool.answers[i].error, 0);
        assert_int_equal(pool.answers[i].count, 1);
    }
    pool_close(&pool);
}

int main(void)
{
    log_set_level(LOG_ERROR);
    ev_default_loop(0);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_jailed_child_reads_its_documents),
        cmocka_unit_test(a_jailed_child_that_opens_a_file_dies),
        cmocka_unit_test(a_jailed_child_that_makes_a_socket_dies),
        cmocka_unit_test(a_jailed_child_that_forks_dies),
        cmocka_unit_test(a_jailed_child_cannot_signal_its_parent),
        cmocka_unit_test(a_document_that_takes_too_much_memory_is_answered_so),
        cmocka_unit_test(a_child_that_aborts_is_answered_so),
        cmocka_unit_test(a_child_that_crashes_is_answered_so),
        cmocka_unit_test(every_call_that_is_not_on_the_list_is_death),
        cmocka_unit_test(the_real_reader_needs_nothing_that_the_jail_forbids),
    };
    return cmocka_run_group_tests_name("jail", tests, NULL, NULL);
}
#endif
