/*
 * The real daemon as a child process: started on a free port and on a Unix socket in a folder of
 * its own, stopped by SIGTERM. Waiting is always for something that comes (a message, the end of a
 * process), never for time to pass; what does not come within a deadline fails the test.
 */
#ifndef SPIKELOSS_TESTS_HTTP_DAEMON_H
#define SPIKELOSS_TESTS_HTTP_DAEMON_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Nothing in these tests takes so long, unless it hangs. */
enum { DEADLINE_SECONDS = 30 };

struct daemon {
  pid_t process;      /* 0 if none runs */
  int messages;       /* its standard error */
  char url[64];       /* "http://127.0.0.1:45123", or https */
  int port;           /* of 127.0.0.1 */
  char folder[64];    /* removed when the daemon has stopped */
  char socket[96];    /* the path of its Unix socket */
  char said[1 << 14]; /* all messages so far */
  size_t said_length;
};

/* The options (up to a NULL, or none) come after "--listen 127.0.0.1:0 --listen unix:…". */
#define START(...)              START_WITH(__VA_ARGS__, NULL)
#define START_WITH(daemon, ...) daemon_start(daemon, (const char *const[]){__VA_ARGS__})

void daemon_start(struct daemon *daemon, const char *const *options);

/*
 * The same as systemd starts it: with sockets that listen already as file descriptors 3 and
 * following, `listen_fds` in LISTEN_FDS, and its own number in LISTEN_PID. Waits for nothing.
 */
void daemon_start_with_sockets(struct daemon *daemon, const int *sockets, size_t count,
                               const char *listen_fds, const char *const *options);

/*
 * Starts on a TCP socket that listens already, so that no message has to be read: clients wait
 * until the daemon serves them.
 */
#define START_SILENT(daemon, ...)                                                                  \
  daemon_start_silent(daemon, (const char *const[]){__VA_ARGS__, NULL})

void daemon_start_silent(struct daemon *daemon, const char *const *options);

/* Is called in every child before it becomes the daemon, to change its descriptors or limits. */
void daemon_prepare(void (*in_child)(void));

/* SIGTERM, then daemon_ends_well. */
void daemon_stop(struct daemon *daemon);

void daemon_signal(const struct daemon *daemon, int signal_number);

/* Until the daemon has said this. */
void daemon_wait_for_message(struct daemon *daemon, const char *text);

/* Until no new connection is accepted any more. */
void daemon_wait_for_refusal(const struct daemon *daemon);

/* Until the process has ended; how it did, as waitpid tells. */
int daemon_wait_for_end(struct daemon *daemon);

/* The process ends by itself with exit code 0. */
void daemon_ends_well(struct daemon *daemon);

/* For teardown functions: stops the daemon if a test has left it running. */
void daemon_tidy(struct daemon *daemon);

/* What a run of the daemon's program that ends by itself has left. */
struct run {
  int exit_code;
  char output[1 << 13];
  char messages[1 << 13];
};

#define RUN(run, ...) program_run(run, (const char *const[]){__VA_ARGS__, NULL})

void program_run(struct run *run, const char *const *arguments);

#endif
