#include "lua/known_faults.h"

#include "known_faults_page.h"
#include "lua/version.h"

static void the_page_and_the_table_have_the_same_faults(void **state)
{
    (void)state;
    assert_page_has("docs/LUAJIT.md", mr_lua_known_faults);
}

static void a_version_after_the_betas_has_a_number(void **state)
{
    (void)state;
    bool is_beta = strstr(mr_lua_version(), "beta") != NULL;
    assert_int_equal(mr_lua_version_number() == 0, is_beta);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_page_and_the_table_have_the_same_faults),
        cmocka_unit_test(a_version_after_the_betas_has_a_number),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
