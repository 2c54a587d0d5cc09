#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/digits.h"
#include "seed.h"

enum { RANDOM = 200000 };

static void integers_are_written_in_full(void **state)
{
    char text[MR_DIGITS_MOST + 1], wanted[32];
    struct seed seed = new_seed("integers_are_written_in_full");
    (void)state;
    for (size_t i = 0; i < RANDOM; i++) {
        uint64_t value = next_random(&seed) >> random_below(&seed, 64);
        if (i < 3)
            value = (uint64_t[]){0, UINT64_MAX, 10000}[i];
        text[mr_digits(text, value)] = '\0';
        snprintf(wanted, sizeof(wanted), "%llu", (unsigned long long)value);
        assert_string_equal(text, wanted);
    }
}

static const char *text_of(double value)
{
    static char text[MR_DOUBLE_MOST + 1];
    size_t length = mr_double_digits(text, value);
    assert_true(length <= MR_DOUBLE_MOST);
    text[length] = '\0';
    return text;
}

static void doubles_have_the_form_of_json(void **state)
{
    static const struct {
        double value;
        const char *text;
    } known[] = {
        {0, "0"},
        {-0.0, "-0"},
        {1, "1"},
        {-1.5, "-1.5"},
        {0.1, "0.1"},
        {64250.5, "64250.5"},
        {0.00001, "0.00001"},
        {0.000012345, "0.000012345"},
        {0.000001, "1e-6"},
        {1.25e-7, "1.25e-7"},
        {1e15, "1000000000000000"},
        {1e19, "10000000000000000000"},
        {0x1p63, "9223372036854775808"},
        {-0x1p63, "-9223372036854775808"},
        {0x1.fffffffffffffp63, "18446744073709549568"},
        {0x1p64, "1.8446744073709552e19"},
        {1e21, "1e21"},
        {1e22, "1e22"},
        {1e23, "1e23"},
        {-1.5e300, "-1.5e300"},
        {5e-324, "5e-324"},
        {2.2250738585072014e-308, "2.2250738585072014e-308"},
        {1.7976931348623157e308, "1.7976931348623157e308"},
        {123456789.123456789, "123456789.12345679"},
        {9007199254740993.0, "9007199254740992"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        assert_string_equal(text_of(known[i].value), known[i].text);
}

static size_t digits_in(const char *text)
{
    size_t count = 0, zeros = 0;
    for (; *text != '\0' && *text != 'e'; text++) {
        if (*text < '0' || *text > '9' || (*text == '0' && count == 0))
            continue;
        count++;
        zeros = *text == '0' ? zeros + 1 : 0;
    }
    return count - zeros;
}

/* It reads back, printf needs as many digits at least, and with as many comes no nearer. */
static void check(double value)
{
    char other[40];
    const char *text = text_of(value);
    if (strtod(text, NULL) != value)
        fail_msg("%.17g is written as %s", value, text);
    if (value == floor(value) && fabs(value) < 0x1p64)
        return; /* in full */
    int digits = (int)digits_in(text);
    if (digits > 1) {
        snprintf(other, sizeof(other), "%.*e", digits - 2, value);
        if (strtod(other, NULL) == value)
            fail_msg("%.17g is written as %s, but %s would do", value, text, other);
    }
    snprintf(other, sizeof(other), "%.*e", digits - 1, value);
    if (strtod(other, NULL) == value && strtold(other, NULL) != strtold(text, NULL))
        fail_msg("%.17g is written as %s, but %s is nearer", value, text, other);
}

static double double_of(uint64_t bits)
{
    double value;
    memcpy(&value, &bits, sizeof(value));
    return value;
}

static void random_doubles_read_back_from_the_fewest_digits(void **state)
{
    struct seed seed = new_seed("random_doubles_read_back_from_the_fewest_digits");
    (void)state;
    for (size_t i = 0; i < RANDOM; i++) {
        double value = double_of(next_random(&seed));
        if (isfinite(value))
            check(value);
        check(ldexp((double)(next_random(&seed) >> 11), (int)random_below(&seed, 120) - 110));
    }
}

/* Powers of two have a nearer neighbour below; and the smallest have few bits. */
static void doubles_on_the_edge_read_back(void **state)
{
    (void)state;
    for (uint64_t exponent = 0; exponent < 0x7ff; exponent++)
        for (uint64_t near = 0; near < 3; near++)
            check(double_of((exponent << 52) + near - (exponent > 0)));
    for (uint64_t bits = 1; bits < 2000; bits++)
        check(double_of(bits));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(integers_are_written_in_full),
        cmocka_unit_test(doubles_have_the_form_of_json),
        cmocka_unit_test(random_doubles_read_back_from_the_fewest_digits),
        cmocka_unit_test(doubles_on_the_edge_read_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
