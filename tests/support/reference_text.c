#include "reference_text.h"

#include "core/codes.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct sl_block {
  struct sl_block *next;
  max_align_t memory[];
};

void *sl_must_allocate(size_t count, size_t size) {
  void *memory = calloc(count == 0 ? 1 : count, size);
  if (memory == NULL) {
    abort();
  }
  return memory;
}

void *sl_reader_allocate(struct sl_reader *reader, size_t count, size_t size) {
  struct sl_block *block = sl_must_allocate(1, sizeof *block + count * size);
  block->next = *reader->memory;
  *reader->memory = block;
  return block->memory;
}

void sl_blocks_free(struct sl_block *blocks) {
  while (blocks != NULL) {
    struct sl_block *next = blocks->next;
    free(blocks);
    blocks = next;
  }
}

void *sl_reader_grow(struct sl_reader *reader, void *array, size_t count, size_t size) {
  if ((count & (count - 1)) != 0) {
    return array; /* there is space up to the next power of two */
  }
  void *larger = sl_reader_allocate(reader, count == 0 ? 1 : 2 * count, size);
  if (count > 0) {
    memcpy(larger, array, count * size);
  }
  return larger;
}

/* Longer names, in bytes, have no pointer, and a name with a NUL has none either. */
enum { MAX_NAME = 64 };

/* RFC 6901: `~` becomes ~0 and `/` becomes ~1. A pointer that does not fit is "". */
static void write_pointer(const struct sl_reader *reader, char *pointer, size_t size) {
  char text[(SL_MAX_DEPTH + 2) * 2 * MAX_NAME] = "";
  size_t length = 0;
  for (size_t i = 0; i < reader->path_length; i++) {
    const struct sl_path_step *step = &reader->path[i];
    if (step->name == NULL) {
      length += (size_t)snprintf(text + length, sizeof text - length, "/%zu", step->index);
      continue;
    }
    if (step->length > MAX_NAME || strlen(step->name) != step->length) {
      length = 0;
      break;
    }
    text[length++] = '/';
    for (const char *byte = step->name; *byte != '\0'; byte++) {
      bool escaped = *byte == '~' || *byte == '/';
      text[length++] = escaped ? '~' : *byte;
      if (escaped) {
        text[length++] = *byte == '~' ? '0' : '1';
      }
    }
  }
  length = length < size ? length : 0;
  memcpy(pointer, text, length);
  pointer[length] = '\0';
}

void sl_reader_fail(struct sl_reader *reader, enum sl_status code, size_t offset) {
  reader->error->code = code;
  reader->error->offset = offset;
  write_pointer(reader, reader->error->pointer, sizeof reader->error->pointer);
  longjmp(reader->out, 1);
}

static _Noreturn void not_json_at(struct sl_reader *reader, size_t offset) {
  reader->path_length = 0;
  sl_reader_fail(reader, SL_NOT_JSON, offset);
}

void sl_reader_not_json(struct sl_reader *reader) {
  not_json_at(reader, reader->at);
}

int sl_reader_peek(const struct sl_reader *reader) {
  return reader->at < reader->length ? (unsigned char)reader->text[reader->at] : -1;
}

void sl_reader_take(struct sl_reader *reader) {
  if (reader->at >= reader->text_limit) {
    reader->path_length = reader->limited_path;
    sl_reader_fail(reader, SL_MEMBER_TOO_LARGE, reader->at);
  }
  reader->at++;
}

void sl_reader_expect(struct sl_reader *reader, char byte) {
  if (sl_reader_peek(reader) != (unsigned char)byte) {
    sl_reader_not_json(reader);
  }
  sl_reader_take(reader);
}

static bool is_one_of(int byte, const char *bytes) {
  return byte > 0 && strchr(bytes, byte) != NULL;
}

static bool is_digit(int byte) {
  return byte >= '0' && byte <= '9';
}

static bool begins_word(int byte) {
  return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || byte == '_';
}

void sl_reader_skip_white(struct sl_reader *reader) {
  while (is_one_of(sl_reader_peek(reader), " \t\n\r")) {
    sl_reader_take(reader);
  }
}

void sl_reader_check_depth(struct sl_reader *reader) {
  if (reader->depth >= reader->depth_limit) {
    sl_reader_fail(reader, SL_TOO_DEEP, reader->at);
  }
}

void sl_reader_open(struct sl_reader *reader) {
  sl_reader_check_depth(reader);
  reader->depth++;
  sl_reader_take(reader);
}

