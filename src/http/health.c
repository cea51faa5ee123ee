#include "http/health.h"

#include "core/codes.h"
#include "http/request.h"
#include "http/response.h"

enum MHD_Result sl_handle_livez(struct sl_request *request, struct MHD_Connection *connection) {
  return sl_response_static(request, connection, "text/plain", "ok\n");
}

enum MHD_Result sl_handle_readyz(struct sl_request *request, struct MHD_Connection *connection) {
  if (atomic_load_explicit(&request->service->draining, memory_order_relaxed)) {
    sl_fail(&request->error, SL_DRAINING, "the server is shutting down, use another one");
    return sl_response_problem(request, connection);
  }
  return sl_response_static(request, connection, "text/plain", "ok\n");
}
