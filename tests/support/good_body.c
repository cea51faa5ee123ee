#include "good_body.h"

#include "compare.h"
#include "core/codes.h"
#include <check.h>
#include <string.h>

/* How much of a body is shown. */
enum { SHOWN = 600 };

static int shown(size_t length) {
  return (int)(length < SHOWN ? length : SHOWN);
}

/* The reference and cJSON accept the body; the caller frees the reference. */
static struct sl_reference *read_good(const char *loss, const char *body, size_t length) {
  struct sl_limits limits = SL_DEFAULT_LIMITS;
  struct sl_reference *reference = sl_reference_read(sl_loss_find(loss), &limits, body, length);
  ck_assert_msg(reference->error.code == SL_OK,
                "the reference says %s at %lld under '%s'; body %.*s",
                sl_code_name(reference->error.code), (long long)reference->error.offset,
                reference->error.pointer, shown(length), body);
  ck_assert_msg(sl_reference_agrees_with_cjson(reference, body, length),
                "cJSON sees another body: %.*s", shown(length), body);
  return reference;
}

static void check_decoder(const struct sl_reference *reference, const char *body, size_t length,
                          bool thorough) {
  struct sl_limits limits = SL_DEFAULT_LIMITS;
  struct sl_case one = sl_case_new(reference, &limits, body, length);
  struct sl_random random = {UINT64_C(0x9E3779B97F4A7C15) ^ length};
  bool same = thorough ? sl_compare_thoroughly(&one)
                       : sl_compare_whole(&one) && sl_compare_bytewise(&one) &&
                             sl_compare_random_splits(&one, &random, 4);
  ck_assert_msg(same, "%s; body %.*s", one.difference, shown(length), body);
}

void sl_check_good_text(const char *loss, const char *body) {
  struct sl_reference *reference = read_good(loss, body, strlen(body));
  check_decoder(reference, body, strlen(body), true);
  sl_reference_free(reference);
}

void sl_check_good_writer(struct sl_writer *writer, const char *loss,
                          const struct sl_model_tensor *models, size_t count, bool thorough) {
  struct sl_reference *reference = read_good(loss, writer->text.bytes, writer->text.length);
  ck_assert_uint_eq(reference->values[0].length, count);
  for (size_t i = 0; i < count; i++) {
    ck_assert_msg(sl_model_tensor_equals(&models[i], &reference->values[0].tensors[i]),
                  "the reference reads another tensor; body %.*s", shown(writer->text.length),
                  writer->text.bytes);
  }
  check_decoder(reference, writer->text.bytes, writer->text.length, thorough);
  sl_reference_free(reference);
  sl_writer_free(writer);
}

void sl_check_good_layers(struct sl_writer *writer, const struct sl_model_tensor *layers,
                          size_t count, bool thorough) {
  sl_write_rates_body(writer, layers, count, 0);
  sl_check_good_writer(writer, RATES, layers, count, thorough);
}
