/*
 * What a daemon has said on one connection, and the strict reading of it. What is wrong is said on
 * standard error, and the process is aborted.
 */
#ifndef SPIKELOSS_TESTS_FUZZ_ANSWERS_H
#define SPIKELOSS_TESTS_FUZZ_ANSWERS_H

#include "core/buffer.h"

struct answers {
  struct sl_buffer text;
  bool ended;
};

void answers_add(struct answers *answers, const char *bytes, size_t length);

/*
 * The text is a row of complete HTTP answers, none of them a 500; a document says what it is and is
 * JSON; a problem names its status. `said` is what they answer: after a HEAD, of which only the
 * answer's head comes, nothing is known about lengths and only the first line is looked at.
 */
void answers_check(const struct answers *answers, const char *said, size_t length);

void answers_free(struct answers *answers);

#endif
