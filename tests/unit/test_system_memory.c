/*
 * How much memory there is, told by made-up trees of files.
 */
#include "daemon/system.h"
#include "suite.h"

#include <check.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define MIB (UINT64_C(1) << 20)

static char root[64];

static int remove_one(const char *path, const struct stat *about, int kind, struct FTW *place) {
  (void)about;
  (void)kind;
  (void)place;
  return remove(path);
}

/* A root with nothing below it. */
static void begin(void) {
  snprintf(root, sizeof root, "/tmp/spikelossd_test_XXXXXX");
  ck_assert_ptr_nonnull(mkdtemp(root));
}

static void end(void) {
  nftw(root, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

/* Writes a file below the root, and the folders that it is in. */
static void put(const char *name, const char *text) {
  char path[512];
  snprintf(path, sizeof path, "%s/%s", root, name);
  for (char *slash = path + strlen(root) + 1; (slash = strchr(slash, '/')) != NULL; slash++) {
    *slash = '\0';
    mkdir(path, 0700);
    *slash = '/';
  }
  FILE *file = fopen(path, "w");
  ck_assert_ptr_nonnull(file);
  fputs(text, file);
  fclose(file);
}

static void begin_with_machine(void) {
  begin();
  put("proc/meminfo", "MemTotal:        1048576 kB\nMemFree:            1000 kB\n");
}

START_TEST(without_groups_it_is_what_the_machine_has) {
  begin_with_machine();
  ck_assert_uint_eq(sl_system_memory(root, 0), 1024 * MIB);
  put("proc/self/cgroup", "0::/\n");
  ck_assert_uint_eq(sl_system_memory(root, 0), 1024 * MIB);
}
END_TEST

START_TEST(where_nothing_is_known_there_is_no_number) {
  begin();
  ck_assert_uint_eq(sl_system_memory(root, 0), 0);
  put("proc/meminfo", "nonsense\n");
  put("proc/self/cgroup", "nonsense\n:\n::\n0:\n");
  ck_assert_uint_eq(sl_system_memory(root, 0), 0);
  put("proc/self/cgroup", "4:memory:/\n");
  put("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
  ck_assert_uint_eq(sl_system_memory(root, 0), 0);
}
END_TEST

/* As under ProcSubset=pid of systemd. */
START_TEST(without_meminfo_it_is_what_the_kernel_says) {
  begin();
  ck_assert_uint_eq(sl_system_memory(root, 2048 * MIB), 2048 * MIB);
  put("proc/self/cgroup", "0::/g\n");
  put("sys/fs/cgroup/g/memory.max", "max\n");
  ck_assert_uint_eq(sl_system_memory(root, 2048 * MIB), 2048 * MIB);
  put("sys/fs/cgroup/g/memory.max", "67108864\n");
  ck_assert_uint_eq(sl_system_memory(root, 2048 * MIB), 64 * MIB);
}
END_TEST

START_TEST(the_smaller_of_meminfo_and_the_kernel_counts) {
  begin_with_machine();
  ck_assert_uint_eq(sl_system_memory(root, 2048 * MIB), 1024 * MIB);
  ck_assert_uint_eq(sl_system_memory(root, 512 * MIB), 512 * MIB);
}
END_TEST

/* Without any proc at all, as in a bare chroot. */
START_TEST(without_a_list_of_groups_the_top_of_what_is_mounted_limits) {
  begin();
  put("sys/fs/cgroup/memory.max", "67108864\n");
  ck_assert_uint_eq(sl_system_memory(root, 2048 * MIB), 64 * MIB);
  put("sys/fs/cgroup/memory/memory.limit_in_bytes", "33554432\n");
  ck_assert_uint_eq(sl_system_memory(root, 2048 * MIB), 32 * MIB);
}
END_TEST

START_TEST(the_kernel_tells_the_memory_of_this_machine) {
  uint64_t memory = sl_machine_memory();
  ck_assert_uint_gt(memory, 16 * MIB);
  ck_assert_uint_lt(memory, UINT64_C(1) << 50);
  ck_assert_uint_gt(sl_system_memory("", memory), 0);
  ck_assert_uint_le(sl_system_memory("", memory), memory);
}
END_TEST

START_TEST(a_group_of_version_2_limits) {
  begin_with_machine();
  put("proc/self/cgroup", "0::/system.slice/spikelossd.service\n");
  put("sys/fs/cgroup/system.slice/spikelossd.service/memory.max", "67108864\n");
  ck_assert_uint_eq(sl_system_memory(root, 0), 64 * MIB);
}
END_TEST

START_TEST(a_group_around_it_limits_too) {
  begin_with_machine();
  put("proc/self/cgroup", "0::/a/b/c\n");
  put("sys/fs/cgroup/a/b/c/memory.max", "max\n");
  put("sys/fs/cgroup/a/memory.max", "134217728\n");
  ck_assert_uint_eq(sl_system_memory(root, 0), 128 * MIB);
  put("sys/fs/cgroup/a/b/memory.max", "67108864\n");
  ck_assert_uint_eq(sl_system_memory(root, 0), 64 * MIB);
  put("sys/fs/cgroup/a/b/c/memory.max", "33554432\n");
  ck_assert_uint_eq(sl_system_memory(root, 0), 32 * MIB);
  put("sys/fs/cgroup/memory.max", "16777216\n");
  ck_assert_uint_eq(sl_system_memory(root, 0), 16 * MIB);
}
END_TEST

START_TEST(a_group_of_version_1_limits) {
  begin_with_machine();
  put("proc/self/cgroup", "5:cpu,cpuacct:/x\n4:hugetlb,memory:/docker/abc\n0::/\n");
  put("sys/fs/cgroup/memory/docker/abc/memory.limit_in_bytes", "67108864\n");
  put("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
  ck_assert_uint_eq(sl_system_memory(root, 0), 64 * MIB);
  put("sys/fs/cgroup/memory/docker/memory.limit_in_bytes", "33554432\n");
  ck_assert_uint_eq(sl_system_memory(root, 0), 32 * MIB);
}
END_TEST

/* Without a namespace of its own a container reads a path that it does not see. */
START_TEST(the_top_of_what_is_mounted_limits_where_the_path_is_not_there) {
  begin_with_machine();
  put("proc/self/cgroup", "4:memory:/docker/abc\n");
  put("sys/fs/cgroup/memory/memory.limit_in_bytes", "67108864\n");
  ck_assert_uint_eq(sl_system_memory(root, 0), 64 * MIB);
}
END_TEST

START_TEST(no_limit_and_nonsense_are_no_limit) {
  static const char *const texts[] = {"max\n",
                                      "",
                                      "\n",
                                      "-1\n",
                                      "0\n",
                                      "many\n",
                                      "99999999999999999999999\n",
                                      "9223372036854771712\n"};
  begin_with_machine();
  put("proc/self/cgroup", "0::/g\n");
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
    put("sys/fs/cgroup/g/memory.max", texts[i]);
    ck_assert_msg(sl_system_memory(root, 0) == 1024 * MIB, "\"%s\"", texts[i]);
  }
}
END_TEST

START_TEST(a_path_that_leaves_the_mount_is_not_followed) {
  begin_with_machine();
  put("proc/self/cgroup", "0::/../other\n");
  put("sys/fs/other/memory.max", "67108864\n");
  ck_assert_uint_eq(sl_system_memory(root, 0), 1024 * MIB);
}
END_TEST

START_TEST(requests_get_three_quarters_without_the_programs_own) {
  ck_assert_uint_eq(sl_memory_for_requests(64 * MIB, 2), 39 * MIB + MIB / 2);
  ck_assert_uint_eq(sl_memory_for_requests(1024 * MIB, 4), 759 * MIB);
  ck_assert_uint_eq(sl_memory_for_requests(16 * MIB, 64), 2 * MIB);
  ck_assert_uint_eq(sl_memory_for_requests(SL_UNKNOWN_MEMORY, 2), 375 * MIB + MIB / 2);
}
END_TEST

int main(void) {
  return RUN_SUITE("system_memory", end, without_groups_it_is_what_the_machine_has,
                   where_nothing_is_known_there_is_no_number,
                   without_meminfo_it_is_what_the_kernel_says,
                   the_smaller_of_meminfo_and_the_kernel_counts,
                   without_a_list_of_groups_the_top_of_what_is_mounted_limits,
                   the_kernel_tells_the_memory_of_this_machine, a_group_of_version_2_limits,
                   a_group_around_it_limits_too, a_group_of_version_1_limits,
                   the_top_of_what_is_mounted_limits_where_the_path_is_not_there,
                   no_limit_and_nonsense_are_no_limit, a_path_that_leaves_the_mount_is_not_followed,
                   requests_get_three_quarters_without_the_programs_own);
}
