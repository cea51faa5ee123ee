#include "http/service.h"

#include "http/metrics.h"

void sl_service_report(struct sl_service *service, const struct sl_record *record) {
  sl_metrics_count_record(service->metrics, record);
  if (service->report != NULL) {
    service->report(service->report_closure, record);
  }
}
