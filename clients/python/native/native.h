/*
 * What the Python client has in C: sums of spikes, base64, and texts of labels. spikeloss/native.py
 * calls it through ctypes, so nothing here knows of Python.
 *
 * Each function gets the sizes of what it reads and writes, and returns false or 0 unless they fit
 * each other and every value is as expected. Then outputs are of no use, and the caller does the
 * same in Python, which knows what is wrong. Threads may call them at the same time; nothing is
 * kept.
 */
#ifndef SPIKELOSS_PYTHON_NATIVE_H
#define SPIKELOSS_PYTHON_NATIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SPIKELOSS_NATIVE __attribute__((visibility("default")))

/* Larger after every change of a function: a library of another build is not used. */
enum { SPIKELOSS_NATIVE_INTERFACE = 1 };

/* Chooses the instruction set, before all else: the best, or one by its name, for tests. Returns
 * SPIKELOSS_NATIVE_INTERFACE. */
SPIKELOSS_NATIVE int spikeloss_native_start(const char *instructions);

/* text[text_length] is the base64 of bytes[length]. */
SPIKELOSS_NATIVE bool spikeloss_native_encode(char *text, size_t text_length, const uint8_t *bytes,
                                              size_t length);

/*
 * text[text_length] is the base64 of the sums over time [samples][neurons], one byte each, of
 * spikes [samples][steps][neurons]. Returns false unless each of them, added in single precision,
 * is a whole number from 0 to 255.
 */
SPIKELOSS_NATIVE bool spikeloss_native_count(char *text, size_t text_length, const float *spikes,
                                             size_t samples, size_t steps, size_t neurons);

/* Reads `count` little-endian floats of `width` bytes, 4 or 8. Returns false unless text
 * [text_length] is their base64, and all are finite. */
SPIKELOSS_NATIVE bool spikeloss_native_floats(void *values, size_t width, size_t count,
                                              const char *text, size_t text_length);

/* values[i] = table[indices[i]]: `text` is the base64 of `count` indices of a byte, and `table`
 * that of up to 256 floats, as above. Returns false also if an index is beyond the table. */
SPIKELOSS_NATIVE bool spikeloss_native_look_up(void *values, size_t width, size_t count,
                                               const char *text, size_t text_length,
                                               const char *table, size_t table_length);

/*
 * Writes labels as decimals of the same width, after spaces, each with a comma after it. Returns
 * how many bytes each has, with its comma; 0 if a label is negative or has more than
 * SPIKELOSS_NATIVE_DIGITS digits, or if `text` has not the space for that many of each.
 */
enum { SPIKELOSS_NATIVE_DIGITS = 4 };
SPIKELOSS_NATIVE size_t spikeloss_native_labels(char *text, size_t text_length,
                                                const int64_t *labels, size_t count);

#endif
