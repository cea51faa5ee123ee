#include "http/inflate.h"

#include "core/codes.h"

#define ZLIB_CONST /* its input is const */
#include <zlib.h>

/* What is inflated at once. Twice as much gained one percent; with this, a small request stays
 * within the first memory that is granted to it. */
enum { PIECE = 32 * 1024 };

struct sl_inflater {
  z_stream stream;
  enum { AT_START, IN_STREAM, AFTER_STREAM } state;
  enum sl_coding coding;
  uint64_t max_bytes;
  uint64_t inflated; /* bytes so far */
  struct sl_budget *budget;
  uint64_t charged;        /* for zlib */
  struct sl_error refusal; /* of the budget, which zlib cannot hand on */
  size_t taken, length;    /* of the piece */
  unsigned char piece[PIECE];
};

static void *allocate(void *closure, unsigned count, unsigned size) {
  struct sl_inflater *inflater = closure;
  size_t bytes = (size_t)count * size;
  void *memory = sl_budget_allocate(inflater->budget, bytes, false, &inflater->refusal);
  inflater->charged += memory != NULL ? bytes : 0;
  return memory;
}

/* What is charged is given back at the end: zlib keeps its memory as long. */
static void release(void *closure, void *memory) {
  const struct sl_inflater *inflater = closure;
  sl_budget_free(inflater->budget, memory, 0);
}

struct sl_inflater *sl_inflater_new(enum sl_coding coding, uint64_t max_bytes,
                                    struct sl_budget *budget) {
  enum { WITH_GZIP_HEADER = 16 };
  struct sl_error refused = SL_NO_ERROR;
  struct sl_inflater *inflater = sl_budget_allocate(budget, sizeof *inflater, false, &refused);
  if (inflater == NULL) {
    return NULL;
  }
  inflater->stream = (z_stream){.zalloc = allocate, .zfree = release, .opaque = inflater};
  inflater->state = AT_START;
  inflater->coding = coding;
  inflater->max_bytes = max_bytes;
  inflater->inflated = 0;
  inflater->budget = budget;
  inflater->charged = 0;
  inflater->refusal = SL_NO_ERROR;
  inflater->taken = inflater->length = 0;
  if (inflateInit2(&inflater->stream,
                   MAX_WBITS + (coding == SL_CODING_GZIP ? WITH_GZIP_HEADER : 0)) != Z_OK) {
    sl_inflater_free(inflater);
    return NULL;
  }
  return inflater;
}

void sl_inflater_free(struct sl_inflater *inflater) {
  if (inflater == NULL) {
    return;
  }
  inflateEnd(&inflater->stream);
  sl_budget_give_back(inflater->budget, inflater->charged);
  sl_budget_free(inflater->budget, inflater, sizeof *inflater);
}

void sl_inflater_give(struct sl_inflater *inflater, const char *bytes, size_t length) {
  inflater->stream.next_in = (const unsigned char *)bytes;
  inflater->stream.avail_in = (unsigned)length;
}

size_t sl_inflater_left(const struct sl_inflater *inflater) {
  return inflater->stream.avail_in;
}

static const char *name_of(const struct sl_inflater *inflater) {
  return inflater->coding == SL_CODING_GZIP ? "gzip" : "deflate";
}

/* Whether data of the coding can begin with this byte. */
static bool may_begin(enum sl_coding coding, unsigned char byte) {
  return coding == SL_CODING_GZIP ? byte == 0x1f : (byte & 0x0f) == Z_DEFLATED;
}

/* Fails for a body that is of another kind than its Content-Encoding says. */
static enum sl_status refuse_coding(const struct sl_inflater *inflater, struct sl_error *error) {
  unsigned char byte = inflater->stream.next_in[0];
  bool gzip = inflater->coding == SL_CODING_GZIP;
  const char *remedy = byte == '{'                       ? "remove Content-Encoding"
                       : may_begin(SL_CODING_GZIP, byte) ? "send Content-Encoding: gzip"
                       : !gzip ? "raw deflate is not read: add the zlib header and checksum, or "
                                 "use gzip"
                       : byte == 0x78 ? "send Content-Encoding: deflate"
                                      : "compress the JSON with gzip";
  return sl_fail_at(error, SL_BAD_COMPRESSION, "", 0,
                    "the body: not %s as Content-Encoding says, it begins with the byte 0x%02x; %s",
                    gzip ? "gzip data" : "deflate data in zlib format (RFC 1950)", byte, remedy);
}

