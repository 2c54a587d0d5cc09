#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/utf8.h"

/* RFC 3629 by arithmetic, where the room compares bytes: decode the bits, then refuse what is too
 * long or no character. */
static size_t length_by_arithmetic(const unsigned char *bytes, size_t available)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t length = bytes[0] < 0x80             ? 1
                    : (bytes[0] & 0xe0) == 0xc0 ? 2
                    : (bytes[0] & 0xf0) == 0xe0 ? 3
                    : (bytes[0] & 0xf8) == 0xf0 ? 4
                                                : 0;
    if (length == 0 || length > available)
        return 0;
    uint32_t point = length == 1 ? bytes[0] : bytes[0] & (0x7fu >> length);
    for (size_t i = 1; i < length; i++) {
        if ((bytes[i] & 0xc0) != 0x80)
            return 0;
        point = point << 6 | (bytes[i] & 0x3f);
    }
    if (point < least[length] || point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff))
        return 0;
    return length;
}

/* A plain comparison: an assertion costs too much for millions. */
static void compare(const unsigned char *bytes, size_t available)
{
    size_t wanted = length_by_arithmetic(bytes, available);
    if (mr_utf8_length((const char *)bytes, available) != wanted)
        fail_msg("%02x %02x %02x %02x, %zu bytes: not %zu", bytes[0], bytes[1], bytes[2], bytes[3],
                 available, wanted);
}

static void every_run_of_three_bytes_is_judged_rightly(void **state)
{
    (void)state;
    for (uint32_t all = 0; all < 1u << 24; all++) {
        const unsigned char bytes[4] = {(unsigned char)(all >> 16), (unsigned char)(all >> 8),
                                        (unsigned char)all, 0x80};
        compare(bytes, 3);
    }
}

static void every_lead_of_four_bytes_is_judged_rightly(void **state)
{
    static const unsigned char ends[] = {0x00, 0x41, 0x7f, 0x80, 0x9f, 0xbf, 0xc0, 0xff};
    (void)state;
    for (uint32_t lead = 0; lead < 1u << 16; lead++) {
        for (size_t i = 0; i < sizeof(ends) * sizeof(ends); i++) {
            const unsigned char bytes[4] = {(unsigned char)(lead >> 8), (unsigned char)lead,
                                            ends[i / sizeof(ends)], ends[i % sizeof(ends)]};
            compare(bytes, 4);
        }
    }
}

static void a_character_that_is_cut_short_is_none(void **state)
{
    static const char *const characters[] = {"a", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x8c\x99"};
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        for (size_t available = 0; available <= i + 1; available++) {
            char *cut = malloc(available ? available : 1); /* of its own size, for the sanitizer */
            memcpy(cut, characters[i], available);
            assert_int_equal(mr_utf8_length(cut, available), available == i + 1 ? i + 1 : 0);
            free(cut);
        }
    }
}

static void a_text_is_valid_where_all_of_it_is(void **state)
{
    (void)state;
    assert_true(mr_utf8_valid("", 0));
    assert_true(mr_utf8_valid(NULL, 0));
    assert_true(mr_utf8_valid("a\0b", 3));
    assert_true(mr_utf8_valid("\xf0\x9f\x8c\x99 \xe2\x82\xac", 8));
    assert_false(mr_utf8_valid("text\x80", 5));
    assert_false(mr_utf8_valid("\xfftext", 5));
    assert_false(mr_utf8_valid("text\xe2\x82", 6));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_run_of_three_bytes_is_judged_rightly),
        cmocka_unit_test(every_lead_of_four_bytes_is_judged_rightly),
        cmocka_unit_test(a_character_that_is_cut_short_is_none),
        cmocka_unit_test(a_text_is_valid_where_all_of_it_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
