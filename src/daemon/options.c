#include "daemon/options.h"

#include "core/codes.h"
#include "http/auth/cors.h"
#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KIBI (UINT64_C(1) << 10)
#define GIBI (UINT64_C(1) << 30)
#define TEBI (UINT64_C(1) << 40)

static const char *const log_levels[] = {"error", "warning", "info", "debug", NULL};
static const char *const log_formats[] = {"logfmt", "json", NULL};
static const char *const access_lines[] = {"none", "failures", "all", NULL};
static const char *const instruction_sets[] = {"best", "scalar", "avx2", "avx512", "neon", NULL};

#define AT(member)     offsetof(struct sl_config, member)
#define SERVER(member) offsetof(struct sl_config, server.member)

const struct sl_option sl_options[] = {
    {.name = "listen",
     .kind = SL_OPTION_ADDRESSES,
     .default_text = "127.0.0.1:8080",
     .help = "address to serve: IPv4:PORT, [IPv6]:PORT, NAME:PORT or unix:PATH; may be repeated; "
             "port 0 takes a free port"},
    {.name = "threads",
     .kind = SL_OPTION_NUMBER,
     .offset = SERVER(threads),
     .minimum = 0,
     .maximum = 1024,
     .default_text = "0",
     .help = "threads that serve; 0 is one for each core"},
    {.name = "idle_seconds",
     .kind = SL_OPTION_NUMBER,
     .offset = SERVER(idle_seconds),
     .minimum = 1,
     .maximum = 86400,
     .default_text = "75",
     .help = "close a connection on which no byte moves for this time"},
    {.name = "header_seconds",
     .kind = SL_OPTION_NUMBER,
     .offset = SERVER(header_seconds),
     .minimum = 1,
     .maximum = 86400,
     .default_text = "20",
     .help = "close a connection whose headers take longer than this"},
    {.name = "request_seconds",
     .kind = SL_OPTION_NUMBER,
     .offset = SERVER(request_seconds),
     .minimum = 1,
     .maximum = 86400,
     .default_text = "300",
     .help = "close a connection whose request takes longer than this, answer included"},
    {.name = "connections",
     .kind = SL_OPTION_COUNT,
     .offset = SERVER(connections),
     .minimum = 0,
     .maximum = KIBI * KIBI,
     .default_text = "0",
     .help = "connections served at once; 0 is what open files and memory allow, up to 4096"},
    {.name = "memory_bytes",
     .kind = SL_OPTION_BYTES,
     .offset = SERVER(memory_bytes),
     .minimum = 0,
     .maximum = TEBI,
     .default_text = "0",
     .help = "memory for all requests together; 0 is three quarters of what the machine or the "
             "cgroup allows"},
    {.name = "stop_delay_seconds",
     .kind = SL_OPTION_NUMBER,
     .offset = SERVER(stop_delay_seconds),
     .minimum = 0,
     .maximum = 86400,
     .default_text = "0",
     .help = "after SIGTERM, time in which new connections are still served"},
    {.name = "stop_seconds",
     .kind = SL_OPTION_NUMBER,
     .offset = SERVER(stop_seconds),
     .minimum = 0,
     .maximum = 86400,
     .default_text = "30",
     .help = "after that, time for requests that have begun"},
    {.name = "body_bytes",
     .kind = SL_OPTION_BYTES,
     .offset = SERVER(limits.body_bytes),
     .minimum = 1,
     .maximum = TEBI,
     .default_text = "1GiB",
     .help = "largest request body"},
    {.name = "pairs",
     .kind = SL_OPTION_COUNT,
     .offset = SERVER(limits.pairs),
     .minimum = 1,
     .maximum = 64 * GIBI,
     .default_text = "16Mi",
     .help =
         "maximum of samples * neurons over all tensors of a request; each takes 8 to 32 bytes"},
    {.name = "answer_bytes",
     .kind = SL_OPTION_BYTES,
     .offset = SERVER(limits.answer_bytes),
     .minimum = 1,
     .maximum = TEBI,
     .default_text = "512MiB",
     .help = "largest answer; a small request could order gigabytes of dense gradients"},
    {.name = "deferred_bytes",
     .kind = SL_OPTION_BYTES,
     .offset = SERVER(limits.deferred_bytes),
     .minimum = 0,
     .maximum = TEBI,
     .default_text = "64MiB",
     .help = "memory for tensor data that comes before its shape and encoding"},
    {.name = "unix_mode",
     .kind = SL_OPTION_MODE,
     .offset = SERVER(unix_mode),
     .minimum = 0,
     .maximum = 0777,
     .default_text = "0600",
     .help = "mode of the file of a Unix socket: users that may write to it may connect"},
    {.name = "tls_certificate",
     .kind = SL_OPTION_TEXT,
     .offset = SERVER(tls.certificate),
     .default_text = "none",
     .placeholder = "FILE",
     .help = "certificate for TLS on TCP listeners, with its intermediate certificates (PEM)"},
    {.name = "tls_key",
     .kind = SL_OPTION_TEXT,
     .offset = SERVER(tls.key),
     .default_text = "none",
     .placeholder = "FILE",
     .help = "private key of tls_certificate (PEM)"},
    {.name = "client_ca",
     .kind = SL_OPTION_TEXT,
     .offset = SERVER(tls.client_ca),
     .default_text = "none",
     .placeholder = "FILE",
     .help = "require a client certificate signed by one of these authorities (PEM)"},
    {.name = "token_file",
     .kind = SL_OPTION_TEXT,
     .offset = SERVER(token_file),
     .default_text = "none",
     .placeholder = "FILE",
     .help = "require a bearer token of this file, which has one \"NAME TOKEN\" a line"},
    {.name = "cors_origins",
     .kind = SL_OPTION_TEXT,
     .offset = SERVER(cors_origins),
     .is_ok = sl_origins_are_ok,
     .form = SL_ORIGINS_FORM,
     .default_text = "none",
     .placeholder = "ORIGINS",
     .help = "origins of web pages that may call from a browser, separated by commas"},
    {.name = "hosts",
     .kind = SL_OPTION_TEXT,
     .offset = SERVER(hosts),
     .is_ok = sl_hosts_are_ok,
     .form = SL_HOSTS_FORM,
     .default_text = "none",
     .placeholder = "NAMES",
     .help = "names of this server, beside localhost, for loopback without tokens; commas between "
             "them"},
    {.name = "log_level",
     .kind = SL_OPTION_CHOICE,
     .offset = AT(log_level),
     .words = log_levels,
     .default_text = "info",
     .help = "least important messages that are written"},
    {.name = "log_format",
     .kind = SL_OPTION_CHOICE,
     .offset = AT(log_format),
     .words = log_formats,
     .default_text = "logfmt",
     .help = "format of messages"},
    {.name = "access_log",
     .kind = SL_OPTION_CHOICE,
     .offset = AT(access_log),
     .words = access_lines,
     .default_text = "failures",
     .help = "which requests get a line in the log"},
    {.name = "isa",
     .kind = SL_OPTION_CHOICE,
     .offset = AT(isa),
     .words = instruction_sets,
     .default_text = "best",
     .help = "instruction set of the hot loops; results are the same to the last bit"},
    {.name = NULL},
};

