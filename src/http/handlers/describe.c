#include "http/handlers/handlers.h"

#include "decode/schema.h"
#include "http/json.h"
#include "http/request.h"
#include "http/response.h"
#include <math.h>

static const char *const kind_names[] = {
    [SL_FIELD_SPIKES] = "spikes", [SL_FIELD_SPIKES_LIST] = "spikes_list",
    [SL_FIELD_REALS] = "reals",   [SL_FIELD_REAL] = "real",
    [SL_FIELD_LABELS] = "labels", [SL_FIELD_COUNT] = "count",
    [SL_FIELD_CHOICE] = "choice", [SL_FIELD_FLAG] = "flag",
};

static void describe_choices(cJSON *item, const struct sl_field *field, struct sl_error *error) {
  cJSON *choices = sl_json_array(item, "choices", error);
  for (const char *const *choice = field->choices; *choice != NULL; choice++) {
    sl_json_text(choices, NULL, *choice, error);
  }
  if (field->optional) {
    sl_json_text(item, "default", field->choices[field->default_choice], error);
  }
}

void sl_describe_real(cJSON *item, const struct sl_field *field, struct sl_error *error) {
  if (field->min_real < field->max_real) {
    sl_json_number(item, "minimum", field->min_real, error);
    if (isfinite(field->max_real)) {
      sl_json_number(item, "maximum", field->max_real, error);
    }
  }
  if (field->optional && !isnan(field->default_real)) {
    sl_json_number(item, "default", field->default_real, error);
  }
}

static void describe_field(cJSON *fields, const struct sl_field *field, struct sl_error *error) {
  cJSON *item = sl_json_object(fields, NULL, error);
  sl_json_text(item, "name", field->name, error);
  sl_json_text(item, "kind", kind_names[field->kind], error);
  sl_json_text(item, "summary", field->summary, error);
  sl_json_flag(item, "required", !field->optional, error);
  switch (field->kind) {
  case SL_FIELD_SPIKES:
  case SL_FIELD_SPIKES_LIST:
    sl_json_text(item, "axes", field->axes, error);
    sl_json_number(item, "min_rank", (double)field->min_rank, error);
    sl_json_number(item, "max_rank", (double)field->max_rank, error);
    break;
  case SL_FIELD_COUNT:
    sl_json_number(item, "minimum", (double)field->min_count, error);
    sl_json_number(item, "maximum", (double)field->max_count, error);
    break;
  case SL_FIELD_CHOICE:
    describe_choices(item, field, error);
    break;
  case SL_FIELD_LABELS:
    sl_json_number(item, "minimum", 0, error);
    break;
  case SL_FIELD_FLAG:
    sl_json_flag(item, "default", false, error);
    break;
  case SL_FIELD_REALS:
  case SL_FIELD_REAL:
    sl_describe_real(item, field, error);
    break;
  }
}

static void describe_loss(cJSON *item, const struct sl_loss *loss, struct sl_error *error) {
  sl_json_text(item, "name", loss->name, error);
  sl_json_text(item, "summary", loss->summary, error);
  sl_json_text(item, "formula", loss->formula, error);
  cJSON *fields = sl_json_array(item, "fields", error);
  for (size_t i = 0; i < sl_request_field_count(loss); i++) {
    describe_field(fields, sl_request_field(loss, i), error);
  }
  if (loss->example != NULL) {
    sl_json_parsed(item, "example", loss->example, error);
  }
}

/* What one request may ask for, and what all of them together may take of memory. */
static void describe_limits(cJSON *item, const struct sl_service *service, struct sl_error *error) {
  const struct sl_limits *limits = &service->limits;
  cJSON *list = sl_json_object(item, "limits", error);
  sl_json_number(list, "body_bytes", (double)limits->body_bytes, error);
  sl_json_number(list, "pairs", (double)limits->pairs, error);
  sl_json_number(list, "answer_bytes", (double)limits->answer_bytes, error);
  sl_json_number(list, "deferred_bytes", (double)limits->deferred_bytes, error);
  sl_json_number(list, "member_bytes", (double)limits->member_bytes, error);
  sl_json_number(list, "depth", (double)limits->depth, error);
  sl_json_number(list, "layers", (double)limits->layers, error);
  sl_json_number(list, "memory_bytes", (double)service->capacity.max_memory, error);
}

enum MHD_Result sl_handle_losses(struct sl_request *request, struct MHD_Connection *connection) {
  struct sl_error error = SL_NO_ERROR;
  cJSON *document = cJSON_CreateObject();
  cJSON *losses = sl_json_array(document, "losses", &error);
  for (const struct sl_loss *const *loss = sl_losses; *loss != NULL; loss++) {
    describe_loss(sl_json_object(losses, NULL, &error), *loss, &error);
  }
  describe_limits(document, request->service, &error);
  return sl_response_text(request, connection, "application/json",
                          sl_json_finish(document, &error, true));
}

enum MHD_Result sl_handle_loss(struct sl_request *request, struct MHD_Connection *connection) {
  struct sl_error error = SL_NO_ERROR;
  cJSON *document = cJSON_CreateObject();
  describe_loss(document, request->match.loss, &error);
  describe_limits(document, request->service, &error);
  return sl_response_text(request, connection, "application/json",
                          sl_json_finish(document, &error, true));
}
