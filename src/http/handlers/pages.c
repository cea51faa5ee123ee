#include "http/handlers/handlers.h"

#include "core/codes.h"
#include "http/document.h"
#include "http/request.h"
#include "http/response.h"
#include "net/address.h"
#include <string.h>

/* Returns the name by which this client reached the server, if all its characters are safe in a
 * shell. */
static const char *name_for_client(const struct sl_request *request) {
  const char *host = request->headers.host;
  if (host != NULL && host[0] != '\0' && strlen(host) <= 255 &&
      host[strspn(host, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-:[]")] ==
          '\0') {
    return host;
  }
  return sl_address_is_unix(request->address) ? "localhost" : request->address;
}

/* Prints text as one word of a POSIX shell. */
static void print_quoted(struct sl_document *page, const char *text) {
  sl_document_print(page, "'");
  for (; *text != '\0'; text++) {
    sl_document_print(page, *text == '\'' ? "'\\''" : "%c", *text);
  }
  sl_document_print(page, "'");
}

static void print_curl_line(struct sl_document *page, const struct sl_request *request,
                            const struct sl_loss *loss) {
  sl_document_print(page, "  curl -g -H 'Content-Type: application/json' -d ");
  print_quoted(page, loss->example);
  if (sl_address_is_unix(request->address)) {
    sl_document_print(page, " --unix-socket ");
    print_quoted(page, sl_address_unix_path(request->address));
  }
  if (sl_auth_wants_tokens(&request->service->auth)) {
    sl_document_print(page, " -H \"Authorization: Bearer $TOKEN\"");
  }
  sl_document_print(page, " '%s://%s/v1/losses/%s'\n\n",
                    request->connection->encrypted ? "https" : "http", name_for_client(request),
                    loss->name);
}

enum MHD_Result sl_handle_page(struct sl_request *request, struct MHD_Connection *connection) {
  struct sl_document page = {0};
  sl_document_print(
      &page, "spikelossd " SPIKELOSSD_VERSION "\n\n"
             "Post spikes of a spiking neural network, get a training loss, its gradients and a "
             "few\n"
             "diagnostics back. Try it:\n\n");
  for (const struct sl_loss *const *loss = sl_losses; *loss != NULL; loss++) {
    if ((*loss)->example != NULL) {
      print_curl_line(&page, request, *loss);
    }
  }
  sl_document_print(&page, "  GET /v1/losses     every loss with its formula, its fields and the "
                           "limits in force\n"
                           "  GET /openapi.json  all of it for machines (OpenAPI 3.1)\n"
                           "  GET /livez         whether the process runs\n"
                           "  GET /readyz        whether it wants requests\n"
                           "  GET /metrics       what it counts, for Prometheus\n");
  return sl_response_text(request, connection, "text/plain; charset=utf-8",
                          sl_document_finish(&page));
}

enum MHD_Result sl_handle_livez(struct sl_request *request, struct MHD_Connection *connection) {
  return sl_response_static(request, connection, "text/plain", "ok\n");
}

enum MHD_Result sl_handle_readyz(struct sl_request *request, struct MHD_Connection *connection) {
  if (atomic_load_explicit(&request->service->draining, memory_order_relaxed)) {
    sl_fail(&request->error, SL_DRAINING, "the server is shutting down; use another one");
    return sl_response_problem(request, connection);
  }
  return sl_response_static(request, connection, "text/plain", "ok\n");
}
