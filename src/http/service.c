#include "http/service.h"

#include "http/metrics.h"

void sl_service_end_exchange(struct sl_service *service, const struct sl_exchange *exchange) {
  sl_metrics_count_exchange(service->metrics, exchange);
  if (service->report != NULL) {
    service->report(service->report_closure, exchange);
  }
}
