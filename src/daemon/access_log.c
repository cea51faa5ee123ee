#include "core/codes.h"
#include "daemon/log.h"
#include "http/record.h"
#include <stdio.h>

/* Writes [16, 25, 64] as "16x25x64". */
static void add_shape(struct sl_log_line *line, const struct sl_record *record) {
  char text[SL_MAX_RANK * 21];
  size_t length = 0;
  for (size_t axis = 0; axis < record->rank; axis++) {
    int added = snprintf(text + length, sizeof text - length, "%s%zu", axis > 0 ? "x" : "",
                         record->shape[axis]);
    length += (size_t)added;
  }
  sl_log_line_text(line, "shape", text);
  sl_log_line_number(line, "tensors", record->tensors);
}

static void add_text_if_known(struct sl_log_line *line, const char *name, const char *text) {
  if (text != NULL && text[0] != '\0') {
    sl_log_line_text(line, name, text);
  }
}

static void add_outcome(struct sl_log_line *line, const struct sl_record *record) {
  if (record->status != 0) {
    sl_log_line_number(line, "status", record->status);
  }
  if (record->outcome != SL_OUTCOME_ANSWERED) {
    sl_log_line_text(line, "ending", sl_outcome_name(record->outcome));
  }
  if (record->code != SL_OK) {
    sl_log_line_text(line, "code", sl_code_name(record->code));
  }
  if (record->offset != SL_NO_OFFSET) {
    sl_log_line_number(line, "offset", record->offset);
  }
}

static void add_fields(struct sl_log_line *line, const struct sl_record *record) {
  add_text_if_known(line, "id", record->id);
  add_text_if_known(line, "traceparent", record->traceparent);
  add_text_if_known(line, "client", record->client);
  add_text_if_known(line, "method", record->method);
  add_text_if_known(line, "path", record->path);
  if (record->loss != NULL) {
    sl_log_line_text(line, "loss", record->loss->name);
  }
  if (record->evaluated) {
    add_shape(line, record);
    sl_log_line_number(line, "spikes", record->spikes);
  }
  add_outcome(line, record);
  sl_log_line_number(line, "body_bytes", record->body_bytes);
  sl_log_line_number(line, "answer_bytes", record->answer_bytes);
  sl_log_line_seconds(line, "receive_seconds", record->nanoseconds[SL_PHASE_RECEIVE]);
  sl_log_line_seconds(line, "compute_seconds", record->nanoseconds[SL_PHASE_COMPUTE]);
  sl_log_line_seconds(line, "send_seconds", record->nanoseconds[SL_PHASE_SEND]);
}

/* Failures of the server are warnings, mistakes of clients are not. */
static enum sl_log_level level_of(const struct sl_record *record) {
  bool client_left = record->outcome == SL_OUTCOME_CLIENT_LEFT;
  bool answered = record->outcome == SL_OUTCOME_ANSWERED;
  bool ok = client_left || (answered && record->status < 500);
  return ok ? SL_LOG_INFO : SL_LOG_WARNING;
}

void sl_log_request(void *closure, const struct sl_record *record) {
  struct sl_log *log = closure;
  bool failed = record->code != SL_OK || record->outcome != SL_OUTCOME_ANSWERED;
  enum sl_log_level level = level_of(record);
  bool wanted = log->access == SL_ACCESS_ALL || (log->access == SL_ACCESS_FAILURES && failed);
  if (!wanted || level > log->level || !sl_log_admits(log)) {
    return;
  }
  struct sl_log_line line;
  sl_log_begin(log, &line, level, "request");
  add_fields(&line, record);
  sl_log_write(&line);
}
