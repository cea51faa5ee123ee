/*
 * What the tests of the client share.
 */
#ifndef SPIKELOSS_CLIENT_TESTS_SUPPORT_H
#define SPIKELOSS_CLIENT_TESTS_SUPPORT_H

#include <check.h>
#include <spikeloss_client.h>

/* Where the daemon is, as the environment says in SPIKELOSSD_URL. */
const char *daemon_url(void);

/* A client that a test cannot go on without. `options` may be NULL. */
struct spikeloss_client *new_client(const char *url, const struct spikeloss_options *options);

/* Runs all tests of a case; the exit code of main. */
int run_tests(TCase *tests);

#endif
