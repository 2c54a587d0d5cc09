#include "cmd/records/base64.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#define BASE64_IS(bytes, wanted)                                                                   \
    do {                                                                                           \
        struct mr_buf text = {0};                                                                  \
        mr_base64(&text, MR_BYTES(bytes));                                                         \
        assert_string_equal(mr_buf_text(&text), wanted);                                           \
        mr_buf_free(&text);                                                                        \
    } while (0)

/* The examples of RFC 4648, section 10, and the two last digits. */
static void bytes_are_written_in_groups_of_three(void **state)
{
    (void)state;
    BASE64_IS("", "");
    BASE64_IS("f", "Zg==");
    BASE64_IS("fo", "Zm8=");
    BASE64_IS("foo", "Zm9v");
    BASE64_IS("foob", "Zm9vYg==");
    BASE64_IS("fooba", "Zm9vYmE=");
    BASE64_IS("foobar", "Zm9vYmFy");
    BASE64_IS("\xfb\xff\xfe\0", "+//+AA==");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(bytes_are_written_in_groups_of_three)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
