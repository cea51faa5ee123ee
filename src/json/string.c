#include "json/string.h"

#include <endian.h>
#include <string.h>
#include <strings.h>

static bool emit(struct sl_string *string, char byte) {
  string->bytes[0] = byte;
  string->length = 1;
  return true;
}

static bool expect_continuation(struct sl_string *string, unsigned count, unsigned char lowest,
                                unsigned char highest, char byte) {
  string->continuation = count;
  string->lowest = lowest;
  string->highest = highest;
  return emit(string, byte);
}

/* Takes the first byte of a UTF-8 sequence. The bounds of the second byte keep out overlong forms,
 * surrogates and everything above U+10FFFF. */
static bool lead_byte(struct sl_string *string, char byte) {
  unsigned char lead = (unsigned char)byte;
  if (lead < 0x80) {
    return emit(string, byte);
  }
  if (lead < 0xc2 || lead > 0xf4) {
    return false;
  }
  unsigned count = lead < 0xe0 ? 1 : lead < 0xf0 ? 2 : 3;
  unsigned char lowest = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
  unsigned char highest = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
  return expect_continuation(string, count, lowest, highest, byte);
}

static bool plain_byte(struct sl_string *string, char byte) {
  unsigned char value = (unsigned char)byte;
  if (string->continuation > 0) {
    if (value < string->lowest || value > string->highest) {
      return false;
    }
    return expect_continuation(string, string->continuation - 1, 0x80, 0xbf, byte);
  }
  if (value < 0x20) {
    return false;
  }
  if (byte == '\\') {
    string->state = SL_STRING_ESCAPE;
    return true;
  }
  return lead_byte(string, byte);
}

static bool exactly(struct sl_string *string, char byte, char wanted,
                    enum sl_string_state next_state) {
  if (byte != wanted) {
    return false;
  }
  string->state = next_state;
  string->unit = 0;
  string->digits = 0;
  return true;
}

static bool escaped_byte(struct sl_string *string, char byte) {
  static const char letters[] = {'"', '\\', '/', 'b', 'f', 'n', 'r', 't'};
  static const char meanings[] = {'"', '\\', '/', '\b', '\f', '\n', '\r', '\t'};
  if (byte == 'u') {
    return exactly(string, byte, 'u', SL_STRING_HEX);
  }
  const char *letter = memchr(letters, byte, sizeof letters);
  if (letter == NULL) {
    return false;
  }
  string->state = SL_STRING_PLAIN;
  return emit(string, meanings[letter - letters]);
}

static int hex_value(char byte) {
  if (byte >= '0' && byte <= '9') {
    return byte - '0';
  }
  if (byte >= 'a' && byte <= 'f') {
    return byte - 'a' + 10;
  }
  return byte >= 'A' && byte <= 'F' ? byte - 'A' + 10 : -1;
}

static bool give_code_point(struct sl_string *string, uint32_t point) {
  size_t length = point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
  for (size_t i = length; i > 1; i--) {
    string->bytes[i - 1] = (char)(0x80 | (point & 0x3f));
    point >>= 6;
  }
  static const unsigned char marks[] = {0, 0, 0xc0, 0xe0, 0xf0};
  string->bytes[0] = (char)(marks[length] | point);
  string->length = length;
  string->state = SL_STRING_PLAIN;
  return true;
}

/* Returns whether the digits so far may be of the half that is due. Low halves are DC00 to DFFF:
 * they are known by their first two digits. */
static bool unit_is_possible(const struct sl_string *string) {
  bool wants_low = string->high_surrogate > 0;
  if (string->digits == 1) {
    return !wants_low || string->unit == 0xd;
  }
  uint32_t first_two = string->unit >> (4 * (string->digits - 2));
  bool is_low = first_two >= 0xdc && first_two <= 0xdf;
  return is_low == wants_low;
}

