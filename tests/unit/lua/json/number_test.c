#include <inttypes.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lua/json/number.h"
#include "seed.h"

enum { RANDOM = 200000 };

static struct mr_number number_of(const char *text)
{
    struct mr_number number;
    size_t length = strlen(text);
    char *bytes = malloc(length); /* nothing behind it */
    memcpy(bytes, text, length);
    const char *behind = mr_number_read(bytes, bytes + length, &number);
    if (number.kind == MR_NUMBER_INTEGER || number.kind == MR_NUMBER_DOUBLE)
        assert_ptr_equal(behind, bytes + length);
    free(bytes);
    return number;
}

static void integers_of_64_bits_are_exact(void **state)
{
    static const int64_t values[] = {0,
                                     1,
                                     -1,
                                     42,
                                     INT64_MAX,
                                     INT64_MAX - 1,
                                     INT64_MIN,
                                     INT64_MIN + 1,
                                     (int64_t)1 << 53,
                                     ((int64_t)1 << 53) + 1};
    char text[32];
    (void)state;
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        snprintf(text, sizeof(text), "%" PRId64, values[i]);
        struct mr_number number = number_of(text);
        assert_int_equal(number.kind, MR_NUMBER_INTEGER);
        assert_int_equal(number.integer, values[i]);
    }
}

/* Those of the second kind are ties, near ties and long ones, where roundings tend to fail. */
static const char *const doubles[] = {
    "-0",
    "0.0",
    "-0e7",
    "0e999999999999",
    "1.0",
    "1e0",
    "9223372036854775808",
    "-9223372036854775809",
    "18446744073709551615",
    "99999999999999999999",
    "1e22",
    "1e23",
    "123e-400",
    "1E+2",
    "1e-2",
    "0.1",
    "3.1415926535897932384626433832795028841971",

    "9007199254740993.0",
    "9007199254740992.999999999999999999999999999",
    "9007199254740993.000000000000000000000000001",
    "8.5e22",
    "1090544144181609348671888949248e0",
    "1090544144181609348835077142190e0",
    "7.2057594037927933e16",
    "2.2250738585072011e-308",
    "2.2250738585072012e-308",
    "2.2250738585072014e-308",
    "4.9406564584124654e-324",
    "5e-324",
    "2.4703282292062327e-324",
    "2.4703282292062328e-324",
    "1e-325",
    "1.7976931348623157e308",
    "1.7976931348623158e308",
    "1797693134862315708145274237317043567980705675258449965989174768031572607800285387605895586327"
    "6"
    "6878171540458953514382464234321326889464182768467546703537516986049910576551282076245490090389"
    "3"
    "28944075868508455133942304583236903222948165808559332123347747979261072405264225.0",
    "0.000000000000000000000000000000000000000000000000000000000000000000000000000001e78",
    "100000000000000000000000000000000000000000000000000000000000000000000000000000e-78",
};

static void doubles_are_as_strtod_reads_them(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(doubles) / sizeof(doubles[0]); i++) {
        struct mr_number number = number_of(doubles[i]);
        double wanted = strtod(doubles[i], NULL);
        assert_int_equal(number.kind, MR_NUMBER_DOUBLE);
        if (number.real != wanted || signbit(number.real) != signbit(wanted))
            fail_msg("%s is read as %.17g", doubles[i], number.real);
    }
}

static void check_random(const char *text)
{
    struct mr_number number = number_of(text);
    double wanted = strtod(text, NULL);
    if (number.kind == MR_NUMBER_TOO_LARGE)
        assert_true(isinf(wanted));
    else if (number.kind != MR_NUMBER_DOUBLE || number.real != wanted)
        fail_msg("%s is read as %.17g", text, number.real);
}

static void random_ones_are_as_strtod_reads_them(void **state)
{
    char text[64];
    struct seed seed = new_seed("random_ones_are_as_strtod_reads_them");
    (void)state;
    for (size_t i = 0; i < RANDOM; i++) {
        uint64_t bits = next_random(&seed);
        double value;
        memcpy(&value, &bits, sizeof(value));
        if (isfinite(value)) {
            snprintf(text, sizeof(text), "%.*e", (int)random_below(&seed, 25), value);
            check_random(text);
        }
        snprintf(text, sizeof(text), "%" PRIu64 ".%" PRIu64 "e%d", next_random(&seed) >> 20,
                 next_random(&seed) >> random_below(&seed, 64),
                 (int)random_below(&seed, 700) - 350);
        check_random(text);
    }
}

/* Halfway between two doubles, and a digit above and below that. */
static void ties_are_rounded_to_even(void **state)
{
    char text[900];
    struct seed seed = new_seed("ties_are_rounded_to_even");
    (void)state;
    for (size_t i = 0; i < RANDOM / 20; i++) {
        double whole = ldexp((double)(next_random(&seed) >> 11 | 1), (int)random_below(&seed, 11));
        snprintf(text, sizeof(text), "%.1f", whole + 0.5);
        check_random(text);
        uint64_t odd = next_random(&seed) >> 10 | (uint64_t)1 << 53 | 1;
        snprintf(text, sizeof(text), "%" PRIu64 ".0", odd);
        check_random(text);
        strcat(text, "000000000000000000001");
        check_random(text);
    }
}

static void what_is_too_large_is_told(void **state)
{
    static const char *const texts[] = {
        "1e309", "-1e309", "1e999", "1.8e308", "1e99999999999999999999999", "123456789e9999"};
    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        assert_int_equal(number_of(texts[i]).kind, MR_NUMBER_TOO_LARGE);
}

static void a_missing_digit_is_told_with_its_place(void **state)
{
    static const char *const texts[] = {"-", "-x", "1.", "1.e5", "1e", "1e+", "0.5E-x"};
    static const size_t places[] = {1, 1, 2, 2, 2, 3, 5};
    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct mr_number number;
        const char *at = mr_number_read(texts[i], texts[i] + strlen(texts[i]), &number);
        assert_int_equal(number.kind, MR_NUMBER_NO_DIGIT);
        assert_int_equal(at - texts[i], places[i]);
    }
}

static void what_follows_is_left(void **state)
{
    static const char *const texts[] = {"01", "1,2", "0x10", "1 ", "-0]"};
    static const size_t lengths[] = {1, 1, 1, 1, 2};
    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct mr_number number;
        const char *at = mr_number_read(texts[i], texts[i] + strlen(texts[i]), &number);
        assert_int_equal(at - texts[i], lengths[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(integers_of_64_bits_are_exact),
        cmocka_unit_test(doubles_are_as_strtod_reads_them),
        cmocka_unit_test(random_ones_are_as_strtod_reads_them),
        cmocka_unit_test(ties_are_rounded_to_even),
        cmocka_unit_test(what_is_too_large_is_told),
        cmocka_unit_test(a_missing_digit_is_told_with_its_place),
        cmocka_unit_test(what_follows_is_left),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
