#include "support.h"
#include <stdio.h>
#include <stdlib.h>

const char *daemon_url(void) {
  const char *url = getenv("SPIKELOSSD_URL");
  if (url == NULL) {
    fputs("SPIKELOSSD_URL must say where a spikelossd is\n", stderr);
    exit(1);
  }
  return url;
}

struct spikeloss_client *new_client(const char *url, const struct spikeloss_options *options) {
  struct spikeloss_client *client = spikeloss_client_new(url, options);
  ck_assert_ptr_nonnull(client);
  return client;
}

int run_tests(TCase *tests) {
  setenv("http_proxy", "http://127.0.0.1:1", 1); /* of no use: all servers are on this machine */
  tcase_set_timeout(tests, 60);
  Suite *suite = suite_create("spikeloss-client");
  suite_add_tcase(suite, tests);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_NORMAL);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed == 0 ? 0 : 1;
}
