/*
 * Sums of one sample over time. Built once for each instruction set, under a name of its own.
 */
#ifndef SPIKELOSS_PYTHON_COUNT_H
#define SPIKELOSS_PYTHON_COUNT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Columns that are added together, and how many bytes after them may be written. */
enum { SL_COUNT_COLUMNS = 1024, SL_COUNT_SPARE = 15 };

/*
 * counts[0 … width) are the sums of `steps` rows, each `stride` floats after the one before, up to
 * SL_COUNT_COLUMNS wide. Returns false unless all are whole numbers from 0 to 255. Writes up to
 * SL_COUNT_SPARE bytes more.
 */
typedef bool sl_count_steps(uint8_t *counts, const float *spikes, size_t steps, size_t stride,
                            size_t width);

sl_count_steps sl_count_steps_plain;
#ifdef SPIKELOSS_X86
sl_count_steps sl_count_steps_avx2;
sl_count_steps sl_count_steps_avx512;
#endif

#endif
