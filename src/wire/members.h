/*
 * The members of a JSON object, one after the other: the punctuation and the names. The values are
 * read by whoever knows what they are.
 */
#ifndef SPIKELOSS_WIRE_MEMBERS_H
#define SPIKELOSS_WIRE_MEMBERS_H

#include "wire/json_string.h"
#include "wire/text.h"

enum { SL_MEMBER_NAME_SIZE = 64 };

struct sl_members {
  enum {
    SL_MEMBERS_FIRST, /* behind `{` */
    SL_MEMBERS_NAME,  /* behind a comma */
    SL_MEMBERS_IN_NAME,
    SL_MEMBERS_COLON,
    SL_MEMBERS_VALUE, /* behind the colon */
    SL_MEMBERS_COMMA, /* behind a value */
  } place;
  struct sl_json_string string;
  uint64_t name_offset;               /* of its opening quote */
  uint64_t end_offset;                /* of the closing brace */
  size_t name_length;                 /* may be more than fits in `name` */
  char name[SL_MEMBER_NAME_SIZE + 1]; /* unescaped, cut */
};

enum sl_members_event {
  SL_MEMBERS_NEED_MORE,
  SL_MEMBERS_NAMED,    /* a name is complete; the caller may refuse it, or go on */
  SL_MEMBERS_AT_VALUE, /* the first byte of that member's value is next */
  SL_MEMBERS_END,      /* took the closing brace */
  SL_MEMBERS_FAILED,
};

/* Behind the opening brace. */
void sl_members_begin(struct sl_members *members);

/* Takes text up to the next event. Behind SL_MEMBERS_AT_VALUE the caller takes the value before it
 * calls again. */
enum sl_members_event sl_members_next(struct sl_members *members, struct sl_text *text,
                                      struct sl_error *error);

/* Whether the complete name is this one. */
bool sl_members_is(const struct sl_members *members, const char *name);

/* Fails with the name's place. `explanation` goes on behind the quoted name: "is not …". */
enum sl_status sl_members_fail(const struct sl_members *members, struct sl_error *error,
                               enum sl_status code, const char *object_pointer,
                               const char *explanation);

#endif
