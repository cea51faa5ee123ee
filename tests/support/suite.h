/*
 * The frame of a test program. RUN_SUITE is for tests of one kind, with `tidy` after each even if
 * it fails (a daemon is stopped, say); programs with tests of several kinds build their own suite
 * and end with suite_end. Both return the exit code of the program.
 */
#ifndef SPIKELOSS_TESTS_SUITE_H
#define SPIKELOSS_TESTS_SUITE_H

#include <check.h>

#define RUN_SUITE(name, tidy, ...) suite_run(name, tidy, (const TTest *const[]){__VA_ARGS__, NULL})

/* Runs the tests up to a NULL. `tidy` may be NULL. */
int suite_run(const char *name, void (*tidy)(void), const TTest *const *tests);

/* Runs a suite, and frees it. */
int suite_end(Suite *suite);

#endif