/* Looks at the first byte of a stream of compressed data. A body has one; of gzip it may have more,
 * one after the other. */
static enum sl_status begin_stream(struct sl_inflater *inflater, struct sl_error *error) {
  bool begins = may_begin(inflater->coding, inflater->stream.next_in[0]);
  if (inflater->state == AT_START && !begins) {
    return refuse_coding(inflater, error);
  }
  if (inflater->state == AFTER_STREAM && !(begins && inflater->coding == SL_CODING_GZIP)) {
    return sl_fail_at(error, SL_BAD_COMPRESSION, "", inflater->inflated,
                      "the body: bytes after the end of its %s data; remove them",
                      name_of(inflater));
  }
  inflateReset(&inflater->stream);
  inflater->state = IN_STREAM;
  return SL_OK;
}

static enum sl_status refuse_stream(const struct sl_inflater *inflater, int result,
                                    struct sl_error *error) {
  if (inflater->refusal.code != SL_OK) {
    *error = inflater->refusal;
    return error->code;
  }
  if (result == Z_MEM_ERROR) {
    return sl_fail(error, SL_OUT_OF_MEMORY, "not enough memory for this request; try again later");
  }
  const char *fault = result == Z_NEED_DICT          ? "it needs a preset dictionary"
                      : inflater->stream.msg != NULL ? inflater->stream.msg
                                                     : "invalid data";
  return sl_fail_at(error, SL_BAD_COMPRESSION, "", inflater->inflated,
                    "the body: its %s data is broken (%s); compress it again", name_of(inflater),
                    fault);
}

/* Inflates up to a piece. Ends early at the end of a stream, and before a fault, for which zlib
 * fails again. */
static enum sl_status fill_piece(struct sl_inflater *inflater, struct sl_error *error) {
  z_stream *stream = &inflater->stream;
  stream->next_out = inflater->piece;
  stream->avail_out = PIECE;
  int result = inflate(stream, Z_NO_FLUSH);
  inflater->taken = 0;
  inflater->length = PIECE - stream->avail_out;
  inflater->inflated += inflater->length;
  if (result == Z_STREAM_END) {
    inflater->state = AFTER_STREAM;
  } else if (result != Z_OK && result != Z_BUF_ERROR && inflater->length == 0) {
    return refuse_stream(inflater, result, error);
  }
  return inflater->inflated <= inflater->max_bytes
             ? SL_OK
             : sl_fail(
                   error, SL_BODY_TOO_LARGE,
                   "the inflated body is larger than the limit (body_bytes) of %ju" SL_SMALLER_BODY,
                   (uintmax_t)inflater->max_bytes);
}

/* Inflates until there is something to hand out, or all that was given is used up. */
static enum sl_status next_piece(struct sl_inflater *inflater, struct sl_error *error) {
  enum sl_status status = SL_OK;
  do {
    if (inflater->state != IN_STREAM && inflater->stream.avail_in > 0) {
      status = begin_stream(inflater, error);
    }
    if (status == SL_OK && inflater->state == IN_STREAM) {
      status = fill_piece(inflater, error);
    }
  } while (status == SL_OK && inflater->taken == inflater->length && inflater->stream.avail_in > 0);
  return status;
}

enum sl_status sl_inflater_next(struct sl_inflater *inflater, const char **bytes, size_t *length,
                                struct sl_error *error) {
  enum sl_status status = inflater->taken == inflater->length ? next_piece(inflater, error) : SL_OK;
  *bytes = (const char *)inflater->piece + inflater->taken;
  *length = inflater->length - inflater->taken;
  return status;
}

void sl_inflater_take(struct sl_inflater *inflater, size_t length) {
  inflater->taken += length;
}

enum sl_status sl_inflater_finish(const struct sl_inflater *inflater, struct sl_error *error) {
  return inflater->state == AFTER_STREAM
             ? SL_OK
             : sl_fail_at(error, SL_BAD_COMPRESSION, "", inflater->inflated,
                          "the body: ends before its %s data is complete; send all of it",
                          name_of(inflater));
}
