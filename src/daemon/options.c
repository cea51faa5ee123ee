#include "core/codes.h"
#include "daemon/config.h"
#include "http/auth/cors.h"
#include "net/address.h"
#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MEBI (UINT64_C(1) << 20)
#define GIBI (UINT64_C(1) << 30)
#define TEBI (UINT64_C(1) << 40)

static const char *const log_levels[] = {"error", "warning", "info", "debug", NULL};
static const char *const log_formats[] = {"logfmt", "json", NULL};
static const char *const access_lines[] = {"none", "failures", "all", NULL};
static const char *const instruction_sets[] = {"best", "scalar", "avx2", "avx512", "neon", NULL};

/* What follows name, default and help in a row of the table. */
#define MEMBER(member) .offset = offsetof(struct sl_config, member)
#define NUMERIC(row_kind, word, look, member, min, max)                                            \
  .kind = (row_kind), .placeholder = (word), .form = (look), MEMBER(member), .minimum = (min),     \
  .maximum = (max)
#define BYTES(...)                                                                                 \
  NUMERIC(SL_OPTION_BYTES, "SIZE", "a number with an optional KiB, MiB or GiB, like 512MiB",       \
          __VA_ARGS__)
#define COUNT(...)                                                                                 \
  NUMERIC(SL_OPTION_COUNT, "COUNT", "a number with an optional Ki, Mi or Gi, like 16Mi",           \
          __VA_ARGS__)
#define NUMBER(...) NUMERIC(SL_OPTION_NUMBER, "NUMBER", "a whole number", __VA_ARGS__)
#define MODE(...)   NUMERIC(SL_OPTION_MODE, "MODE", "a mode of octal digits like 0660", __VA_ARGS__)
#define CHOICE(member, list)                                                                       \
  .kind = SL_OPTION_CHOICE, .placeholder = "WORD", MEMBER(member), .words = (list)
#define TEXT(member, what) .kind = SL_OPTION_TEXT, .placeholder = (what), MEMBER(member)

