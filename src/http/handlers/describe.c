#include "http/handlers/handlers.h"

#include "decode/schema.h"
#include "http/json.h"
#include "http/request.h"
#include "http/response.h"

static const char *const kind_names[] = {
    [SL_FIELD_SPIKES] = "spikes", [SL_FIELD_SPIKES_LIST] = "spikes_list",
    [SL_FIELD_REALS] = "reals",   [SL_FIELD_REAL] = "real",
    [SL_FIELD_LABELS] = "labels", [SL_FIELD_COUNT] = "count",
    [SL_FIELD_CHOICE] = "choice",
};

static void describe_choices(cJSON *item, const struct sl_field *field, bool *ok) {
  cJSON *choices = sl_json_array(item, "choices", ok);
  for (const char *const *choice = field->choices; *choice != NULL; choice++) {
    sl_json_text(choices, NULL, *choice, ok);
  }
  if (field->optional) {
    sl_json_text(item, "default", field->choices[0], ok);
  }
}

static void describe_field(cJSON *fields, const struct sl_field *field, bool *ok) {
  cJSON *item = sl_json_object(fields, NULL, ok);
  sl_json_text(item, "name", field->name, ok);
  sl_json_text(item, "kind", kind_names[field->kind], ok);
  sl_json_text(item, "summary", field->summary, ok);
  sl_json_flag(item, "required", !field->optional, ok);
  switch (field->kind) {
  case SL_FIELD_SPIKES:
  case SL_FIELD_SPIKES_LIST:
    sl_json_text(item, "axes", field->axes, ok);
    sl_json_number(item, "min_rank", (double)field->min_rank, ok);
    sl_json_number(item, "max_rank", (double)field->max_rank, ok);
    break;
  case SL_FIELD_COUNT:
    sl_json_number(item, "minimum", (double)field->min_count, ok);
    sl_json_number(item, "maximum", (double)field->max_count, ok);
    break;
  case SL_FIELD_CHOICE:
    describe_choices(item, field, ok);
    break;
  case SL_FIELD_LABELS:
    sl_json_number(item, "minimum", 0, ok);
    break;
  case SL_FIELD_REALS:
  case SL_FIELD_REAL:
    break;
  }
}

static void describe_loss(cJSON *item, const struct sl_loss *loss, bool *ok) {
  sl_json_text(item, "name", loss->name, ok);
  sl_json_text(item, "summary", loss->summary, ok);
  sl_json_text(item, "formula", loss->formula, ok);
  cJSON *fields = sl_json_array(item, "fields", ok);
  for (size_t i = 0; i < sl_request_field_count(loss); i++) {
    describe_field(fields, sl_request_field(loss, i), ok);
  }
  if (loss->example != NULL) {
    sl_json_parsed(item, "example", loss->example, ok);
  }
}

/* What one request may ask for, and what all of them together may take of memory. */
static void describe_limits(cJSON *item, const struct sl_service *service, bool *ok) {
  const struct sl_limits *limits = &service->limits;
  cJSON *list = sl_json_object(item, "limits", ok);
  sl_json_number(list, "body_bytes", (double)limits->body_bytes, ok);
  sl_json_number(list, "pairs", (double)limits->pairs, ok);
  sl_json_number(list, "answer_bytes", (double)limits->answer_bytes, ok);
  sl_json_number(list, "deferred_bytes", (double)limits->deferred_bytes, ok);
  sl_json_number(list, "member_bytes", (double)limits->member_bytes, ok);
  sl_json_number(list, "depth", (double)limits->depth, ok);
  sl_json_number(list, "layers", (double)limits->layers, ok);
  sl_json_number(list, "memory_bytes", (double)service->capacity.max_memory, ok);
}

enum MHD_Result sl_handle_losses(struct sl_request *request, struct MHD_Connection *connection) {
  bool ok = true;
  cJSON *document = cJSON_CreateObject();
  cJSON *losses = sl_json_array(document, "losses", &ok);
  for (const struct sl_loss *const *loss = sl_losses; *loss != NULL; loss++) {
    describe_loss(sl_json_object(losses, NULL, &ok), *loss, &ok);
  }
  describe_limits(document, request->service, &ok);
  return sl_response_text(request, connection, "application/json",
                          sl_json_finish(document, ok, true));
}

enum MHD_Result sl_handle_loss(struct sl_request *request, struct MHD_Connection *connection) {
  bool ok = true;
  cJSON *document = cJSON_CreateObject();
  describe_loss(document, request->match.loss, &ok);
  describe_limits(document, request->service, &ok);
  return sl_response_text(request, connection, "application/json",
                          sl_json_finish(document, ok, true));
}
