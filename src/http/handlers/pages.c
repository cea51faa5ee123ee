#include "http/handlers/handlers.h"

#include "core/buffer.h"
#include "core/codes.h"
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

/* `text` as one word of a POSIX shell. */
static bool append_quoted(struct sl_buffer *page, const char *text) {
  bool ok = sl_buffer_append_text(page, "'");
  for (; ok && *text != '\0'; text++) {
    ok = *text == '\'' ? sl_buffer_append_text(page, "'\\''") : sl_buffer_append(page, text, 1);
  }
  return ok && sl_buffer_append_text(page, "'");
}

static bool append_curl_line(struct sl_buffer *page, const struct sl_request *request,
                             const struct sl_loss *loss) {
  const char *scheme = request->connection->encrypted ? "https" : "http";
  bool ok = sl_buffer_append_text(page, "  curl -g -H 'Content-Type: application/json' -d ") &&
            append_quoted(page, loss->example);
  if (ok && sl_address_is_unix(request->address)) {
    ok = sl_buffer_append_text(page, " --unix-socket ") &&
         append_quoted(page, sl_address_unix_path(request->address));
  }
  if (ok && sl_auth_wants_tokens(&request->service->auth)) {
    ok = sl_buffer_append_text(page, " -H \"Authorization: Bearer $TOKEN\"");
  }
  return ok && sl_buffer_append_format(page, " '%s://%s/v1/losses/%s'\n\n", scheme,
                                       name_for_client(request), loss->name);
}

static bool append_page(struct sl_buffer *page, const struct sl_request *request) {
  bool ok = sl_buffer_append_text(
      page,
      "spikelossd " SPIKELOSSD_VERSION "\n\n"
      "Post spikes of a spiking neural network, get a training loss, its gradients and a few\n"
      "diagnostics back. Try it:\n\n");
  for (const struct sl_loss *const *loss = sl_losses; ok && *loss != NULL; loss++) {
    if ((*loss)->example != NULL) {
      ok = append_curl_line(page, request, *loss);
    }
  }
  return ok && sl_buffer_append_text(
                   page, "  GET /v1/losses     every loss with its formula, its fields and the "
                         "limits in force\n"
                         "  GET /openapi.json  all of it for machines (OpenAPI 3.1)\n"
                         "  GET /livez         whether the process runs\n"
                         "  GET /readyz        whether it wants requests\n"
                         "  GET /metrics       what it counts, for Prometheus\n");
}

enum MHD_Result sl_handle_page(struct sl_request *request, struct MHD_Connection *connection) {
  struct sl_buffer page = {0};
  if (!append_page(&page, request) || !sl_buffer_append(&page, "", 1)) {
    sl_buffer_free(&page);
  }
  return sl_response_text(request, connection, "text/plain; charset=utf-8", page.bytes);
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
