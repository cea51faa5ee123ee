#include "http/document.h"

#include "json/number_format.h"
#include "json/string.h"
#include <stdarg.h>
#include <stdio.h>

static void put(struct sl_document *document, const char *bytes, size_t length) {
  document->failed = document->failed || !sl_buffer_append(&document->text, bytes, length);
}

void sl_document_print(struct sl_document *document, const char *format, ...) {
  va_list arguments, again;
  va_start(arguments, format);
  va_copy(again, arguments);
  size_t length = (size_t)vsnprintf(NULL, 0, format, arguments);
  struct sl_buffer *text = &document->text;
  document->failed = document->failed || !sl_buffer_reserve(text, length + 1);
  if (!document->failed) {
    vsnprintf(text->bytes + text->length, length + 1, format, again);
    text->length += length;
  }
  va_end(again);
  va_end(arguments);
}

static void put_line_break(struct sl_document *document) {
  if (document->indented) {
    put(document, "\n", 1);
    for (unsigned i = 0; i < document->depth; i++) {
      put(document, "\t", 1);
    }
  }
}

/* Puts what is between this item and the one before it. */
static void begin_item(struct sl_document *document) {
  if (document->value) {
    document->value = false;
    return;
  }
  bool in_object = document->objects & 1;
  if (document->comma) {
    put(document, ", ", document->indented && !in_object ? 2 : 1);
    document->comma = false;
  }
  if (in_object) {
    put_line_break(document);
  }
}

static void put_punctuation(struct sl_document *document, char mark) {
  switch (mark) {
  case '{':
  case '[':
    begin_item(document);
    document->depth++;
    document->objects = document->objects << 1 | (mark == '{');
    put(document, &mark, 1);
    break;
  case '}':
  case ']':
    document->comma = false;
    document->depth--;
    document->objects >>= 1;
    if (mark == '}') {
      put_line_break(document);
    }
    put(document, &mark, 1);
    if (document->depth == 0) {
      put(document, "\n", 1);
    }
    break;
  case ':':
    put(document, ":\t", document->indented ? 2 : 1);
    document->value = true;
    break;
  case ',':
    document->comma = true;
    break;
  }
}

/* The length of the UTF-8 sequence that a text begins with, 0 if it is none. */
static size_t sequence_length(const char *text) {
  struct sl_string string = {0};
  size_t length = 0;
  do {
    if (!sl_string_byte(&string, text[length++])) {
      return 0;
    }
  } while (string.continuation > 0);
  return length;
}

/* Puts the next character of a text as it must be inside a string, and returns the rest. Messages
 * quote what clients sent and are cut at a fixed length, maybe inside a character: what is not
 * UTF-8 becomes a question mark. */
static const char *put_escaped(struct sl_document *document, const char *text) {
  static const char special[] = "\b\f\n\r\t\"\\";
  const char *found = strchr(special, *text);
  if (found != NULL) {
    const char escape[] = {'\\', "bfnrt\"\\"[found - special]};
    put(document, escape, sizeof escape);
    return text + 1;
  }
  if ((unsigned char)*text < ' ') {
    sl_document_print(document, "\\u%04x", (unsigned)*text);
    return text + 1;
  }
  size_t length = sequence_length(text);
  put(document, length > 0 ? text : "?", length > 0 ? length : 1);
  return text + (length > 0 ? length : 1);
}

/* Puts what a JSON text begins with, and returns the rest. */
static const char *put_next(struct sl_document *document, const char *json) {
  size_t length = 1;
  if (document->quote != '\0') {
    bool ends = *json == document->quote;
    length = *json == '\\' ? 2 : 1;
    put(document, ends ? "\"" : json, length);
    document->quote = ends ? '\0' : document->quote;
  } else if (*json == '"' || *json == '\'') {
    begin_item(document);
    document->quote = *json;
    put(document, "\"", 1);
  } else if (strchr("{}[]:,", *json) != NULL) {
    put_punctuation(document, *json);
  } else if (*json != ' ' && *json != '\n') {
    begin_item(document);
    length = strcspn(json, "]}, \n");
    put(document, json, length);
  }
  return json + length;
}

void sl_document_json(struct sl_document *document, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  while (*format != '\0') {
    if (*format != '%') {
      format = put_next(document, format);
      continue;
    }
    if (document->quote == '\0') {
      begin_item(document);
    }
    if (format[1] == 's') {
      const char *text = va_arg(arguments, const char *);
      while (*text != '\0') {
        text = put_escaped(document, text);
      }
      format += strlen("%s");
    } else {
      char number[SL_NUMBER_TEXT_MAX + 1];
      put(document, number, sl_number_format(number, (double)va_arg(arguments, uintmax_t)));
      format += strlen("%ju");
    }
  }
  va_end(arguments);
}

void sl_document_json_text(struct sl_document *document, const char *json) {
  while (*json != '\0') {
    json = put_next(document, json);
  }
  document->comma = true;
}

void sl_document_json_verbatim(struct sl_document *document, const char *json) {
  begin_item(document);
  put(document, json, strlen(json));
  document->comma = true;
}

char *sl_document_finish(struct sl_document *document) {
  put(document, "", 1);
  if (document->failed) {
    sl_buffer_free(&document->text);
  }
  return document->text.bytes;
}
