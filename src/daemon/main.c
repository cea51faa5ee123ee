#include "core/codes.h"
#include "daemon/config.h"
#include "daemon/healthcheck.h"
#include "daemon/log.h"
#include "daemon/system.h"
#include "http/handlers/handlers.h"
#include "http/server.h"
#include "kernels/kernels.h"
#include "net/address.h"
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <sysexits.h>
#include <unistd.h>

/* Passes on one sentence to the operator. */
typedef void tell_function(void *closure, const char *sentence);

/* The daemon while it serves. */
struct daemon {
  int count; /* of the command line's arguments, as main got them */
  char *const *arguments;
  const struct sl_config *config;
  struct sl_server_options options;
  struct sl_server *server;
  struct sl_log log;
};

/* Threads that start after this leave these signals to the main thread, which waits for them. */
static sigset_t hold_signals(void) {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGHUP);
  sigaddset(&signals, SIGALRM);
  pthread_sigmask(SIG_BLOCK, &signals, NULL);
  return signals;
}

/* Reads again what may change while the daemon serves. What cannot be read is logged and stays as
 * it was. */
static void reload(struct daemon *daemon) {
  struct sl_error errors[] = {SL_NO_ERROR, SL_NO_ERROR, SL_NO_ERROR};
  struct sl_config config;
  /* The level is what flags, variables and the file say now; the file alone can have changed. */
  if (sl_config_read(&config, daemon->count, daemon->arguments, environ, &errors[0])) {
    daemon->log.level = (enum sl_log_level)config.log_level;
  }
  sl_config_free(&config);
  sl_server_reload_certificates(daemon->server, &errors[1]);
  sl_server_reload_tokens(daemon->server, &errors[2]);
  bool ok = true;
  for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++) {
    if (errors[i].code != SL_OK) {
      sl_log(&daemon->log, SL_LOG_ERROR, "SIGHUP: %s; the previous values stay in force",
             errors[i].message);
      ok = false;
    }
  }
  if (ok) {
    sl_log(&daemon->log, SL_LOG_INFO,
           "SIGHUP: tokens, certificates and log level have been read again");
  }
}

/* Asks for SIGALRM, four times in each interval of systemd's watchdog. Without one, for none. */
static void start_watchdog(void) {
  const uint64_t tick = sl_systemd_watchdog() / 4;
  const struct timeval period = {.tv_sec = (time_t)(tick / 1000000),
                                 .tv_usec = (suseconds_t)(tick % 1000000)};
  const struct itimerval timer = {.it_interval = period, .it_value = period};
  setitimer(ITIMER_REAL, &timer, NULL);
}

/* The first signal stops in good order; from then on another one ends the process at once. Until
 * it comes, SIGHUP reloads, and SIGALRM tells systemd that no thread hangs, if none does. */
static int wait_for_stop_signal(struct daemon *daemon, sigset_t signals) {
  int signal_number = 0;
  start_watchdog();
  while (sigwait(&signals, &signal_number) == 0 &&
         (signal_number == SIGHUP || signal_number == SIGALRM)) {
    if (signal_number == SIGHUP) {
      reload(daemon);
    } else if (sl_server_responds(daemon->server)) {
      sl_systemd_tell("WATCHDOG=1");
    }
  }
  sigdelset(&signals, SIGHUP);
  sigdelset(&signals, SIGALRM);
  pthread_sigmask(SIG_UNBLOCK, &signals, NULL);
  return signal_number;
}

static void log_warning(void *closure, const char *sentence) {
  sl_log(closure, SL_LOG_WARNING, "%s", sentence);
}

static void log_sentence(void *closure, const char *sentence) {
  sl_log(closure, SL_LOG_INFO, "%s", sentence);
}

/* A configuration of an earlier version still starts the server. */
static void tell_of_retired(const struct sl_config *config, tell_function *tell, void *closure) {
  char sentence[256];
  for (size_t i = 0; i < config->retired_count; i++) {
    const struct sl_option *option = config->retired[i];
    snprintf(sentence, sizeof sentence, "%s is no longer an option: %s; remove it", option->name,
             option->help);
    tell(closure, sentence);
  }
}