const struct sl_option sl_options[] = {
    {"listen", "127.0.0.1:8080",
     "address to serve: IPv4:PORT, [IPv6]:PORT, NAME:PORT or unix:PATH; may be repeated; "
     "port 0 takes a free port",
     .kind = SL_OPTION_ADDRESSES, .placeholder = "ADDRESS"},
    {"threads", "0", "threads that serve; 0 is one for each core", NUMBER(server.threads, 0, 1024)},
    {"idle_seconds", "75", "close a connection on which no byte moves for this time",
     NUMBER(server.idle_seconds, 1, 86400)},
    {"header_seconds", "20", "close a connection whose headers take longer than this",
     NUMBER(server.header_seconds, 1, 86400)},
    {"request_seconds", "300",
     "close a connection whose request takes longer than this, answer included",
     NUMBER(server.request_seconds, 1, 86400)},
    {"connections", "0",
     "connections served at once; 0 is what open files and memory allow, up to 4096",
     COUNT(server.connections, 0, MEBI)},
    {"memory_bytes", "0",
     "memory for all requests together; 0 is three quarters of what the machine or the "
     "cgroup allows",
     BYTES(server.memory_bytes, 0, TEBI)},
    {"stop_delay_seconds", "0", "after SIGTERM, time in which new connections are still served",
     NUMBER(server.stop_delay_seconds, 0, 86400)},
    {"stop_seconds", "30", "after that, time for requests that have begun",
     NUMBER(server.stop_seconds, 0, 86400)},
    {"body_bytes", "1GiB", "largest request body", BYTES(server.limits.body_bytes, 1, TEBI)},
    {"pairs", "16Mi",
     "maximum of samples * neurons over all tensors of a request; each takes 8 to 32 bytes",
     COUNT(server.limits.pairs, 1, 64 * GIBI)},
    {"answer_bytes", "512MiB",
     "largest answer; a small request could order gigabytes of dense gradients",
     BYTES(server.limits.answer_bytes, 1, TEBI)},
    {"deferred_bytes", "64MiB", "memory for tensor data that comes before its shape and encoding",
     BYTES(server.limits.deferred_bytes, 0, TEBI)},
    {"unix_mode", "0600",
     "mode of the file of a Unix socket: users that may write to it may connect",
     MODE(server.unix_mode, 0, 0777)},
    {"tls_certificate", "none",
     "certificate for TLS on TCP listeners, with its intermediate certificates (PEM)",
     TEXT(server.tls.certificate, "FILE")},
    {"tls_key", "none", "private key of tls_certificate (PEM)", TEXT(server.tls.key, "FILE")},
    {"client_ca", "none", "require a client certificate signed by one of these authorities (PEM)",
     TEXT(server.tls.client_ca, "FILE")},
    {"token_file", "none",
     "require a bearer token of this file, which has one \"NAME TOKEN\" a line",
     TEXT(server.token_file, "FILE")},
    {"cors_origins", "none",
     "origins of web pages that may call from a browser, separated by commas",
     TEXT(server.cors_origins, "ORIGINS"), .is_ok = sl_origins_are_ok, .form = SL_ORIGINS_FORM},
    {"hosts", "none",
     "names of this server, besides localhost, for loopback without tokens; commas between "
     "them",
     TEXT(server.hosts, "NAMES"), .is_ok = sl_hosts_are_ok, .form = SL_HOSTS_FORM},
    {"log_level", "info", "least important messages that are written",
     CHOICE(log_level, log_levels)},
    {"log_format", "logfmt", "format of messages", CHOICE(log_format, log_formats)},
    {"access_log", "failures", "which requests get a line in the log",
     CHOICE(access_log, access_lines)},
    {"isa", "best", "instruction set of the hot loops; results are the same to the last bit",
     CHOICE(isa, instruction_sets)},
    {.name = NULL},
};

static_assert(sizeof sl_options / sizeof sl_options[0] <= SL_MAX_OPTIONS,
              "a config remembers a source for every option");

#define RETIRED(row_name, now)                                                                     \
  { .name = (row_name), .help = (now), .kind = SL_OPTION_RETIRED }

const struct sl_option sl_retired_options[] = {
    RETIRED("connection_memory", "each connection has a buffer of 128 KiB"),
    RETIRED("header_bytes", "a request line and its headers may have 16 KiB together"),
    RETIRED("connections_per_address",
            "one client address gets up to seven eighths of connections"),
    RETIRED("requests", "memory_bytes bounds what is computed at once"),
    RETIRED("drain_bytes", "a refused upload is read up to 64 MiB, or body_bytes if that is more"),
    RETIRED("drain_seconds", "a refused upload is read for up to request_seconds"),
    RETIRED("member_bytes", "a member that is not a tensor may have 4 MiB"),
    RETIRED("depth", "32 arrays and objects may be nested"),
    RETIRED("layers", "a list may have 1024 tensors"),
    RETIRED("unix_owner",
            "a Unix socket belongs to the user of the daemon; for a group, give its folder "
            "that group and the setgid bit, and set unix_mode"),
    RETIRED("log_rate",
            "access_log = all writes a line for every request, access_log = failures up to "
            "100 a second"),
    {.name = NULL},
};

/* Returns 1, 2^10, 2^20 or 2^30; 0 if this kind of option has no such suffix. */
static uint64_t suffix_factor(enum sl_option_kind kind, const char *suffix) {
  static const char letters[] = "KMG";
  if (suffix[0] == '\0') {
    return 1;
  }
  const char *letter = strchr(letters, suffix[0]);
  bool binary = letter != NULL && suffix[1] == 'i';
  bool ends =
      binary && (suffix[2] == '\0' || (kind == SL_OPTION_BYTES && strcmp(suffix + 2, "B") == 0));
  if (!ends || kind == SL_OPTION_NUMBER || kind == SL_OPTION_MODE) {
    return 0;
  }
  return UINT64_C(1) << (10 * (letter - letters + 1));
}

