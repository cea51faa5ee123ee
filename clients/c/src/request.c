#include "request.h"
#include "failure.h"
#include "tensor.h"
#include <inttypes.h>
#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static void write_number(FILE *stream, double value) {
  if (isfinite(value)) {
    fprintf(stream, "%.17g", value);
  } else {
    fputs("null", stream); /* not a JSON number; the service reports the error */
  }
}

/* UTF-8 stays as it is. */
static void write_text(FILE *stream, const char *text) {
  fputc('"', stream);
  for (; *text != '\0'; text++) {
    unsigned char byte = (unsigned char)*text;
    if (byte < ' ') {
      fprintf(stream, "\\u%04x", byte);
      continue;
    }
    if (byte == '"' || byte == '\\') {
      fputc('\\', stream);
    }
    fputc(byte, stream);
  }
  fputc('"', stream);
}

static bool is_axes(const struct spikeloss_field *field) {
  return field->kind == SPIKELOSS_WORD && strcmp(field->name, "axes") == 0;
}

static const char *const axes_words[] = {"batch_time_neurons", "time_batch_neurons",
                                         "batch_neurons_time"};

const char *slc_axes_word(enum spikeloss_axes axes) {
  return (unsigned)axes <= SPIKELOSS_BATCH_NEURONS_TIME ? axes_words[axes] : "none of the enum";
}

/* Of a word that is none the default: the service refuses it. */
static enum spikeloss_axes axes_in(const struct spikeloss_field *fields, size_t count) {
  for (size_t i = 0; i < count; i++) {
    for (enum spikeloss_axes axes = 0; axes <= SPIKELOSS_BATCH_NEURONS_TIME; axes++) {
      if (is_axes(&fields[i]) && strcmp(fields[i].word, axes_words[axes]) == 0) {
        return axes;
      }
    }
  }
  return SPIKELOSS_BATCH_TIME_NEURONS;
}

static void write_item(FILE *stream, const struct spikeloss_field *field, size_t i,
                       enum spikeloss_axes axes) {
  switch (field->kind) {
  case SPIKELOSS_TENSOR:
  case SPIKELOSS_TENSORS:
    slc_tensor_write(stream, &field->tensors[i], axes);
    break;
  case SPIKELOSS_NUMBER:
  case SPIKELOSS_NUMBERS:
    write_number(stream, field->numbers[i]);
    break;
  case SPIKELOSS_LABELS:
    fprintf(stream, "%" PRId64, field->labels[i]);
    break;
  case SPIKELOSS_WORD:
    write_text(stream, field->word);
    break;
  case SPIKELOSS_FLAG:
    fputs(field->flag ? "true" : "false", stream);
    break;
  }
}

static bool is_list(const struct spikeloss_field *field) {
  return field->kind == SPIKELOSS_TENSORS || field->kind == SPIKELOSS_NUMBERS ||
         field->kind == SPIKELOSS_LABELS;
}

static void write_field(FILE *stream, const struct spikeloss_field *field,
                        enum spikeloss_axes axes) {
  write_text(stream, field->name);
  fputc(':', stream);
  if (!is_list(field)) {
    write_item(stream, field, 0, axes);
    return;
  }
  for (size_t i = 0; i < field->count; i++) {
    fputc(i == 0 ? '[' : ',', stream);
    write_item(stream, field, i, axes);
  }
  fputs(field->count == 0 ? "[]" : "]", stream);
}

static bool has(const struct spikeloss_field *fields, size_t count, const char *name) {
  for (size_t i = 0; i < count; i++) {
    if (strcmp(fields[i].name, name) == 0) {
      return true;
    }
  }
  return false;
}

/* The service counts tensors while they arrive, so it must know the axes before. */
static void write_body(FILE *stream, const struct spikeloss_field *fields, size_t count) {
  enum spikeloss_axes axes = axes_in(fields, count);
  const char *separator = "{";
  for (int others = 0; others <= 1; others++) {
    for (size_t i = 0; i < count; i++) {
      if (is_axes(&fields[i]) == (others == 0)) {
        fputs(separator, stream);
        write_field(stream, &fields[i], axes);
        separator = ",";
      }
    }
  }
  if (!has(fields, count, "gradient")) {
    fprintf(stream, "%s\"gradient\":\"broadcast\"", separator);
    separator = ",";
  }
  if (!has(fields, count, "gradient_encoding")) {
    fprintf(stream, "%s\"gradient_encoding\":\"indexed_f64\"", separator);
  }
  fputc('}', stream);
}

static size_t tensor_count(const struct spikeloss_field *field) {
  return field->kind == SPIKELOSS_TENSORS ? field->count : field->kind == SPIKELOSS_TENSOR;
}

bool slc_request_check(const struct spikeloss_field *fields, size_t count,
                       struct spikeloss_error *error) {
  char detail[sizeof error->detail];
  for (size_t i = 0; i < count; i++) {
    for (size_t item = 0; item < tensor_count(&fields[i]); item++) {
      const struct spikeloss_tensor *tensor = &fields[i].tensors[item];
      bool has_type = (unsigned)tensor->type <= SPIKELOSS_U32;
      if (has_type && (unsigned)tensor->summed <= SPIKELOSS_SUMMED_BATCH_TIME) {
        continue;
      }
      snprintf(detail, sizeof detail, "%s[%zu]: there is no %s %d; use one of enum spikeloss_%s",
               fields[i].name, item, has_type ? "sum" : "type",
               has_type ? (int)tensor->summed : (int)tensor->type, has_type ? "summed" : "type");
      slc_failure_set(error, SPIKELOSS_REFUSED, -1, detail);
      return false;
    }
  }
  return true;
}

size_t slc_request_answer_limit(const struct spikeloss_field *fields, size_t count) {
  enum spikeloss_axes axes = axes_in(fields, count);
  size_t limit = 65536;
  for (size_t i = 0; i < count; i++) {
    for (size_t item = 0; item < tensor_count(&fields[i]); item++) {
      limit += 1024 + 32 * slc_tensor_pairs(&fields[i].tensors[item], axes);
    }
    limit += 32 * fields[i].count;
  }
  return limit;
}

/* Some locales write 0.5 as 0,5. JSON is always written in the C locale. */
char *slc_request_write(const struct spikeloss_field *fields, size_t count, size_t *length) {
  locale_t plain = newlocale(LC_ALL_MASK, "C", (locale_t)0);
  if (plain == (locale_t)0) {
    return NULL;
  }
  char *body = NULL;
  bool failed = true;
  FILE *stream = open_memstream(&body, length);
  if (stream != NULL) {
    locale_t before = uselocale(plain);
    write_body(stream, fields, count);
    uselocale(before);
    failed = ferror(stream) != 0;
    failed = fclose(stream) != 0 || failed;
  }
  freelocale(plain);
  if (failed) {
    free(body);
    return NULL;
  }
  return body;
}
