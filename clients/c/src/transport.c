#include "transport.h"
#include "failure.h"
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

struct transport {
  CURL *curl;
  struct curl_slist *headers;
  char *url;  /* as the program gave it */
  char *base; /* without a slash at the end */
  double timeout_seconds;
  unsigned int retries;
  const char *fault; /* why nothing can be sent at all, or NULL */
  FILE *body;        /* of the answer that is being received */
  size_t body_left;  /* how many bytes of it are still accepted, and of its headers */
  size_t headers_left;
  bool compressed; /* which was not asked for */
  char reason[CURL_ERROR_SIZE];
};

static const double FIRST_PAUSE = 0.1;
static const double LONGEST_PAUSE = 5;
enum { MAX_HEADER_BYTES = 65536 };

static bool ends_with(const char *text, const char *end) {
  size_t length = strlen(text), end_length = strlen(end);
  return length >= end_length && strcasecmp(text + length - end_length, end) == 0;
}

static bool is_loopback_host(const char *host) {
  return strcasecmp(host, "localhost") == 0 || ends_with(host, ".localhost") ||
         strcmp(host, "[::1]") == 0 ||
         (strncmp(host, "127.", 4) == 0 && strspn(host, "0123456789.") == strlen(host));
}

/* Whether a URL leads to this machine. */
static bool is_loopback(const char *url) {
  CURLU *parts = curl_url();
  char *host = NULL;
  bool loopback = parts != NULL && curl_url_set(parts, CURLUPART_URL, url, 0) == CURLUE_OK &&
                  curl_url_get(parts, CURLUPART_HOST, &host, 0) == CURLUE_OK &&
                  is_loopback_host(host);
  curl_free(host);
  curl_url_cleanup(parts);
  return loopback;
}

static bool is_address(const char *url) {
  return strncmp(url, "http://", 7) == 0 || strncmp(url, "https://", 8) == 0 ||
         (strncmp(url, "unix:", 5) == 0 && url[5] != '\0');
}

/* An empty name of a proxy says that there is none, whatever the environment says. */
static bool set_base(struct transport *transport, const char *url) {
  CURL *curl = transport->curl;
  transport->url = strdup(url);
  if (strncmp(url, "unix:", 5) == 0) {
    transport->base = strdup("http://localhost");
    return curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, url + 5) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_PROXY, "") == CURLE_OK && transport->url != NULL &&
           transport->base != NULL;
  }
  size_t length = strlen(url);
  while (length > 0 && url[length - 1] == '/') {
    length--;
  }
  transport->base = strndup(url, length);
  return (!is_loopback(url) || curl_easy_setopt(curl, CURLOPT_PROXY, "") == CURLE_OK) &&
         transport->url != NULL && transport->base != NULL;
}

static bool add_header(struct transport *transport, const char *header) {
  struct curl_slist *headers = curl_slist_append(transport->headers, header);
  if (headers == NULL) {
    return false;
  }
  transport->headers = headers;
  return true;
}

/* A line end, as a token from a file may have, would end the header and begin another one. */
static bool fits_into_a_header(const char *token) {
  for (; *token != '\0'; token++) {
    if ((unsigned char)*token < ' ' || *token == '\x7f') {
      return false;
    }
  }
  return true;
}

static bool add_headers(struct transport *transport, const char *token) {
  if (!add_header(transport, "Content-Type: application/json")) {
    return false;
  }
  char *authorization = NULL;
  if (token != NULL && !fits_into_a_header(token)) {
    transport->fault = "the token has a line end or another control character";
  }
  if (token == NULL || transport->fault != NULL) {
    return true;
  }
  if (asprintf(&authorization, "Authorization: Bearer %s", token) < 0) {
    return false;
  }
  bool added = add_header(transport, authorization);
  free(authorization);
  return added;
}

static bool set_text(CURL *curl, CURLoption option, const char *text) {
  return text == NULL || curl_easy_setopt(curl, option, text) == CURLE_OK;
}

/* Less than what came ends the transfer. */
static size_t take_body(char *bytes, size_t size, size_t count, void *argument) {
  struct transport *transport = argument;
  if (count > transport->body_left) {
    transport->body_left = 0;
    return 0;
  }
  transport->body_left -= count;
  return fwrite(bytes, size, count, transport->body);
}