bool sl_reader_element(struct sl_reader *reader, size_t index, char closing) {
  reader->path_length -= index == 0 ? 0 : 1;
  sl_reader_skip_white(reader);
  if (sl_reader_peek(reader) == (unsigned char)closing) {
    return false;
  }
  if (index > 0) {
    sl_reader_expect(reader, ',');
    sl_reader_skip_white(reader);
  }
  reader->path[reader->path_length++] = (struct sl_path_step){.index = index};
  return true;
}

void sl_reader_close(struct sl_reader *reader) {
  sl_reader_take(reader);
  reader->depth--;
}

/* Where a word that begins at that byte ends. */
static size_t end_of_word(const struct sl_reader *reader, size_t start) {
  size_t end = start;
  while (end < reader->length &&
         (begins_word((unsigned char)reader->text[end]) ||
          (end > start && (is_digit(reader->text[end]) || reader->text[end] == '.')))) {
    end++;
  }
  return end;
}

/* Whether this is what some language prints for NaN or an infinity, without its sign. */
static bool is_not_finite(const struct sl_reader *reader, size_t start) {
  static const char *const words[] = {"nan", "inf", "infinity"};
  size_t length = end_of_word(reader, start) - start;
  size_t i = 0;
  while (i < 3 && !(length == strlen(words[i]) &&
                    strncasecmp(reader->text + start, words[i], length) == 0)) {
    i++;
  }
  return i < 3;
}

static void take_word(struct sl_reader *reader) {
  for (size_t end = end_of_word(reader, reader->at); reader->at < end;) {
    sl_reader_take(reader);
  }
}

/* The three words of JSON are values; one that the end of the body cuts is not yet wrong. */
static bool is_literal(struct sl_reader *reader, size_t start) {
  static const char *const literals[] = {"true", "false", "null"};
  size_t length = reader->at - start;
  for (size_t i = 0; i < 3; i++) {
    if (strncmp(literals[i], reader->text + start, length) == 0) {
      if (sl_reader_peek(reader) == -1 && reader->depth > 0) {
        sl_reader_not_json(reader);
      }
      return length == strlen(literals[i]);
    }
  }
  return false;
}

void sl_reader_refuse(struct sl_reader *reader, bool numbers) {
  size_t start = reader->at;
  int byte = sl_reader_peek(reader);
  if (byte == '[' || byte == '{') {
    sl_reader_check_depth(reader);
  }
  if (numbers && byte == '-' && is_not_finite(reader, start + 1)) {
    sl_reader_take(reader);
    take_word(reader);
    sl_reader_fail(reader, SL_NOT_FINITE, start);
  }
  if (is_digit(byte) || is_one_of(byte, "-\"[{")) {
    sl_reader_fail(reader, SL_WRONG_TYPE, start);
  }
  if (begins_word(byte)) {
    take_word(reader);
    if (is_literal(reader, start)) {
      sl_reader_fail(reader, SL_WRONG_TYPE, start);
    }
    if (numbers && is_not_finite(reader, start)) {
      sl_reader_fail(reader, SL_NOT_FINITE, start);
    }
  }
  not_json_at(reader, start);
}

bool sl_reader_at_number(const struct sl_reader *reader) {
  int byte = sl_reader_peek(reader);
  return is_digit(byte) || byte == '-' || is_not_finite(reader, reader->at);
}

bool sl_reader_word(struct sl_reader *reader, const char *word) {
  size_t start = reader->at;
  size_t end = end_of_word(reader, start);
  size_t length = strlen(word);
  if (end - start != length || memcmp(reader->text + start, word, length) != 0) {
    return false;
  }
  take_word(reader);
  return true;
}

static void take_digits(struct sl_reader *reader) {
  if (!is_digit(sl_reader_peek(reader))) {
    sl_reader_not_json(reader);
  }
  while (is_digit(sl_reader_peek(reader))) {
    sl_reader_take(reader);
  }
}

