#include "wire/members.h"

#include <stdio.h>
#include <string.h>

void sl_members_begin(struct sl_members *members) {
  members->place = SL_MEMBERS_FIRST;
}

static enum sl_members_event not_json(const struct sl_text *text, struct sl_error *error,
                                      const char *expected) {
  sl_text_not_json(text, error, expected);
  return SL_MEMBERS_FAILED;
}

static void begin_name(struct sl_members *members, struct sl_text *text) {
  members->name_offset = sl_text_offset(text);
  members->name_length = 0;
  members->string = (struct sl_json_string){0};
  members->place = SL_MEMBERS_IN_NAME;
  text->at++;
}

static void add_to_name(struct sl_members *members, const char *bytes, size_t length) {
  for (size_t i = 0; i < length; i++, members->name_length++) {
    if (members->name_length < SL_MEMBER_NAME_SIZE) {
      members->name[members->name_length] = bytes[i];
    }
  }
}

/* Ends a name that did not fit before the character that was cut. */
static void end_name(struct sl_members *members) {
  size_t kept = members->name_length;
  if (kept > SL_MEMBER_NAME_SIZE) {
    kept = SL_MEMBER_NAME_SIZE;
    while (kept > 0 && (members->name[kept - 1] & 0xc0) == 0x80) {
      kept--;
    }
    bool cut = kept > 0 && (members->name[kept - 1] & 0x80) != 0;
    kept -= cut;
  }
  members->name[kept] = '\0';
}

static enum sl_members_event read_name(struct sl_members *members, struct sl_text *text,
                                       struct sl_error *error) {
  while (text->at < text->end) {
    size_t plain = sl_json_string_plain(&members->string, text->at, sl_text_left(text));
    if (plain > 0) {
      add_to_name(members, text->at, plain);
      text->at += plain;
      continue;
    }
    switch (sl_json_string_byte(&members->string, *text->at)) {
    case SL_STRING_BAD:
      return not_json(text, error, "the rest of a name");
    case SL_STRING_END:
      text->at++;
      members->place = SL_MEMBERS_COLON;
      end_name(members);
      return SL_MEMBERS_NAMED;
    default:
      add_to_name(members, members->string.bytes, members->string.length);
      text->at++;
    }
  }
  return SL_MEMBERS_NEED_MORE;
}

/* Takes one token between names and values; SL_MEMBERS_NAMED stands for "go on". */
static enum sl_members_event read_token(struct sl_members *members, struct sl_text *text,
                                        struct sl_error *error) {
  char byte = *text->at;
  bool may_end = members->place == SL_MEMBERS_FIRST || members->place == SL_MEMBERS_COMMA;
  bool may_name = members->place == SL_MEMBERS_FIRST || members->place == SL_MEMBERS_NAME;
  if (may_end && byte == '}') {
    members->end_offset = sl_text_offset(text);
    text->at++;
    return SL_MEMBERS_END;
  }
  if (may_name) {
    if (byte != '"') {
      return not_json(text, error, "a member name in double quotes");
    }
    begin_name(members, text);
    return SL_MEMBERS_NAMED;
  }
  if (members->place == SL_MEMBERS_COLON) {
    if (byte != ':') {
      return not_json(text, error, "a colon");
    }
    members->place = SL_MEMBERS_VALUE;
    text->at++;
    return SL_MEMBERS_NAMED;
  }
  if (members->place == SL_MEMBERS_VALUE) {
    members->place = SL_MEMBERS_COMMA;
    return SL_MEMBERS_AT_VALUE;
  }
  if (byte != ',') {
    return not_json(text, error, "a comma or `}`");
  }
  members->place = SL_MEMBERS_NAME;
  text->at++;
  return SL_MEMBERS_NAMED;
}

enum sl_members_event sl_members_next(struct sl_members *members, struct sl_text *text,
                                      struct sl_error *error) {
  for (;;) {
    if (members->place == SL_MEMBERS_IN_NAME) {
      return read_name(members, text, error);
    }
    if (!sl_text_skip_space(text)) {
      return SL_MEMBERS_NEED_MORE;
    }
    enum sl_members_event event = read_token(members, text, error);
    if (event != SL_MEMBERS_NAMED) {
      return event;
    }
  }
}

bool sl_members_is(const struct sl_members *members, const char *name) {
  size_t length = strlen(name);
  return members->name_length == length && memcmp(members->name, name, length) == 0;
}

/* JSON pointer writes ~ as ~0 and / as ~1. A name that does not fit has no pointer. */
static void append_escaped(char *pointer, size_t size, const struct sl_members *members) {
  size_t length = strlen(pointer);
  bool whole = members->name_length <= SL_MEMBER_NAME_SIZE &&
               memchr(members->name, '\0', members->name_length) == NULL;
  for (const char *next = members->name; whole && *next != '\0'; next++) {
    const char *escaped = *next == '~' ? "~0" : *next == '/' ? "~1" : NULL;
    int written = escaped != NULL ? snprintf(pointer + length, size - length, "%s", escaped)
                                  : snprintf(pointer + length, size - length, "%c", *next);
    length += (size_t)written;
    whole = length < size;
  }
  if (!whole) {
    pointer[0] = '\0';
  }
}

enum sl_status sl_members_fail(const struct sl_members *members, struct sl_error *error,
                               enum sl_status code, const char *object_pointer,
                               const char *explanation) {
  char pointer[128];
  snprintf(pointer, sizeof pointer, "%s/", object_pointer);
  append_escaped(pointer, sizeof pointer, members);
  return sl_fail_at(error, code, pointer, members->name_offset, "\"%s\" %s", members->name,
                    explanation);
}
