/*
 * Changes for inputs of fuzz_http that know what a request is: new rows of requests of any make, a
 * header put in at the end of a line, or damage piece by piece; the rest goes to libFuzzer.
 */
#include "fuzz.h"
#include "support/append.h"
#include "support/compress.h"
#include "support/random_body.h"

#include <stdlib.h>
#include <string.h>

#define ANY(table, random) table[sl_random_below(random, sizeof table / sizeof *table)]

static const char *const targets[] = {
    "/",
    "/livez",
    "/readyz",
    "/metrics",
    "/openapi.json",
    "/v1/losses",
    "/v1/losses/firing_rate_target_mse_loss",
    "/v1/losses/balanced_population_mse",
    "/v1/losses/firing_rate_target_mse_loss?gradient=none",
    "/v1/losses/none",
    "*",
    "http://x/livez",
    "//",
    "/%2e/livez?a&b=c",
};

static const char *const headers[] = {
    "Host: x\r\n",
    "Content-Type: application/json\r\n",
    "Content-Type: application/json; charset=utf-8\r\n",
    "Content-Type: application/x-www-form-urlencoded\r\n",
    "Content-Encoding: gzip\r\n",
    "Content-Encoding: identity\r\n",
    "Content-Encoding: deflate\r\n",
    "Connection: close\r\n",
    "Connection: keep-alive, Upgrade\r\n",
    "Expect: 100-continue\r\n",
    "Expect: 200-ok\r\n",
    "Transfer-Encoding: chunked\r\n",
    "Transfer-Encoding: gzip, chunked\r\n",
    "Transfer-Encoding : chunked\r\n",
    "Content-Length: 0\r\n",
    "Content-Length: 5\r\n",
    "Content-Length: 4097\r\n",
    "Content-Length: 18446744073709551615\r\n",
    "Content-Length: 18446744073709551616\r\n",
    "Content-Length: -1\r\n",
    "X-Request-Id: fuzz\r\n",
    "X-Request-Id: \x01 \"\r\n",
    "Accept: */*\r\n",
    "Cookie: a=b; c=\"d\r\n",
    "Authorization: Bearer token\r\n",
    "Authorization: Basic \xff\r\n",
    "Origin: http://x\r\n",
    "Access-Control-Request-Method: POST\r\n",
    " folded\r\n",
    "X: \r\n",
    ": y\r\n",
    "z\r\n",
};

static void must(bool ok) {
  if (!ok) {
    abort();
  }
}

static void append_chunks(struct sl_buffer *text, const struct sl_buffer *body,
                          struct sl_random *random) {
  for (size_t at = 0; at < body->length;) {
    size_t left = body->length - at;
    size_t length = 1 + sl_random_below(random, left);
    must(sl_buffer_append_format(text, sl_random_one_in(random, 8) ? "%zX;a=b\r\n" : "%zx\r\n",
                                 length) &&
         sl_buffer_append(text, body->bytes + at, length) && sl_buffer_append_text(text, "\r\n"));
    at += length;
  }
  must(
      sl_buffer_append_text(text, sl_random_one_in(random, 8) ? "0\r\nX: y\r\n\r\n" : "0\r\n\r\n"));
}

static void append_some_headers(struct sl_buffer *text, struct sl_random *random) {
  for (size_t count = sl_random_below(random, 4); count > 0; count--) {
    must(sl_buffer_append_text(text, ANY(headers, random)));
  }
}

static void append_compressed(struct sl_buffer *text, enum sl_format format, const char *bytes,
                              size_t length) {
  struct sl_compressed compressed = sl_compress(format, bytes, length);
  must(sl_buffer_append(text, compressed.bytes, compressed.length));
  sl_compressed_free(&compressed);
}

/* Compresses a body, sometimes in two gzip members, sometimes one that is too large, and damages
 * the result sometimes. Returns the header that says so. */