static void announce_server(struct daemon *daemon) {
  struct sl_log *log = &daemon->log;
  const struct sl_server *server = daemon->server;
  /* No authentication is right on loopback, and where the network is closed. */
  const char *exposed = sl_server_exposed_address(server);
  if (exposed != NULL) {
    sl_log(log, SL_LOG_WARNING,
           "%s: every client that reaches this address may use the server; set token_file or "
           "client_ca, or listen on 127.0.0.1 only",
           exposed);
  }
  sl_server_tell_conflicts(&daemon->options, log_warning, log);
  for (size_t i = 0; i < daemon->options.listen_count; i++) {
    const char *address = sl_server_address(server, i);
    const char *scheme = sl_address_is_unix(address)         ? ""
                         : sl_server_is_encrypted(server, i) ? "https://"
                                                             : "http://";
    sl_log_announce(log->format, SL_LOG_INFO, "spikelossd " SPIKELOSSD_VERSION " listening on %s%s",
                    scheme, address);
  }
  tell_of_retired(daemon->config, log_warning, log);
  sl_systemd_tell("READY=1");
  sl_log(log, SL_LOG_DEBUG, "the hot loops use %s", sl_kernels_name());
  sl_log(log, SL_LOG_DEBUG, "%ju connections are served at once (connections)",
         (uintmax_t)daemon->options.connections);
  sl_log(log, SL_LOG_DEBUG, "all requests together may take %ju bytes of memory (memory_bytes)",
         (uintmax_t)daemon->options.memory_bytes);
}

/*
 * What a request of usual size gives back stays with its thread for the next one. By default the C
 * library returns everything beyond a few hundred kilobytes to the system, and every request would
 * pay for getting it again, page by page: for a batch of 128,000 pairs more than for the loss. Two
 * such batches that are answered at once hold some 12 MiB.
 *
 * All threads together keep a small part of what requests may take. And where that is little, they
 * share their arenas: what one of them has freed between two pieces that are in use is then there
 * for all others, instead of once more for each.
 */
static void keep_freed_memory(uint64_t memory_bytes, size_t threads) {
#ifdef __GLIBC__
  const uint64_t min_kept = UINT64_C(128) << 10;
  const uint64_t max_kept = UINT64_C(32) << 20;
  const uint64_t largest_arena = UINT64_C(64) << 20; /* of one part */
  uint64_t kept = memory_bytes / 16 / threads;
  kept = kept < min_kept ? min_kept : kept > max_kept ? max_kept : kept;
  mallopt(M_MMAP_THRESHOLD, (int)(kept / 2)); /* larger pieces come and go one by one */
  mallopt(M_TRIM_THRESHOLD, (int)kept);       /* what a thread keeps at most */
  uint64_t arenas = memory_bytes / largest_arena;
  if (arenas < threads) {
    mallopt(M_ARENA_MAX, arenas > 1 ? (int)arenas : 1);
  }
#else
  (void)memory_bytes;
  (void)threads;
#endif
}

/* Not knowing a limit is not a reason to have none. */
static void find_memory(struct sl_server_options *options, tell_function *tell, void *closure) {
  if (options->memory_bytes != 0) {
    return;
  }
  uint64_t system = sl_system_memory("", sl_machine_memory());
  if (system == 0) {
    system = SL_UNKNOWN_MEMORY;
    tell(closure, "memory_bytes: neither the kernel nor a cgroup says how much memory there is, so "
                  "512 MiB are assumed; set memory_bytes");
  }
  options->memory_bytes = sl_memory_for_requests(system, sl_server_threads(options));
}

/*
 * Every connection is an open file. The soft limit of many systems, 1024, is for programs that use
 * select(2); the hard limit is what they allow. More than 4096 clients of one daemon are
 * more often a mistake than intended, and each may cost a buffer.
 */
static void find_connections(struct sl_server_options *options) {
  const uint64_t max_connections = 4096;
  const uint64_t others = sl_server_other_files(options);
  uint64_t files = sl_descriptors_raise_limit();
  if (options->connections == 0) {
    uint64_t left = files > others ? files - others : 1;
    options->connections = left < max_connections ? left : max_connections;
    options->connections = sl_server_connections(options);
  }
}

static bool serve_until_signal(struct daemon *daemon, sigset_t signals, struct sl_error *error) {
  struct sl_server_options *options = &daemon->options;
  struct sl_log *log = &daemon->log;
  options->find_route = sl_route_find;
  options->tell = log_sentence;
  options->tell_closure = log;
  options->report = log->access == SL_ACCESS_NONE ? NULL : sl_log_request;
  options->report_closure = log;
  if (!sl_systemd_take_sockets(options, error)) {
    return false;
  }
  find_memory(options, log_warning, log);
  find_connections(options);
  keep_freed_memory(options->memory_bytes, sl_server_threads(options));
  daemon->server = sl_server_start(options, error);
  if (daemon->server == NULL) {
    return false;
  }
  announce_server(daemon);

  int signal_number = wait_for_stop_signal(daemon, signals);
  sl_systemd_tell("STOPPING=1");
  sl_server_drain(daemon->server);
  sl_log(log, SL_LOG_INFO, "%s: requests in flight finish, then the server stops",
         strsignal(signal_number));
  sl_server_stop(daemon->server);
  sl_log_tell_dropped(log);
  sl_log(log, SL_LOG_INFO, "the server has stopped");
  return true;
}