static bool is_compressed(const char *line, size_t length) {
  static const char name[] = "Content-Encoding:", plain[] = "identity";
  const size_t start = sizeof name - 1;
  if (length < start || strncasecmp(line, name, start) != 0) {
    return false;
  }
  size_t blanks = strspn(line + start, " \t"); /* ends at the end of the line */
  return strncasecmp(line + start + blanks, plain, sizeof plain - 1) != 0;
}

static size_t take_header(char *line, size_t size, size_t count, void *argument) {
  struct transport *transport = argument;
  (void)size;
  transport->compressed = transport->compressed || is_compressed(line, count);
  transport->headers_left -= count < transport->headers_left ? count : transport->headers_left;
  return transport->headers_left > 0 ? count : 0;
}

static bool set_options(struct transport *transport, const struct spikeloss_options *options) {
  CURL *curl = transport->curl;
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, transport->headers);
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, transport);
  curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_header);
  curl_easy_setopt(curl, CURLOPT_HEADERDATA, transport);
  curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, transport->reason);
  return set_text(curl, CURLOPT_CAINFO, options->ca_file) &&
         set_text(curl, CURLOPT_SSLCERT, options->certificate_file) &&
         set_text(curl, CURLOPT_SSLKEY, options->key_file);
}

struct transport *slc_transport_new(const char *url, const struct spikeloss_options *options) {
  struct transport *transport = calloc(1, sizeof *transport);
  if (transport == NULL) {
    return NULL;
  }
  transport->timeout_seconds = options->timeout_seconds;
  transport->retries = options->retries;
  if (url == NULL || !is_address(url)) {
    transport->fault = "the address is not http://HOST:PORT, https://HOST:PORT or unix:PATH";
  }
  transport->curl = curl_easy_init();
  if (transport->curl != NULL && set_base(transport, url != NULL ? url : "") &&
      add_headers(transport, options->token) && set_options(transport, options)) {
    return transport;
  }
  slc_transport_free(transport);
  return NULL;
}

void slc_transport_free(struct transport *transport) {
  curl_easy_cleanup(transport->curl);
  curl_slist_free_all(transport->headers);
  free(transport->url);
  free(transport->base);
  free(transport);
}

void slc_answer_free(struct answer *answer) {
  free(answer->body);
  *answer = (struct answer){0};
}

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

static void wait_for(double seconds) {
  struct timespec time = {.tv_sec = (time_t)seconds};
  time.tv_nsec = (long)((seconds - (double)time.tv_sec) * 1e9);
  while (nanosleep(&time, &time) != 0) {
  }
}

/*
 * Doubles with each attempt, and varies at random (by the last digits of the clock), so that
 * programs that lost the same service do not return at the same moment.
 */
static double pause_after(unsigned int attempt) {
  double pause = FIRST_PAUSE;
  for (unsigned int i = 1; i < attempt && pause < LONGEST_PAUSE; i++) {
    pause *= 2;
  }
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  double share = 0.75 + (double)(time.tv_nsec % 1000) / 4000;
  return share * (pause < LONGEST_PAUSE ? pause : LONGEST_PAUSE);
}

static bool set_url(struct transport *transport, const char *loss) {
  bool set = false;
  char *url = NULL;
  char *name = curl_easy_escape(transport->curl, loss, 0);
  if (name != NULL && asprintf(&url, "%s/v1/losses/%s", transport->base, name) >= 0) {
    set = curl_easy_setopt(transport->curl, CURLOPT_URL, url) == CURLE_OK;
    free(url);
  }
  curl_free(name);
  return set;
}

/* A time limit for libcurl: 0 would mean none, and very long ones would overflow. */
static long milliseconds(double seconds) {
  const double most = 1e9;
  double limit = seconds * 1000 + 1;
  return limit < 1 ? 1 : limit < most ? (long)limit : (long)most;
}

/*
 * One attempt. Of an error only the status is left if its body is too long: what is not from the
 * service explains nothing.
 */
