/*
 * Answers read from JSON text.
 */
#ifndef SPIKELOSS_CLIENT_ANSWER_H
#define SPIKELOSS_CLIENT_ANSWER_H

#include "transport.h"

/* The result that an answer holds; else NULL, with the error set to what it says instead. */
struct spikeloss_result *slc_answer_read(const struct answer *answer,
                                         struct spikeloss_error *error);

#endif
