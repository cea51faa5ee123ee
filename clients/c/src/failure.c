#include "failure.h"
#include <stdio.h>

void slc_failure_clear(struct spikeloss_error *error) {
  slc_failure_set(error, SPIKELOSS_OK, -1, "");
}

void slc_failure_set(struct spikeloss_error *error, enum spikeloss_status status, long http_status,
                     const char *detail) {
  if (error != NULL) {
    *error = (struct spikeloss_error){.status = status, .http_status = http_status, .offset = -1};
    snprintf(error->detail, sizeof error->detail, "%s", detail);
  }
}