static CURLcode post(struct transport *transport, double seconds, size_t limit,
                     struct answer *answer) {
  CURL *curl = transport->curl;
  slc_answer_free(answer);
  transport->body = open_memstream(&answer->body, &answer->length);
  if (transport->body == NULL) {
    return CURLE_OUT_OF_MEMORY;
  }
  transport->body_left = limit;
  transport->headers_left = MAX_HEADER_BYTES;
  transport->compressed = false;
  transport->reason[0] = '\0';
  curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, milliseconds(seconds));
  CURLcode code = curl_easy_perform(curl);
  if (fclose(transport->body) != 0) {
    code = CURLE_OUT_OF_MEMORY;
  }
  answer->url = transport->url;
  answer->compressed = transport->compressed;
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &answer->status);
  curl_easy_getinfo(curl, CURLINFO_REDIRECT_URL, &answer->location);
  return code == CURLE_WRITE_ERROR && answer->status >= 400 ? CURLE_OK : code;
}

/* Whether the failure may be gone at the next attempt. */
static bool may_pass(CURLcode code, long status) {
  switch (code) {
  case CURLE_OK:
    return status == 502 || status == 503 || status == 504;
  case CURLE_COULDNT_RESOLVE_HOST:
  case CURLE_COULDNT_CONNECT:
  case CURLE_SSL_CONNECT_ERROR:
  case CURLE_SEND_ERROR:
  case CURLE_RECV_ERROR:
  case CURLE_GOT_NOTHING:
  case CURLE_PARTIAL_FILE:
    return true;
  default:
    return false;
  }
}

static enum spikeloss_status status_of(CURLcode code) {
  return code == CURLE_OPERATION_TIMEDOUT ? SPIKELOSS_TIMEOUT
         : code == CURLE_OUT_OF_MEMORY    ? SPIKELOSS_OUT_OF_MEMORY
         : code == CURLE_WRITE_ERROR      ? SPIKELOSS_BAD_ANSWER
                                          : SPIKELOSS_UNREACHABLE;
}

/* For Unix sockets libcurl speaks of a port of localhost. */
static bool report(const struct transport *transport, CURLcode code,
                   struct spikeloss_error *error) {
  char detail[sizeof error->detail];
  long number = 0;
  const char *reason = transport->reason[0] != '\0' ? transport->reason : curl_easy_strerror(code);
  curl_easy_getinfo(transport->curl, CURLINFO_OS_ERRNO, &number);
  if (code == CURLE_WRITE_ERROR) {
    reason = "the answer is not one of spikelossd: longer than any answer to this request";
  } else if (code == CURLE_COULDNT_CONNECT && strncmp(transport->url, "unix:", 5) == 0) {
    reason = strerror((int)number);
  }
  snprintf(detail, sizeof detail, "%s: %s", transport->url, reason);
  slc_failure_set(error, status_of(code), -1, detail);
  return code == CURLE_OK;
}

bool slc_transport_post(struct transport *transport, const char *loss,
                        const struct request *request, struct answer *answer,
                        struct spikeloss_error *error) {
  double deadline = now() + transport->timeout_seconds;
  if (transport->fault != NULL) {
    slc_failure_set(error, SPIKELOSS_UNREACHABLE, -1, transport->fault);
    return false;
  }
  if (!set_url(transport, loss)) {
    return report(transport, CURLE_OUT_OF_MEMORY, error);
  }
  curl_easy_setopt(transport->curl, CURLOPT_POSTFIELDS, request->body);
  curl_easy_setopt(transport->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->length);
  for (unsigned int attempt = 1;; attempt++) {
    CURLcode code = post(transport, deadline - now(), request->answer_limit, answer);
    if (!may_pass(code, answer->status) || attempt > transport->retries) {
      return code == CURLE_OK || report(transport, code, error);
    }
    curl_off_t retry_after = 0;
    curl_easy_getinfo(transport->curl, CURLINFO_RETRY_AFTER, &retry_after);
    double pause = pause_after(attempt);
    pause = pause < (double)retry_after ? (double)retry_after : pause;
    if (now() + pause >= deadline) { /* an answer is better than a timeout */
      return code == CURLE_OK || report(transport, CURLE_OPERATION_TIMEDOUT, error);
    }
    wait_for(pause);
  }
}
