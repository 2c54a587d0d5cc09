#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "master/address.h"

static void expect_parsed(const char *text, const char *expected)
{
    struct mr_address address;
    struct mr_errors errors = {0};
    char shown[MR_ADDRESS_TEXT];
    assert_int_equal(mr_address_parse(&address, "admin.listen", text, &errors), 0);
    mr_address_text(&address, shown);
    assert_string_equal(shown, expected);
    assert_int_equal(errors.count, 0);
}

static void expect_refused(const char *text)
{
    struct mr_address address;
    struct mr_errors errors = {0};
    assert_true(mr_address_parse(&address, "admin.listen", text, &errors) < 0);
    assert_int_equal(errors.count, 1);
    assert_int_equal(strncmp(mr_errors_text(&errors), "admin.listen: expected ADDRESS:PORT", 35),
                     0);
    assert_non_null(strstr(mr_errors_text(&errors), text));
    mr_errors_free(&errors);
}

static void addresses_of_both_families_are_read(void **state)
{
    (void)state;
    expect_parsed("127.0.0.1:8080", "127.0.0.1:8080");
    expect_parsed("0.0.0.0:1", "0.0.0.0:1");
    expect_parsed("[::1]:65535", "[::1]:65535");
    expect_parsed("[::]:0", "[::]:0");
    expect_parsed("localhost:8080", "127.0.0.1:8080");
}

static void what_is_no_address_is_refused_with_an_example(void **state)
{
    (void)state;
    static const char *const bad[] = {"",
                                      "8080",
                                      ":8080",
                                      "127.0.0.1",
                                      "127.0.0.1:",
                                      "127.0.0.1:65536",
                                      "127.0.0.1:-1",
                                      "127.0.0.1:8x",
                                      "1.2.3:80",
                                      "example.org:80",
                                      "::1:80",
                                      "[::1]",
                                      "[]:80",
                                      "[127.0.0.1:80"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        expect_refused(bad[i]);
}

static void a_name_longer_than_any_address_is_refused(void **state)
{
    (void)state;
    char text[300];
    memset(text, '1', sizeof(text));
    strcpy(text + 290, ":80");
    expect_refused(text);
}

static void any_is_reached_by_loopback(void **state)
{
    (void)state;
    static const char *const pairs[][2] = {{"0.0.0.0:80", "127.0.0.1:80"},
                                           {"[::]:80", "[::1]:80"},
                                           {"10.1.2.3:80", "10.1.2.3:80"},
                                           {"[fe80::1]:80", "[fe80::1]:80"}};
    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        struct mr_address address;
        struct mr_errors errors = {0};
        char shown[MR_ADDRESS_TEXT];
        assert_int_equal(mr_address_parse(&address, "x", pairs[i][0], &errors), 0);
        mr_address_reachable(&address);
        mr_address_text(&address, shown);
        assert_string_equal(shown, pairs[i][1]);
        assert_int_equal(mr_address_port(&address), 80);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_of_both_families_are_read),
        cmocka_unit_test(what_is_no_address_is_refused_with_an_example),
        cmocka_unit_test(a_name_longer_than_any_address_is_refused),
        cmocka_unit_test(any_is_reached_by_loopback),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