static bool serve(const struct sl_config *config, int count, char *const *arguments,
                  struct sl_error *error) {
  struct daemon daemon = {.count = count,
                          .arguments = arguments,
                          .config = config,
                          .options = sl_config_server(config),
                          .log = {.level = (enum sl_log_level)config->log_level,
                                  .format = (enum sl_log_format)config->log_format,
                                  .access = (enum sl_access_lines)config->access_log}};
  sigset_t signals = hold_signals();
  if (!sl_log_start()) {
    return sl_cannot_start(error, "cannot start a thread for the log");
  }
  struct sl_error reason = SL_NO_ERROR;
  bool ok = serve_until_signal(&daemon, signals, &reason);
  if (!ok) {
    sl_log_announce(daemon.log.format, SL_LOG_ERROR, "spikelossd: %s", reason.message);
  }
  sl_log_stop();
  return ok;
}

static bool print_help(void) {
  char *help = sl_config_help();
  bool printed = help != NULL && fputs(help, stdout) >= 0 && fflush(stdout) == 0;
  free(help);
  return printed;
}

static void announce_warning(void *closure, const char *sentence) {
  (void)closure;
  sl_log_announce(SL_LOG_LOGFMT, SL_LOG_WARNING, "spikelossd: %s", sentence);
}

static bool check_configuration(const struct sl_config *config, struct sl_error *error) {
  struct sl_server_options options = sl_config_server(config);
  if (!sl_server_check(&options, error)) {
    return false;
  }
  find_memory(&options, announce_warning, NULL);
  sl_server_tell_conflicts(&options, announce_warning, NULL);
  tell_of_retired(config, announce_warning, NULL);
  printf("the configuration is valid\n");
  return true;
}

static bool check_health(const struct sl_config *config, struct sl_error *error) {
  const char *address = sl_healthcheck(config, error);
  if (address != NULL) {
    printf("%s is ready\n", address);
  }
  return address != NULL;
}

static bool choose_kernels(const struct sl_config *config, struct sl_error *error) {
  const char *isa = sl_config_isa(config);
  return sl_kernels_choose(isa) ||
         sl_cannot_start(error, "isa: this processor or this build has no %s", isa);
}

static bool run_command(const struct sl_config *config, int count, char *const *arguments,
                        struct sl_error *error) {
  switch (config->command) {
  case SL_COMMAND_HELP:
    return print_help();
  case SL_COMMAND_VERSION:
    printf("spikelossd " SPIKELOSSD_VERSION " (%s)\n", sl_kernels_name());
    return true;
  case SL_COMMAND_CHECK:
    return check_configuration(config, error);
  case SL_COMMAND_HEALTHCHECK:
    return check_health(config, error);
  default:
    return serve(config, count, arguments, error);
  }
}

/* Returns the exit code of a command that has failed: EX_CONFIG where the configuration is the
 * reason, so that a supervisor can tell it from an address in use. */
static int failure_of(const struct sl_config *config, bool configured) {
  struct sl_server_options options = sl_config_server(config);
  struct sl_error error = SL_NO_ERROR;
  bool asks = config->command == SL_COMMAND_HEALTHCHECK; /* ends with 0 or 1 */
  bool usable = asks || (configured && sl_server_check(&options, &error));
  return usable ? EXIT_FAILURE : EX_CONFIG;
}

int main(int count, char **arguments) {
  struct sl_config config;
  struct sl_error error = SL_NO_ERROR;

  sl_descriptors_open_missing();
  sl_log_find_journal();
  signal(SIGPIPE, SIG_IGN); /* a write that fails is counted by the log and ends no process */
  signal(SIGXFSZ, SIG_IGN);
  bool configured =
      sl_config_read(&config, count, arguments, environ, &error) && choose_kernels(&config, &error);
  bool ok = configured && run_command(&config, count, arguments, &error);
  if (error.code != SL_OK) {
    sl_log_announce(SL_LOG_LOGFMT, SL_LOG_ERROR, "spikelossd: %s", error.message);
  }
  int status = ok ? EXIT_SUCCESS : failure_of(&config, configured);
  sl_config_free(&config);
  return status;
}
