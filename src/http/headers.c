#include "http/headers.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* The characters of a header name (RFC 9110, "token"). */
static bool is_token(const char *text) {
  static const char characters[] = "!#$%&'*+-.^_`|~0123456789"
                                   "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
  return text[0] != '\0' && text[strspn(text, characters)] == '\0';
}

static void note_content_length(struct sl_headers *headers, const char *value) {
  headers->content_lengths++;
  headers->content_length = strtoull(value, NULL, 10);
}

static void note_transfer_encoding(struct sl_headers *headers, const char *value) {
  headers->transfer_encodings++;
  headers->unknown_coding = headers->unknown_coding || strcasecmp(value, "chunked") != 0;
}

static enum MHD_Result note(void *closure, enum MHD_ValueKind kind, const char *name,
                            const char *value) {
  (void)kind;
  struct sl_headers *headers = closure;
  if (value == NULL) {
    value = "";
  }
  if (strcasecmp(name, "Host") == 0) {
    headers->hosts++;
    headers->host = value;
  } else if (strcasecmp(name, "Content-Type") == 0) {
    headers->content_type = value;
  } else if (strcasecmp(name, "Content-Length") == 0) {
    note_content_length(headers, value);
  } else if (strcasecmp(name, "Content-Encoding") == 0) {
    headers->content_encoding = value;
  } else if (strcasecmp(name, "Transfer-Encoding") == 0) {
    note_transfer_encoding(headers, value);
  } else if (strcasecmp(name, "Expect") == 0) {
    headers->wants_continue = strcasecmp(value, "100-continue") == 0;
  } else if (strcasecmp(name, "X-Request-Id") == 0) {
    headers->request_id = value;
  } else if (strcasecmp(name, "Traceparent") == 0) {
    headers->traceparent = headers->traceparent == NULL ? value : "";
  } else if (!is_token(name)) {
    headers->odd_name = true;
  }
  return MHD_YES;
}

void sl_headers_read(struct sl_headers *headers, struct MHD_Connection *connection) {
  *headers = (struct sl_headers){0};
  MHD_get_connection_values(connection, MHD_HEADER_KIND, note, headers);
}

enum sl_status sl_headers_check_framing(const struct sl_headers *headers, const char *version,
                                        struct sl_error *error) {
  bool http_1_1 = strcmp(version, MHD_HTTP_VERSION_1_0) != 0; /* or a later 1.x */
  if (headers->odd_name) {
    return sl_fail(error, SL_BAD_REQUEST, "a header name has a character that no name may have");
  }
  if (headers->content_lengths > 1) {
    return sl_fail(error, SL_BAD_REQUEST, "there are %u Content-Length headers, expected one",
                   headers->content_lengths);
  }
  if (headers->content_lengths > 0 && headers->transfer_encodings > 0) {
    return sl_fail(error, SL_BAD_REQUEST,
                   "Content-Length and Transfer-Encoding stand together, expected one of them");
  }
  if (headers->transfer_encodings > 1 || headers->unknown_coding) {
    return sl_fail(error, SL_BAD_REQUEST, "the only Transfer-Encoding understood is chunked");
  }
  if (headers->transfer_encodings > 0 && !http_1_1) {
    return sl_fail(error, SL_BAD_REQUEST, "Transfer-Encoding needs HTTP/1.1, this is %.16s",
                   version);
  }
  if (headers->hosts > 1) {
    return sl_fail(error, SL_BAD_REQUEST, "there are %u Host headers, expected one",
                   headers->hosts);
  }
  if (headers->hosts == 0 && http_1_1) {
    return sl_fail(error, SL_BAD_REQUEST, "HTTP/1.1 needs a Host header");
  }
  return SL_OK;
}

/* The media type without parameters is `wanted`, in any case. */
static bool media_type_is(const char *value, const char *wanted) {
  value += strspn(value, " \t");
  size_t length = strcspn(value, "; \t");
  return length == strlen(wanted) && strncasecmp(value, wanted, length) == 0;
}

enum sl_status sl_headers_check_content(const struct sl_headers *headers, struct sl_error *error) {
  const char *type = headers->content_type;
  const char *encoding = headers->content_encoding;
  if (type != NULL && media_type_is(type, "application/x-www-form-urlencoded")) {
    return sl_fail(error, SL_UNSUPPORTED_MEDIA_TYPE,
                   "the body says it is a form, expected JSON: "
                   "add -H 'Content-Type: application/json'");
  }
  if (type != NULL && type[0] != '\0' && !media_type_is(type, "application/json")) {
    return sl_fail(error, SL_UNSUPPORTED_MEDIA_TYPE,
                   "expected Content-Type application/json, got %.80s", type);
  }
  if (encoding != NULL && encoding[0] != '\0' && strcasecmp(encoding, "identity") != 0) {
    return sl_fail(error, SL_UNSUPPORTED_ENCODING,
                   "expected a body without Content-Encoding, got %.80s", encoding);
  }
  return SL_OK;
}
