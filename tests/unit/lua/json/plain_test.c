#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lua/json/plain.h"

enum { LENGTH = 20 };

/* Every byte at every place, alone and with others like it behind. */
static void the_first_byte_that_is_not_plain_is_found(void **state)
{
    static const char odd[] = "\"\\\n\x80\xff";
    char text[LENGTH];
    (void)state;
    for (size_t at = 0; at < LENGTH; at++) {
        for (unsigned byte = 0; byte < 256; byte++) {
            memset(text, 'x', LENGTH);
            text[at] = (char)byte;
            if (at + 1 < LENGTH)
                text[LENGTH - 1] = odd[byte % 5];
            int is_plain = byte >= 0x20 && byte < 0x80 && byte != '"' && byte != '\\';
            size_t wanted = !is_plain ? at : at + 1 < LENGTH ? LENGTH - 1 : LENGTH;
            assert_int_equal(mr_plain_end(text, text + LENGTH) - text, wanted);
            for (size_t length = 0; length <= LENGTH; length++)
                assert_int_equal(mr_plain_all(text, length), wanted >= length);
            assert_int_equal(mr_plain_byte((char)byte), is_plain);
        }
    }
}

static void text_goes_as_far_as_it_is_utf8(void **state)
{
    static const struct {
        const char *text;
        size_t length;
    } cases[] = {
        {"", 0},
        {"plain", 5},
        {"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80 and \xc3\xa9", 16},
        {"\xc3\xa9\xc3", 2},
        {"12345678\xe2\x82\xac\"", 11},
        {"\xc3\xa9\\", 2},
        {"\xc3\xa9\xff", 2},
        {"\xed\xa0\x80", 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *text = cases[i].text;
        assert_int_equal(mr_text_end(text, text + strlen(text)) - text, cases[i].length);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_byte_that_is_not_plain_is_found),
        cmocka_unit_test(text_goes_as_far_as_it_is_utf8),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