static void *member_of(struct sl_config *config, const struct sl_option *option) {
  return (char *)config + option->offset;
}

static bool set_number(struct sl_config *config, const struct sl_option *option, const char *text,
                       const char *where, struct sl_error *error) {
  bool is_mode = option->kind == SL_OPTION_MODE;
  char *end = NULL;
  errno = 0;
  uint64_t number = isdigit((unsigned char)text[0]) ? strtoull(text, &end, is_mode ? 8 : 10) : 0;
  uint64_t factor = end == NULL ? 0 : suffix_factor(option->kind, end);
  if (factor == 0) {
    return sl_cannot_start(error, "%s: \"%.80s\" is not %s", where, text, option->form);
  }
  bool too_large = errno == ERANGE || __builtin_mul_overflow(number, factor, &number);
  if (too_large || number < option->minimum || number > option->maximum) {
    return sl_cannot_start(error,
                           is_mode ? "%s: %.80s is outside its bounds %jo to 0%jo"
                                   : "%s: %.80s is outside its bounds %ju to %ju",
                           where, text, (uintmax_t)option->minimum, (uintmax_t)option->maximum);
  }
  *(uint64_t *)member_of(config, option) = number;
  return true;
}

static bool set_choice(struct sl_config *config, const struct sl_option *option, const char *text,
                       const char *where, struct sl_error *error) {
  char words[128] = "";
  size_t length = 0;
  for (size_t i = 0; option->words[i] != NULL; i++) {
    if (strcmp(option->words[i], text) == 0) {
      *(uint64_t *)member_of(config, option) = i;
      return true;
    }
    length += (size_t)snprintf(words + length, sizeof words - length, " %s", option->words[i]);
  }
  return sl_cannot_start(error, "%s: \"%.80s\" is not one of%s", where, text, words);
}

static bool set_text(struct sl_config *config, const struct sl_option *option, const char *text,
                     const char *where, struct sl_error *error) {
  char **slot = member_of(config, option);
  bool none = strcmp(text, "none") == 0;
  if (text[0] == '\0') {
    return sl_cannot_start(error, "%s: the value is empty, expected a text or none", where);
  }
  if (!none && option->is_ok != NULL && !option->is_ok(text)) {
    return sl_cannot_start(error, "%s: \"%.80s\" is not like %s", where, text, option->form);
  }
  free(*slot);
  *slot = none ? NULL : strdup(text);
  if (!none && *slot == NULL) {
    return sl_cannot_start(error, "%s: not enough memory for the configuration", where);
  }
  return true;
}

static bool add_address(struct sl_config *config, const char *text, const char *where,
                        struct sl_error *error) {
  size_t count = config->server.listen_count;
  if (!sl_address_is_ok(text)) {
    return sl_cannot_start(error, "%s: \"%.120s\" is not an address such as " SL_ADDRESS_FORMS,
                           where, text);
  }
  if (count == SL_MAX_LISTENERS) {
    return sl_cannot_start(error, "%s: there are more than %d addresses", where, SL_MAX_LISTENERS);
  }
  config->addresses[count] = strdup(text);
  if (config->addresses[count] == NULL) {
    return sl_cannot_start(error, "%s: not enough memory for the configuration", where);
  }
  config->server.listen_count++;
  return true;
}

bool sl_option_set(struct sl_config *config, const struct sl_option *option, const char *text,
                   const char *where, struct sl_error *error) {
  switch (option->kind) {
  case SL_OPTION_ADDRESSES:
    return add_address(config, text, where, error);
  case SL_OPTION_TEXT:
    return set_text(config, option, text, where, error);
  case SL_OPTION_CHOICE:
    return set_choice(config, option, text, where, error);
  default:
    return set_number(config, option, text, where, error);
  }
}