static void take_number(struct sl_reader *reader) {
  size_t start = reader->at;
  if (sl_reader_peek(reader) == '-') {
    sl_reader_take(reader);
  }
  if (begins_word(sl_reader_peek(reader))) {
    size_t word = reader->at;
    take_word(reader);
    if (is_not_finite(reader, word)) {
      sl_reader_fail(reader, SL_NOT_FINITE, start);
    }
    not_json_at(reader, word);
  }
  if (sl_reader_peek(reader) == '0') {
    sl_reader_take(reader);
  } else {
    take_digits(reader);
  }
  if (sl_reader_peek(reader) == '.') {
    sl_reader_take(reader);
    take_digits(reader);
  }
  if (is_one_of(sl_reader_peek(reader), "eE")) {
    sl_reader_take(reader);
    if (is_one_of(sl_reader_peek(reader), "+-")) {
      sl_reader_take(reader);
    }
    take_digits(reader);
  }
  int next = sl_reader_peek(reader);
  if (next == -1 || is_digit(next)) {
    sl_reader_not_json(reader); /* the body cannot end here; a digit after a leading 0 */
  }
}

/*
 * Decides by its text whether a number is an integer: its digits as one long integer without zeros
 * at either end, and the power of ten that this integer is to be multiplied by.
 */
static void judge_integer(const char *text, struct sl_reference_number *number) {
  enum { HUGE_POWER = 1000000000 };
  const char *mark = text + strcspn(text, "eE");
  const char *point = memchr(text, '.', (size_t)(mark - text));
  long power = 0;
  for (const char *digit = mark + 1; *mark != '\0' && *digit != '\0'; digit++) {
    if (is_digit(*digit) && power < HUGE_POWER) {
      power = 10 * power + (*digit - '0');
    }
  }
  power = *mark != '\0' && mark[1] == '-' ? -power : power;
  power -= point == NULL ? 0 : mark - point - 1;

  const char *last = mark;
  while (last > text && !(last[-1] >= '1' && last[-1] <= '9')) {
    last--;
    power += *last == '0' ? 1 : 0;
  }
  number->negative = text[0] == '-' && last > text;
  number->integer = last == text || power >= 0;
  number->magnitude = 0;
  for (; text < last; text++) {
    uint64_t digit = is_digit(*text) ? (uint64_t)(*text - '0') : 0;
    bool huge = number->magnitude > (UINT64_MAX - digit) / 10;
    if (is_digit(*text)) {
      number->magnitude = huge ? UINT64_MAX : 10 * number->magnitude + digit;
    }
  }
  for (; power > 0 && number->magnitude != 0 && number->magnitude != UINT64_MAX; power--) {
    bool huge = number->magnitude > UINT64_MAX / 10;
    number->magnitude = huge ? UINT64_MAX : 10 * number->magnitude;
  }
}

struct sl_reference_number sl_reader_number(struct sl_reader *reader) {
  struct sl_reference_number number = {.start = reader->at};
  if (!sl_reader_at_number(reader)) {
    sl_reader_refuse(reader, true);
  }
  take_number(reader);
  char local[64] = "";
  size_t length = reader->at - number.start;
  char *text = length < sizeof local ? local : sl_must_allocate(length + 1, 1);
  memcpy(text, reader->text + number.start, length);
  number.value = strtod(text, NULL);
  judge_integer(text, &number);
  if (text != local) {
    free(text);
  }
  if (!isfinite(number.value)) {
    sl_reader_fail(reader, SL_NOT_FINITE, number.start);
  }
  return number;
}

/* The table of well-formed UTF-8 in RFC 3629, section 4: only the second byte has odd bounds. */
bool sl_utf8_character(const char *bytes, size_t available, size_t *length, uint32_t *code_point) {
  unsigned lead = available == 0 ? 0xFF : (unsigned char)bytes[0];
  unsigned lowest = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
  unsigned highest = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
  size_t following = lead < 0x80 ? 0 : lead < 0xE0 ? 1 : lead < 0xF0 ? 2 : 3;
  *length = 0;
  if ((lead >= 0x80 && lead < 0xC2) || lead > 0xF4) {
    return false;
  }
  *code_point = following == 0 ? lead : lead & (0x3Fu >> following);
  for (*length = 1; *length <= following; ++*length) {
    unsigned byte = *length < available ? (unsigned char)bytes[*length] : 0;
    if (byte < lowest || byte > highest) {
      return false;
    }
    *code_point = (*code_point << 6) | (byte & 0x3F);
    lowest = 0x80;
    highest = 0xBF;
  }
  return true;
}

