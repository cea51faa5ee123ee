#include "http/handlers/handlers.h"

#include "decode/schema.h"
#include "http/document.h"
#include "http/request.h"
#include "http/response.h"

static const char *const kind_names[] = {
    [SL_FIELD_SPIKES] = "spikes", [SL_FIELD_SPIKES_LIST] = "spikes_list",
    [SL_FIELD_REALS] = "reals",   [SL_FIELD_REAL] = "real",
    [SL_FIELD_LABELS] = "labels", [SL_FIELD_COUNT] = "count",
    [SL_FIELD_CHOICE] = "choice",
};

void sl_describe_choices(struct sl_document *document, const struct sl_field *field,
                         const char *member) {
  sl_document_json(document, "'%s': [", member);
  for (const char *const *choice = field->choices; *choice != NULL; choice++) {
    sl_document_json(document, "'%s',", *choice);
  }
  sl_document_json(document, "],");
  if (field->optional) {
    sl_document_json(document, "'default': '%s',", field->choices[0]);
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
static enum MHD_Result queue_with_limits(struct sl_document *document, struct sl_request *request,
                                         struct MHD_Connection *connection) {
  const struct sl_limits *limits = &request->service->options.limits;
  sl_document_json(document,
                   "'limits': {'body_bytes': %ju, 'pairs': %ju, 'answer_bytes': %ju, "
                   "'deferred_bytes': %ju, 'member_bytes': %ju, 'depth': %ju, 'layers': %ju, "
                   "'memory_bytes': %ju}}",
                   (uintmax_t)limits->body_bytes, (uintmax_t)limits->pairs,
                   (uintmax_t)limits->answer_bytes, (uintmax_t)limits->deferred_bytes,
                   (uintmax_t)limits->member_bytes, (uintmax_t)limits->depth,
                   (uintmax_t)limits->layers, (uintmax_t)request->service->capacity.max_memory);
  return sl_response_text(request, connection, "application/json", sl_document_finish(document));
}

enum MHD_Result sl_handle_losses(struct sl_request *request, struct MHD_Connection *connection) {
  struct sl_document document = {.indented = true};
  sl_document_json(&document, "{'losses': [");
  for (const struct sl_loss *const *loss = sl_losses; *loss != NULL; loss++) {
    sl_document_json(&document, "{");
    describe_loss(&document, *loss);
    sl_document_json(&document, "},");
  }
  sl_document_json(&document, "],");
  return queue_with_limits(&document, request, connection);
}

enum MHD_Result sl_handle_loss(struct sl_request *request, struct MHD_Connection *connection) {
  struct sl_document document = {.indented = true};
  sl_document_json(&document, "{");
  describe_loss(&document, request->match.loss);
  return queue_with_limits(&document, request, connection);
}
