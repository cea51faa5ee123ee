#include "http/handlers/handlers.h"

#include "core/codes.h"
#include "decode/schema.h"
#include "http/document.h"
#include "http/request.h"
#include "net/address.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

static const char *const kind_names[] = {
    [SL_FIELD_SPIKES] = "spikes", [SL_FIELD_SPIKES_LIST] = "spikes_list",
    [SL_FIELD_REALS] = "reals",   [SL_FIELD_REAL] = "real",
    [SL_FIELD_LABELS] = "labels", [SL_FIELD_COUNT] = "count",
    [SL_FIELD_CHOICE] = "choice", [SL_FIELD_FLAG] = "flag",
};

void sl_describe_choices(struct sl_document *document, const struct sl_field *field,
                         const char *member) {
  sl_document_json(document, "'%s': [", member);
  for (const char *const *choice = field->choices; *choice != NULL; choice++) {
    sl_document_json(document, "'%s',", *choice);
  }
  sl_document_json(document, "],");
  if (field->optional) {
    sl_document_json(document, "'default': '%s',", field->choices[field->default_choice]);
  }
}

static void write_real(struct sl_document *document, const char *member, double real) {
  char text[32];
  snprintf(text, sizeof text, "%.17g", real);
  sl_document_json(document, "'%s':", member);
  sl_document_json_text(document, text);
}

void sl_describe_real(struct sl_document *document, const struct sl_field *field) {
  if (field->min_real < field->max_real) {
    write_real(document, "minimum", field->min_real);
  }
  if (field->min_real < field->max_real && isfinite(field->max_real)) {
    write_real(document, "maximum", field->max_real);
  }
  if (field->kind == SL_FIELD_FLAG) {
    sl_document_json(document, "'default': false,");
  } else if (field->optional && !isnan(field->default_real)) {
    write_real(document, "default", field->default_real);
  }
}

static void describe_field(struct sl_document *document, const struct sl_field *field) {
  sl_document_json(document, "{'name': '%s', 'kind': '%s', 'summary': '%s', 'required': %s,",
                   field->name, kind_names[field->kind], field->summary,
                   field->optional ? "false" : "true");
  switch (field->kind) {
  case SL_FIELD_SPIKES:
  case SL_FIELD_SPIKES_LIST:
    sl_document_json(document, "'axes': '%s', 'min_rank': %ju, 'max_rank': %ju,", field->axes,
                     (uintmax_t)field->min_rank, (uintmax_t)field->max_rank);
    break;
  case SL_FIELD_COUNT:
    sl_document_json(document, "'minimum': %ju, 'maximum': %ju,", (uintmax_t)field->min_count,
                     (uintmax_t)field->max_count);
    break;
  case SL_FIELD_CHOICE:
    sl_describe_choices(document, field, "choices");
    break;
  case SL_FIELD_LABELS:
    sl_document_json(document, "'minimum': 0,");
    break;
  case SL_FIELD_REALS:
  case SL_FIELD_REAL:
  case SL_FIELD_FLAG:
    sl_describe_real(document, field);
    break;
  }
  sl_document_json(document, "},");
}

/* The members of a loss's object. */
static void describe_loss(struct sl_document *document, const struct sl_loss *loss) {
  sl_document_json(document, "'name': '%s', 'summary': '%s', 'formula': '%s', 'fields': [",
                   loss->name, loss->summary, loss->formula);
  for (size_t i = 0; i < sl_request_field_count(loss); i++) {
    describe_field(document, sl_request_field(loss, i));
  }
  sl_document_json(document, "],");
  if (loss->example != NULL) {
    sl_document_json(document, "'example':");
    sl_document_json_text(document, loss->example);
  }
}

/* Ends the document with what one request may ask for, and what all of them together may take of
 * memory. */
static enum MHD_Result queue_with_limits(struct sl_document *document, struct sl_request *request) {
  const struct sl_limits *limits = &request->service->options.limits;
  sl_document_json(document,
                   "'limits': {'body_bytes': %ju, 'pairs': %ju, 'answer_bytes': %ju, "
                   "'deferred_bytes': %ju, 'member_bytes': %ju, 'depth': %ju, 'layers': %ju, "
                   "'memory_bytes': %ju}}",
                   (uintmax_t)limits->body_bytes, (uintmax_t)limits->pairs,
                   (uintmax_t)limits->answer_bytes, (uintmax_t)limits->deferred_bytes,
                   (uintmax_t)limits->member_bytes, (uintmax_t)limits->depth,
                   (uintmax_t)limits->layers, (uintmax_t)request->service->capacity.max_memory);
  return sl_response_text(request, "application/json", sl_document_finish(document));
}

enum MHD_Result sl_handle_losses(struct sl_request *request) {
  struct sl_document document = {.indented = true};
  sl_document_json(&document, "{'losses': [");
  for (const struct sl_loss *const *loss = sl_losses; *loss != NULL; loss++) {
    sl_document_json(&document, "{");
    describe_loss(&document, *loss);
    sl_document_json(&document, "},");
  }
  sl_document_json(&document, "],");
  return queue_with_limits(&document, request);
}

enum MHD_Result sl_handle_loss(struct sl_request *request) {
  struct sl_document document = {.indented = true};
  sl_document_json(&document, "{");
  describe_loss(&document, request->match.loss);
  return queue_with_limits(&document, request);
}

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

enum MHD_Result sl_handle_page(struct sl_request *request) {
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
  return sl_response_text(request, "text/plain; charset=utf-8", sl_document_finish(&page));
}

enum MHD_Result sl_handle_livez(struct sl_request *request) {
  return sl_response_static(request, "text/plain", "ok\n");
}

enum MHD_Result sl_handle_readyz(struct sl_request *request) {
  if (atomic_load_explicit(&request->service->draining, memory_order_relaxed)) {
    sl_fail(&request->error, SL_DRAINING, "the server is shutting down; use another one");
    return sl_response_problem(request);
  }
  return sl_response_static(request, "text/plain", "ok\n");
}