static const char *compress_body(struct sl_buffer *body, struct sl_random *random) {
  enum { MORE_THAN_THE_LIMIT = 5000 };
  bool gzip = !sl_random_one_in(random, 4);
  enum sl_format format = gzip ? SL_FORMAT_GZIP : SL_FORMAT_ZLIB;
  struct sl_buffer compressed = {0};
  if (sl_random_one_in(random, 8)) {
    must(sl_buffer_reserve(body, MORE_THAN_THE_LIMIT));
    memset(body->bytes + body->length, ' ', MORE_THAN_THE_LIMIT);
    body->length += MORE_THAN_THE_LIMIT;
  }
  size_t first = sl_random_one_in(random, 4) ? sl_random_below(random, body->length + 1) : 0;
  if (first > 0) {
    append_compressed(&compressed, format, body->bytes, first);
  }
  append_compressed(&compressed, format, body->bytes + first, body->length - first);
  if (sl_random_one_in(random, 3)) {
    sl_damage_body(&compressed, random);
  }
  sl_buffer_free(body);
  *body = compressed;
  return gzip ? "Content-Encoding: gzip\r\n" : "Content-Encoding: deflate\r\n";
}

static void append_post(struct sl_buffer *text, struct sl_random *random) {
  struct sl_writer writer = sl_random_writer(random);
  const char *loss = sl_write_random_body(&writer, random);
  if (sl_random_one_in(random, 3)) {
    sl_damage_body(&writer.text, random);
  }
  must(sl_buffer_append_format(text, "POST /v1/losses/%s HTTP/1.1\r\nHost: x\r\n", loss));
  if (sl_random_one_in(random, 3)) {
    must(sl_buffer_append_text(text, compress_body(&writer.text, random)));
  }
  if (sl_random_one_in(random, 3)) {
    append_some_headers(text, random);
  }
  if (sl_random_one_in(random, 2)) {
    must(sl_buffer_append_format(text, "Content-Length: %zu\r\n\r\n", writer.text.length) &&
         sl_buffer_append(text, writer.text.bytes, writer.text.length));
  } else {
    must(sl_buffer_append_text(text, "Transfer-Encoding: chunked\r\n\r\n"));
    append_chunks(text, &writer.text, random);
  }
  sl_writer_free(&writer);
}

static void append_any_request(struct sl_buffer *text, struct sl_random *random) {
  static const char *const methods[] = {"GET",   "GET",     "HEAD",  "POST",    "PUT", "DELETE",
                                        "TRACE", "OPTIONS", "PATCH", "CONNECT", "get", "\xff"};
  static const char *const versions[] = {"HTTP/1.1", "HTTP/1.1", "HTTP/1.0",
                                         "HTTP/1.2", "HTTP/2.0", ""};
  must(sl_buffer_append_format(text, "%s %s %s\r\n", ANY(methods, random), ANY(targets, random),
                               ANY(versions, random)));
  must(sl_random_one_in(random, 4) || sl_buffer_append_text(text, "Host: x\r\n"));
  append_some_headers(text, random);
  must(sl_buffer_append_text(text, "\r\n"));
}

static void append_requests(struct sl_buffer *text, struct sl_random *random) {
  for (size_t count = 1 + sl_random_below(random, 3); count > 0; count--) {
    if (sl_random_one_in(random, 2)) {
      append_post(text, random);
    } else {
      append_any_request(text, random);
    }
  }
}

/* After the end of some line. */
static void insert_header(struct sl_buffer *text, struct sl_random *random) {
  const char *header = ANY(headers, random);
  size_t length = strlen(header);
  size_t from = sl_random_below(random, text->length);
  const char *line_end = memchr(text->bytes + from, '\n', text->length - from);
  size_t at = line_end == NULL ? text->length : (size_t)(line_end - text->bytes) + 1;
  must(sl_buffer_reserve(text, length));
  memmove(text->bytes + at + length, text->bytes + at, text->length - at);
  memcpy(text->bytes + at, header, length);
  text->length += length;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t space, unsigned seed) {
  struct sl_random random = {UINT64_C(0x9E3779B97F4A7C15) ^ (uint64_t)seed << 1};
  size_t dice = sl_random_below(&random, 16);
  struct sl_buffer text = {0};
  if (dice >= 9 && size > 1) {
    return LLVMFuzzerMutate(data, size, space);
  }
  if (size > 1) {
    must(sl_buffer_append(&text, data + 1, size - 1));
  }
  if (dice < 3 || text.length == 0) {
    text.length = dice == 0 ? text.length : 0;
    append_requests(&text, &random);
  } else if (dice < 6) {
    insert_header(&text, &random);
  } else {
    sl_damage_body(&text, &random);
  }
  size_t length = text.length < space - 1 ? text.length : space - 1;
  data[0] = (uint8_t)sl_random_next(&random);
  if (length > 0) {
    memcpy(data + 1, text.bytes, length);
  }
  sl_buffer_free(&text);
  return 1 + length;
}
