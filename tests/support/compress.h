/*
 * Compressed bodies, as clients make them with zlib.
 */
#ifndef SPIKELOSS_TESTS_COMPRESS_H
#define SPIKELOSS_TESTS_COMPRESS_H

#include <stddef.h>

/* zlib's window bits. */
enum sl_format { SL_FORMAT_GZIP = 31, SL_FORMAT_ZLIB = 15, SL_FORMAT_RAW = -15 };

struct sl_compressed {
  char *bytes; /* from malloc */
  size_t length;
};

/* Aborts when there is no memory. */
struct sl_compressed sl_compress(enum sl_format format, const char *text, size_t length);

void sl_compressed_free(struct sl_compressed *compressed);

#endif
