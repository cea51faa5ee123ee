#include "suite.h"

#include <stdlib.h>

enum { TIMEOUT_SECONDS = 120 };

int suite_end(Suite *suite) {
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_ENV);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

int suite_run(const char *name, void (*tidy)(void), const TTest *const *tests) {
  Suite *suite = suite_create(name);
  for (; *tests != NULL; tests++) {
    TCase *tcase = tcase_create((*tests)->name);
    tcase_set_timeout(tcase, TIMEOUT_SECONDS);
    tcase_add_checked_fixture(tcase, NULL, tidy);
    tcase_add_test(tcase, *tests);
    suite_add_tcase(suite, tcase);
  }
  return suite_end(suite);
}
