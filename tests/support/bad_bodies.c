#include "bad_bodies.h"

#include "compare.h"
#include "core/codes.h"
#include "decode/request.h"
#include "feed.h"
#include <check.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct sl_limits limits_of(const struct sl_bad_body *bad) {
  struct sl_limits limits = SL_DEFAULT_LIMITS;
  limits.pairs = bad->pairs == 0 ? limits.pairs : bad->pairs;
  limits.deferred_bytes = bad->deferred_bytes == 0 ? limits.deferred_bytes : bad->deferred_bytes;
  limits.member_bytes = bad->member_bytes == 0 ? limits.member_bytes : bad->member_bytes;
  limits.depth = bad->depth == 0 ? limits.depth : bad->depth;
  limits.layers = bad->layers == 0 ? limits.layers : bad->layers;
  return limits;
}

/* The body without its mark, to be freed by the caller; `*length` and where the mark was. */
static char *unmarked(const struct sl_bad_body *bad, size_t *length, size_t *offset) {
  const char *mark = memchr(bad->body, '@', bad->length);
  ck_assert_msg(mark != NULL, "%s: no mark in the body", bad->name);
  *offset = (size_t)(mark - bad->body);
  *length = bad->length - 1;
  char *body = malloc(bad->length);
  ck_assert_ptr_nonnull(body);
  memcpy(body, bad->body, *offset);
  memcpy(body + *offset, mark + 1, *length - *offset);
  ck_assert_msg(memchr(body, '@', *length) == NULL, "%s: two marks in the body", bad->name);
  return body;
}

/* Failures are shown one a line, so that a table tells all of them at once. */
__attribute__((format(printf, 2, 3))) static bool report(const struct sl_bad_body *bad,
                                                         const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  fprintf(stderr, "%s: ", bad->name);
  vfprintf(stderr, format, arguments);
  fprintf(stderr, "; body %s\n", bad->body);
  va_end(arguments);
  return false;
}

static bool check_error(const struct sl_bad_body *bad, const char *reader,
                        const struct sl_error *error, size_t offset) {
  if (error->code != bad->code || error->offset != offset ||
      strcmp(error->pointer, bad->pointer) != 0) {
    return report(bad, "the %s says %s at %lld under '%s' (%s), expected %s at %zu under '%s'",
                  reader, sl_code_name(error->code), (long long)error->offset, error->pointer,
                  error->message, sl_code_name(bad->code), offset, bad->pointer);
  }
  return true;
}

/* A sentence of printable characters that names the figures that matter. */
static bool check_message(const struct sl_bad_body *bad, const struct sl_error *error) {
  if (strlen(error->message) < 8 || strchr(error->message, ' ') == NULL) {
    return report(bad, "the message is '%s'", error->message);
  }
  for (const char *byte = error->message; *byte != '\0'; byte++) {
    if ((unsigned char)*byte < 0x20) {
      return report(bad, "a control byte in '%s'", error->message);
    }
  }
  for (size_t i = 0; i < 3 && bad->figures[i] != NULL; i++) {
    if (strstr(error->message, bad->figures[i]) == NULL) {
      return report(bad, "no '%s' in '%s'", bad->figures[i], error->message);
    }
  }
  return true;
}

static bool check_decoder(const struct sl_bad_body *bad, const struct sl_limits *limits,
                          const char *body, size_t length, size_t offset) {
  struct sl_decoder *decoder = sl_decoder_new(sl_loss_find(bad->loss), limits, NULL);
  ck_assert_ptr_nonnull(decoder);
  sl_feed(decoder, body, length);
  sl_decoder_finish(decoder);
  const struct sl_error *error = sl_decoder_error(decoder);
  bool ok = check_error(bad, "decoder", error, offset) && check_message(bad, error);
  sl_decoder_free(decoder);
  return ok;
}

static bool check_bad_body(const struct sl_bad_body *bad) {
  size_t length;
  size_t offset;
  char *body = unmarked(bad, &length, &offset);
  struct sl_limits limits = limits_of(bad);
  struct sl_reference *reference =
      sl_reference_read(sl_loss_find(bad->loss), &limits, body, length);
  bool ok = check_error(bad, "reference", &reference->error, offset);
  ok = check_decoder(bad, &limits, body, length, offset) && ok;
  if (ok) {
    struct sl_case one = sl_case_new(reference, &limits, body, length);
    bool same = sl_compare_bytewise(&one) && sl_compare_every_split(&one);
    ok = same || report(bad, "%s", one.difference);
  }
  sl_reference_free(reference);
  free(body);
  return ok;
}

void sl_check_bad_bodies(const struct sl_bad_body *table, size_t count) {
  size_t failures = 0;
  for (size_t i = 0; i < count; i++) {
    failures += check_bad_body(&table[i]) ? 0 : 1;
  }
  ck_assert_msg(failures == 0, "%zu of %zu bodies got another answer", failures, count);
}