static_assert(sizeof sl_options / sizeof sl_options[0] <= SL_MAX_OPTIONS,
              "a config remembers a source for every option");

/* Options that earlier versions had, and what holds now. */
static const struct sl_option retired_options[] = {
    {.name = "connection_memory",
     .kind = SL_OPTION_RETIRED,
     .help = "each connection has a buffer of 128 KiB"},
    {.name = "header_bytes",
     .kind = SL_OPTION_RETIRED,
     .help = "a request line and its headers may have 16 KiB together"},
    {.name = "connections_per_address",
     .kind = SL_OPTION_RETIRED,
     .help = "one client address gets up to seven eighths of connections"},
    {.name = "requests",
     .kind = SL_OPTION_RETIRED,
     .help = "memory_bytes bounds what is computed at once"},
    {.name = "drain_bytes",
     .kind = SL_OPTION_RETIRED,
     .help = "a refused upload is read up to 64 MiB, or body_bytes if that is more"},
    {.name = "drain_seconds",
     .kind = SL_OPTION_RETIRED,
     .help = "a refused upload is read for up to request_seconds"},
    {.name = "member_bytes",
     .kind = SL_OPTION_RETIRED,
     .help = "a member that is not a tensor may have 4 MiB"},
    {.name = "depth", .kind = SL_OPTION_RETIRED, .help = "32 arrays and objects may be nested"},
    {.name = "layers", .kind = SL_OPTION_RETIRED, .help = "a list may have 1024 tensors"},
    {.name = "unix_owner",
     .kind = SL_OPTION_RETIRED,
     .help = "a Unix socket belongs to the user of the daemon; for a group, give its folder "
             "that group and the setgid bit, and set unix_mode"},
    {.name = "log_rate",
     .kind = SL_OPTION_RETIRED,
     .help = "access_log = all writes a line for every request, access_log = failures up to "
             "100 a second"},
    {.name = NULL},
};

