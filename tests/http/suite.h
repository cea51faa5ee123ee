/*
 * The frame of every test program here: one daemon at a time, stopped even when a test fails.
 */
#ifndef SPIKELOSS_TESTS_HTTP_SUITE_H
#define SPIKELOSS_TESTS_HTTP_SUITE_H

#include <check.h>
#include <stddef.h>

#define RUN_SUITE(name, tidy, ...) suite_run(name, tidy, (const TTest *const[]){__VA_ARGS__, NULL})

/* Runs the tests up to a NULL, `tidy` after each; the exit code of the program. */
int suite_run(const char *name, void (*tidy)(void), const TTest *const *tests);

#endif
