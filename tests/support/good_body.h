/*
 * Checks that a good body is read as what it was made from: by the reference, by cJSON, and by the
 * decoder, cut at every byte. A failure aborts the running test.
 */
#ifndef SPIKELOSS_TESTS_GOOD_BODY_H
#define SPIKELOSS_TESTS_GOOD_BODY_H

#include "request_writer.h"

#define RATES      "firing_rate_target_mse_loss"
#define POPULATION "balanced_population_mse"

/* A body of that loss. */
void sl_check_good_text(const char *loss, const char *body);

/* What a writer has written, and what it wrote; frees the writer's text. Thorough: at every split
 * that a body of its length can afford, else at a few. */
void sl_check_good_writer(struct sl_writer *writer, const char *loss,
                          const struct sl_model_tensor *models, size_t count, bool thorough);

/* Writes layers as a body of RATES and checks it. */
void sl_check_good_layers(struct sl_writer *writer, const struct sl_model_tensor *layers,
                          size_t count, bool thorough);

#endif
