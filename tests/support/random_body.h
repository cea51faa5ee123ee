/*
 * Random good bodies, and random damage to them.
 */
#ifndef SPIKELOSS_TESTS_RANDOM_BODY_H
#define SPIKELOSS_TESTS_RANDOM_BODY_H

#include "request_writer.h"

/* An empty writer of a random style, to be freed by the caller. */
struct sl_writer sl_random_writer(struct sl_random *random);

/* Writes a good body of any loss and returns the name of that loss. */
const char *sl_write_random_body(struct sl_writer *writer, struct sl_random *random);

/* One blow: a bit, byte or piece changed, gone, or put in where it may not belong. */
void sl_damage_body(struct sl_buffer *body, struct sl_random *random);

/* Mostly the usual limits, sometimes ones so narrow that they are met. */
struct sl_limits sl_random_limits(struct sl_random *random);

#endif
