#include "support/compress.h"

#include <stdlib.h>

#define ZLIB_CONST
#include <zlib.h>

static void must(int ok) {
  if (!ok) {
    abort();
  }
}

struct sl_compressed sl_compress(enum sl_format format, const char *text, size_t length) {
  z_stream stream = {.next_in = (const unsigned char *)text, .avail_in = (unsigned)length};
  must(deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, format, 8, Z_DEFAULT_STRATEGY) ==
       Z_OK);
  size_t bound = deflateBound(&stream, length);
  struct sl_compressed compressed = {.bytes = malloc(bound)};
  must(compressed.bytes != NULL);
  stream.next_out = (unsigned char *)compressed.bytes;
  stream.avail_out = (unsigned)bound;
  must(deflate(&stream, Z_FINISH) == Z_STREAM_END);
  compressed.length = stream.total_out;
  deflateEnd(&stream);
  return compressed;
}

void sl_compressed_free(struct sl_compressed *compressed) {
  free(compressed->bytes);
  *compressed = (struct sl_compressed){0};
}
