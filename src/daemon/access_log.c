#include "daemon/access_log.h"

#include "core/codes.h"
#include <stdio.h>

/* [16, 25, 64] as "16x25x64". */
static void add_shape(struct sl_log_line *line, const struct sl_exchange *exchange) {
  char text[SL_MAX_RANK * 21];
  size_t length = 0;
  for (size_t axis = 0; axis < exchange->rank; axis++) {
    int added = snprintf(text + length, sizeof text - length, "%s%zu", axis > 0 ? "x" : "",
                         exchange->shape[axis]);
    length += (size_t)added;
  }
  sl_log_line_text(line, "shape", text);
  sl_log_line_number(line, "tensors", exchange->tensors);
}

static void add_text_if_known(struct sl_log_line *line, const char *name, const char *text) {
  if (text != NULL && text[0] != '\0') {
    sl_log_line_text(line, name, text);
  }
}

static void add_outcome(struct sl_log_line *line, const struct sl_exchange *exchange) {
  if (exchange->status != 0) {
    sl_log_line_number(line, "status", exchange->status);
  }
  if (exchange->ending != SL_ENDING_ANSWERED) {
    sl_log_line_text(line, "ending", sl_ending_name(exchange->ending));
  }
  if (exchange->code != SL_OK) {
    sl_log_line_text(line, "code", sl_code_name(exchange->code));
  }
  if (exchange->offset != SL_NO_OFFSET) {
    sl_log_line_number(line, "offset", exchange->offset);
  }
}

static void add_fields(struct sl_log_line *line, const struct sl_exchange *exchange) {
  add_text_if_known(line, "id", exchange->id);
  add_text_if_known(line, "traceparent", exchange->traceparent);
  add_text_if_known(line, "client", exchange->client);
  add_text_if_known(line, "method", exchange->method);
  add_text_if_known(line, "path", exchange->path);
  if (exchange->loss != NULL) {
    sl_log_line_text(line, "loss", exchange->loss->name);
  }
  if (exchange->evaluated) {
    add_shape(line, exchange);
    sl_log_line_number(line, "spikes", exchange->spikes);
  }
  add_outcome(line, exchange);
  sl_log_line_number(line, "body_bytes", exchange->body_bytes);
  sl_log_line_number(line, "answer_bytes", exchange->answer_bytes);
  sl_log_line_seconds(line, "receive_seconds", exchange->nanoseconds[SL_PHASE_RECEIVE]);
  sl_log_line_seconds(line, "compute_seconds", exchange->nanoseconds[SL_PHASE_COMPUTE]);
  sl_log_line_seconds(line, "send_seconds", exchange->nanoseconds[SL_PHASE_SEND]);
}

/* What the server could not do is worth a warning, what a client did is not. */
static enum sl_log_level level_of(const struct sl_exchange *exchange) {
  bool client_left = exchange->ending == SL_ENDING_CLIENT_LEFT;
  bool answered = exchange->ending == SL_ENDING_ANSWERED;
  bool good = client_left || (answered && exchange->status < 500);
  return good ? SL_LOG_INFO : SL_LOG_WARNING;
}

void sl_access_log_write(void *closure, const struct sl_exchange *exchange) {
  const struct sl_access_log *access = closure;
  bool failed = exchange->code != SL_OK || exchange->ending != SL_ENDING_ANSWERED;
  enum sl_log_level level = level_of(exchange);
  bool wanted = access->lines == SL_ACCESS_ALL || (access->lines == SL_ACCESS_FAILURES && failed);
  if (!wanted || level > access->log->level || !sl_log_admits(access->log)) {
    return;
  }
  struct sl_log_line line;
  sl_log_begin(access->log, &line, level, "request");
  add_fields(&line, exchange);
  sl_log_write(access->log, &line);
}