static const struct sl_option *find_in(const struct sl_option *options, const char *name) {
  for (const struct sl_option *option = options; option->name != NULL; option++) {
    if (strcmp(option->name, name) == 0) {
      return option;
    }
  }
  return NULL;
}

const struct sl_option *sl_option_find(const char *name) {
  const struct sl_option *option = find_in(sl_options, name);
  return option != NULL ? option : find_in(retired_options, name);
}

const char *sl_option_placeholder(const struct sl_option *option) {
  if (option->kind == SL_OPTION_TEXT) {
    return option->placeholder;
  }
  static const char *const placeholders[] = {
      [SL_OPTION_ADDRESSES] = "ADDRESS", [SL_OPTION_BYTES] = "SIZE", [SL_OPTION_COUNT] = "COUNT",
      [SL_OPTION_NUMBER] = "NUMBER",     [SL_OPTION_MODE] = "MODE",  [SL_OPTION_CHOICE] = "WORD",
  };
  return placeholders[option->kind];
}

/* 1, 2^10, 2^20 or 2^30; 0 if this kind of option has no such suffix. */
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

static bool read_option_number(const struct sl_option *option, const char *text, uint64_t *value,
                               struct sl_error *error) {
  static const char *const forms[] = {
      [SL_OPTION_BYTES] = "a number with an optional KiB, MiB or GiB",
      [SL_OPTION_COUNT] = "a number with an optional Ki, Mi or Gi",
      [SL_OPTION_NUMBER] = "a whole number",
      [SL_OPTION_MODE] = "a mode of octal digits like 0660",
  };
  char *end = NULL;
  errno = 0;
  unsigned long long number = isdigit((unsigned char)text[0])
                                  ? strtoull(text, &end, option->kind == SL_OPTION_MODE ? 8 : 10)
                                  : 0;
  uint64_t factor = end == NULL ? 0 : suffix_factor(option->kind, end);
  if (factor == 0) {
    sl_fail(error, SL_CANNOT_START, "\"%.80s\" is not %s", text, forms[option->kind]);
    return false;
  }
  uint64_t product;
  bool too_large = errno == ERANGE || __builtin_mul_overflow((uint64_t)number, factor, &product);
  if (too_large || product < option->minimum || product > option->maximum) {
    sl_fail(error, SL_CANNOT_START,
            option->kind == SL_OPTION_MODE ? "%.80s is outside its bounds %jo to 0%jo"
                                           : "%.80s is outside its bounds %ju to %ju",
            text, (uintmax_t)option->minimum, (uintmax_t)option->maximum);
    return false;
  }
  *value = product;
  return true;
}

static bool read_word(const struct sl_option *option, const char *text, uint64_t *value,
                      struct sl_error *error) {
  for (size_t i = 0; option->words[i] != NULL; i++) {
    if (strcmp(option->words[i], text) == 0) {
      *value = i;
      return true;
    }
  }
  char words[128] = "";
  for (size_t i = 0, length = 0; option->words[i] != NULL && length < sizeof words; i++) {
    length += (size_t)snprintf(words + length, sizeof words - length, " %s", option->words[i]);
  }
  sl_fail(error, SL_CANNOT_START, "\"%.80s\" is not one of%s", text, words);
  return false;
}

bool sl_option_read(const struct sl_option *option, const char *text, uint64_t *value,
                    struct sl_error *error) {
  return option->kind == SL_OPTION_CHOICE ? read_word(option, text, value, error)
                                          : read_option_number(option, text, value, error);
}