/* A hexadecimal digit between these values, shifted into the number. */
static void take_hex(struct sl_reader *reader, unsigned lowest, unsigned highest,
                     uint32_t *number) {
  static const char digits[] = "0123456789abcdef0123456789ABCDEF";
  int byte = sl_reader_peek(reader);
  const char *found = byte > 0 ? strchr(digits, byte) : NULL;
  unsigned value = found == NULL ? 16 : (unsigned)(found - digits) & 15;
  if (value < lowest || value > highest) {
    sl_reader_not_json(reader);
  }
  *number = (*number << 4) | value;
  sl_reader_take(reader);
}

/* After `\u`. A low surrogate must follow a high one at once, and never comes alone. */
static uint32_t take_code_point(struct sl_reader *reader) {
  uint32_t unit = 0;
  take_hex(reader, 0, 15, &unit);
  take_hex(reader, 0, unit == 0xD ? 0xB : 15, &unit);
  take_hex(reader, 0, 15, &unit);
  take_hex(reader, 0, 15, &unit);
  if (unit < 0xD800 || unit > 0xDBFF) {
    return unit;
  }
  uint32_t low = 0;
  sl_reader_expect(reader, '\\');
  sl_reader_expect(reader, 'u');
  take_hex(reader, 0xD, 0xD, &low);
  take_hex(reader, 0xC, 0xF, &low);
  take_hex(reader, 0, 15, &low);
  take_hex(reader, 0, 15, &low);
  return 0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00);
}

uint32_t sl_reader_character(struct sl_reader *reader) {
  int byte = sl_reader_peek(reader);
  if (byte < 0x20) {
    sl_reader_not_json(reader);
  }
  if (byte != '\\') {
    uint32_t code_point = 0;
    size_t length;
    bool whole = sl_utf8_character(reader->text + reader->at, reader->length - reader->at, &length,
                                   &code_point);
    for (size_t i = 0; i < length; i++) {
      sl_reader_take(reader);
    }
    if (!whole) {
      sl_reader_not_json(reader);
    }
    return code_point;
  }
  sl_reader_take(reader);
  static const char letters[] = "\"\\/bfnrtu";
  static const char meanings[] = "\"\\/\b\f\n\r\t";
  int letter = sl_reader_peek(reader);
  if (!is_one_of(letter, letters)) {
    sl_reader_not_json(reader);
  }
  sl_reader_take(reader);
  return letter == 'u' ? take_code_point(reader)
                       : (unsigned char)meanings[strchr(letters, letter) - letters];
}

static size_t put_utf8(char *bytes, uint32_t code_point) {
  static const unsigned char leads[] = {0, 0xC0, 0xE0, 0xF0};
  size_t following = code_point < 0x80 ? 0 : code_point < 0x800 ? 1 : code_point < 0x10000 ? 2 : 3;
  for (size_t i = following; i > 0; i--) {
    bytes[i] = (char)(0x80 | (code_point & 0x3F));
    code_point >>= 6;
  }
  bytes[0] = (char)(leads[following] | code_point);
  return following + 1;
}

const char *sl_reader_string(struct sl_reader *reader, size_t *length) {
  sl_reader_expect(reader, '"');
  /* Unescaping never makes text longer. */
  char *bytes = sl_reader_allocate(reader, reader->length - reader->at + 1, 1);
  for (*length = 0; sl_reader_peek(reader) != '"';) {
    *length += put_utf8(bytes + *length, sl_reader_character(reader));
  }
  sl_reader_take(reader);
  return bytes;
}

size_t sl_word_index(const char *const *words, size_t count, const char *text, size_t length) {
  size_t i = 0;
  while (i < count && !(length == strlen(words[i]) && memcmp(words[i], text, length) == 0)) {
    i++;
  }
  return i;
}

size_t sl_reader_name(struct sl_reader *reader, const char *const *names, size_t count,
                      bool *seen) {
  size_t start = reader->at;
  size_t length;
  const char *name = sl_reader_string(reader, &length);
  reader->path[reader->path_length - 1] = (struct sl_path_step){.name = name, .length = length};
  size_t which = sl_word_index(names, count, name, length);
  if (which == count || seen[which]) {
    sl_reader_fail(reader, which == count ? SL_UNKNOWN_MEMBER : SL_DUPLICATE_MEMBER, start);
  }
  seen[which] = true;
  sl_reader_skip_white(reader);
  sl_reader_expect(reader, ':');
  sl_reader_skip_white(reader);
  return which;
}

void sl_reader_limit(struct sl_reader *reader, uint64_t bytes) {
  reader->text_limit = bytes == SIZE_MAX ? SIZE_MAX : reader->at + bytes;
  reader->limited_path = reader->path_length;
}