static bool hex_digit(struct sl_string *string, char byte) {
  int value = hex_value(byte);
  if (value < 0) {
    return false;
  }
  string->unit = string->unit << 4 | (uint32_t)value;
  string->digits++;
  if (!unit_is_possible(string)) {
    return false;
  }
  if (string->digits < 4) {
    return true;
  }
  if (string->high_surrogate > 0) {
    uint32_t point = 0x10000 + ((string->high_surrogate - 0xd800) << 10) + (string->unit - 0xdc00);
    string->high_surrogate = 0;
    return give_code_point(string, point);
  }
  if (string->unit >= 0xd800 && string->unit <= 0xdbff) {
    string->high_surrogate = string->unit;
    string->state = SL_STRING_LOW_BACKSLASH;
    return true;
  }
  return give_code_point(string, string->unit);
}

/* Returns a word whose highest bit of a byte is set where the first byte is that is not plain; what
 * it says of the bytes after that means nothing. */
static uint64_t find_special(uint64_t word) {
  const uint64_t each = UINT64_C(0x0101010101010101);
  uint64_t quotes = (word ^ each * '"') - each;
  uint64_t backslashes = (word ^ each * '\\') - each;
  uint64_t controls = (word - each * ' ') | (word + each); /* and 0x7f */
  return (quotes | backslashes | controls | word) & each << 7;
}

size_t sl_string_plain(const char *text, size_t length) {
  size_t plain = 0;
  for (uint64_t word; length - plain >= sizeof word; plain += sizeof word) {
    memcpy(&word, text + plain, sizeof word);
    uint64_t special = find_special(le64toh(word));
    if (special != 0) {
      return plain + (size_t)__builtin_ctzll(special) / 8;
    }
  }
  while (plain < length && text[plain] >= ' ' && text[plain] < 0x7f && text[plain] != '"' &&
         text[plain] != '\\') {
    plain++;
  }
  return plain;
}

bool sl_string_byte(struct sl_string *string, char byte) {
  string->length = 0;
  switch (string->state) {
  case SL_STRING_ESCAPE:
    return escaped_byte(string, byte);
  case SL_STRING_HEX:
    return hex_digit(string, byte);
  case SL_STRING_LOW_BACKSLASH:
    return exactly(string, byte, '\\', SL_STRING_LOW_U);
  case SL_STRING_LOW_U:
    return exactly(string, byte, 'u', SL_STRING_HEX);
  default:
    return plain_byte(string, byte);
  }
}

bool sl_text_is_literal(const struct sl_text *text, bool complete) {
  static const char *const literals[] = {"true", "false", "null"};
  for (size_t i = 0; i < sizeof literals / sizeof *literals; i++) {
    size_t length = strlen(literals[i]);
    if ((complete ? text->length == length : text->length <= length) &&
        memcmp(text->bytes, literals[i], text->length) == 0) {
      return true;
    }
  }
  return false;
}

bool sl_text_copy(const struct sl_text *text, bool complete, char *copy, size_t size) {
  size_t kept = text->length < SL_TEXT_SIZE ? text->length : SL_TEXT_SIZE;
  size_t length = kept < size ? kept : size - 1;
  bool cut = length < text->length || !complete;
  if (cut) {
    while (length > 0 && (text->bytes[length - 1] & 0xc0) == 0x80) {
      length--;
    }
    length -= length > 0 && (text->bytes[length - 1] & 0x80) != 0;
  }
  for (size_t i = 0; i < length; i++) {
    unsigned char byte = (unsigned char)text->bytes[i];
    copy[i] = byte < ' ' || byte == 0x7f ? '?' : text->bytes[i];
  }
  copy[length] = '\0';
  return cut;
}

static bool same_letter(char one, char other) {
  return strncasecmp(&one, &other, 1) == 0 || (one == '-' && other == '_');
}

bool sl_is_near(const char *text, size_t length, const char *name) {
  size_t name_length = strlen(name);
  size_t shorter = length < name_length ? length : name_length;
  size_t longer = length < name_length ? name_length : length;
  size_t same = 0;
  while (same < shorter && same_letter(text[same], name[same])) {
    same++;
  }
  for (size_t end = 1; same < shorter && same_letter(text[length - end], name[name_length - end]);
       end++) {
    same++;
  }
  return longer - same <= 2 && longer - same < same;
}
