#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "master/cpus.h"

/* A folder with a control group tree of our own. */
static char root[64], self[96];

static int set_up(void **state)
{
    (void)state;
    strcpy(root, "/tmp/mr-cpus-XXXXXX");
    assert_non_null(mkdtemp(root));
    snprintf(self, sizeof(self), "%s/self", root);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    char command[128];
    snprintf(command, sizeof(command), "rm -rf %s", root);
    return system(command);
}

static void write_file(const char *name, const char *text)
{
    char path[256];
    snprintf(path, sizeof(path), "%s%s", root, name);
    for (char *slash = path + strlen(root) + 1; (slash = strchr(slash, '/')) != NULL; slash++) {
        *slash = '\0';
        mkdir(path, 0700);
        *slash = '/';
    }
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static void without_control_groups_affinity_decides(void **state)
{
    (void)state;
    assert_int_equal(mr_cpus_within(8, self, root), 8);
    write_file("/self", "0::/app\n");
    assert_int_equal(mr_cpus_within(8, self, root), 8);
}

static void a_quota_limits(void **state)
{
    (void)state;
    write_file("/self", "0::/app\n");
    write_file("/app/cpu.max", "200000 100000\n");
    assert_int_equal(mr_cpus_within(8, self, root), 2);
    assert_int_equal(mr_cpus_within(1, self, root), 1);
}

static void part_of_a_cpu_counts_as_one(void **state)
{
    (void)state;
    write_file("/self", "0::/app\n");
    write_file("/app/cpu.max", "150000 100000\n");
    assert_int_equal(mr_cpus_within(8, self, root), 2);
    write_file("/app/cpu.max", "10000 100000\n");
    assert_int_equal(mr_cpus_within(8, self, root), 1);
}

static void no_quota_limits_nothing(void **state)
{
    (void)state;
    write_file("/self", "0::/app\n");
    write_file("/app/cpu.max", "max 100000\n");
    assert_int_equal(mr_cpus_within(8, self, root), 8);
}

static void the_quota_of_a_parent_limits_too(void **state)
{
    (void)state;
    write_file("/self", "0::/slice/app\n");
    write_file("/slice/cpu.max", "300000 100000\n");
    write_file("/slice/app/cpu.max", "max 100000\n");
    assert_int_equal(mr_cpus_within(8, self, root), 3);
}

static void in_a_container_the_root_has_the_quota(void **state)
{
    (void)state;
    write_file("/self", "0::/\n");
    write_file("/cpu.max", "400000 100000\n");
    assert_int_equal(mr_cpus_within(8, self, root), 4);
}

static void the_first_version_of_control_groups_limits_too(void **state)
{
    (void)state;
    write_file("/self", "5:memory:/app\n4:cpu,cpuacct:/app\n");
    write_file("/cpu/app/cpu.cfs_quota_us", "200000\n");
    write_file("/cpu/app/cpu.cfs_period_us", "100000\n");
    assert_int_equal(mr_cpus_within(8, self, root), 2);
    write_file("/cpu/app/cpu.cfs_quota_us", "-1\n");
    assert_int_equal(mr_cpus_within(8, self, root), 8);
}

static void nonsense_limits_nothing(void **state)
{
    (void)state;
    write_file("/self", "\n:\n::\nnonsense\n0::/app\n");
    write_file("/app/cpu.max", "many few\n");
    assert_int_equal(mr_cpus_within(8, self, root), 8);
}

static void this_process_may_use_one_at_least(void **state)
{
    (void)state;
    assert_true(mr_cpus() >= 1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(without_control_groups_affinity_decides),
        TEST(a_quota_limits),
        TEST(part_of_a_cpu_counts_as_one),
        TEST(no_quota_limits_nothing),
        TEST(the_quota_of_a_parent_limits_too),
        TEST(in_a_container_the_root_has_the_quota),
        TEST(the_first_version_of_control_groups_limits_too),
        TEST(nonsense_limits_nothing),
        TEST(this_process_may_use_one_at_least),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
