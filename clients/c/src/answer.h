/*
 * Answers read from JSON text.
 */
#ifndef SPIKELOSS_CLIENT_ANSWER_H
#define SPIKELOSS_CLIENT_ANSWER_H

#include "transport.h"

/*
 * The result that an answer holds, if it is one for a request of these fields; else NULL, with the
 * error set to what it says instead.
 */
struct spikeloss_result *slc_answer_read(const struct answer *answer,
                                         const struct spikeloss_field *fields, size_t field_count,
                                         struct spikeloss_error *error);

/* By NumPy's rule, for equal ranks. */
bool slc_broadcasts(const struct spikeloss_gradient *gradient, const size_t *shape, size_t rank);

#endif
