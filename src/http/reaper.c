#include "http/reaper.h"

#include "http/metrics.h"
#include "http/service.h"
#include <errno.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <stdio.h>
#include <unistd.h>

/* Milliseconds for which a connection must have been quiet before anything is concluded from that.
 */
enum { QUIET = 200 };

/*
 * Milliseconds for which a connection may be idle while clients are turned away for lack of a
 * slot: one that owes its headers, one whose requests are refused anyway, and one in a request.
 */
enum { PATIENCE_FOR_HEAD = 500, PATIENCE_OVER_LIMIT = 300, PATIENCE_IN_REQUEST = 1000 };

/* Rates are measured over this many milliseconds at least. */
enum { RATE_INTERVAL = 1000 };

/* A request that moves more bytes a second is never ended for its memory. A training job on a
 * network of 10 Mbit/s is faster. */
enum { SLOW_RATE = 1024 * 1024 };

/* Added to a rate before memory is divided by it: a request that moves less than this a second
 * counts as idle. */
enum { STILL_RATE = 64 * 1024 };

/* The head of a first request over TLS comes after the handshake, whose bytes are counted too. */
enum { HANDSHAKE_BYTES = 32 * 1024 };

/* What one look has ended. */
struct harvest {
  unsigned ended[SL_OUTCOME_COUNT];
  unsigned total;
};

/* The deadline that has passed, or SL_OUTCOME_ANSWERED. */
static enum sl_outcome passed_deadline(const struct sl_server_options *deadlines,
                                       const struct sl_connection *connection) {
  uint64_t waited = *connection->now - connection->since;
  uint64_t still = *connection->now - connection->moved;
  if (connection->stage == SL_STAGE_OPENED || connection->stage == SL_STAGE_HEAD) {
    return waited > deadlines->header_seconds * 1000 ? SL_OUTCOME_HEADER_DEADLINE
                                                     : SL_OUTCOME_ANSWERED;
  }
  if (connection->stage != SL_STAGE_WAITING && waited > deadlines->request_seconds * 1000) {
    return SL_OUTCOME_REQUEST_DEADLINE;
  }
  return still > deadlines->idle_seconds * 1000 ? SL_OUTCOME_IDLE_DEADLINE : SL_OUTCOME_ANSWERED;
}

/* What waits in the socket's buffer: 1 for bytes, 0 for the client's end, -1 for nothing. */
static ssize_t peek(int socket) {
  char byte;
  ssize_t got = recv(socket, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return got < 0 && errno != EAGAIN && errno != EWOULDBLOCK ? 0 : got;
}

/* The kernel would keep what is left of an answer, for as long as the client reads nothing: it is
 * thrown away with the connection. */
static void end_connection(struct sl_connection *connection, enum sl_outcome outcome) {
  connection->ended = outcome;
  if (connection->stage == SL_STAGE_ANSWER) {
    const struct linger at_once = {.l_onoff = 1};
    setsockopt(connection->socket, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  }
  if (connection->stage == SL_STAGE_OPENED) {
    sl_hang_up(connection->socket);
  } else {
    shutdown(connection->socket, SHUT_RDWR);
  }
}

/* Ends it and counts it, unless its request will count itself when it is over. */
static void reap(struct sl_reaper *reaper, struct sl_connection *connection,
                 enum sl_outcome outcome, struct harvest *harvest) {
  bool in_request = connection->stage >= SL_STAGE_BODY;
  end_connection(connection, outcome);
  if (!in_request) {
    sl_metrics_count_refusal(reaper->service->metrics, sl_reason_of_outcome(outcome));
  }
  harvest->ended[outcome]++;
  harvest->total++;
}

/* Whether more bytes of a head have come than headers may have, and it still goes on: one that
 * comes at once gets an answer. Over Unix sockets nothing counts them before the head is complete.
 */
static bool has_long_head(struct sl_connection *connection) {
  struct tcp_info information;
  socklen_t length = sizeof information;
  if (connection->stage != SL_STAGE_HEAD || *connection->now - connection->since < QUIET ||
      getsockopt(connection->socket, IPPROTO_TCP, TCP_INFO, &information, &length) != 0) {
    return false;
  }
  if (connection->head_bytes == 0) {
    connection->head_bytes = connection->heads == 1 ? 1 : information.tcpi_bytes_received;
  }
  uint64_t limit = SL_HEADER_BYTES + (connection->encrypted ? HANDSHAKE_BYTES : 0);
  return information.tcpi_bytes_received - connection->head_bytes > limit;
}

/* A quiet connection: has the client gone, or should it go? */
static void look_at_quiet(struct sl_connection *connection, bool closing) {
  ssize_t waiting = peek(connection->socket);
  if (waiting == 0 && !connection->told_of_end) {
    connection->told_of_end = true;
    shutdown(connection->socket, SHUT_RD); /* makes libmicrohttpd read the end that is there */
  } else if (waiting < 0 && closing && connection->stage <= SL_STAGE_WAITING) {
    end_connection(connection, SL_OUTCOME_STOPPED);
  }
}

static void measure_rate(struct sl_connection *connection) {
  uint64_t elapsed = *connection->now - connection->sample_time;
  if (elapsed >= RATE_INTERVAL) {
    connection->rate = (connection->bytes - connection->sample_bytes) * 1000 / elapsed;
    connection->sample_bytes = connection->bytes;
    connection->sample_time = *connection->now;
  }
}

/* A connection on which the server does not wait for its client is never ended. */
static bool is_awaited(const struct sl_connection *connection) {
  return connection->stage != SL_STAGE_COMPUTE && connection->ended == SL_OUTCOME_ANSWERED;
}

/* Whether bytes came after the worker had taken all that were there. */
static bool has_just_sent(const struct sl_connection *connection) {
  return connection->stage != SL_STAGE_ANSWER && peek(connection->socket) > 0;
}

/* Whether a connection holds the slot of a client that is turned away, and does nothing with it.
 * Connections between two requests are not meant: a training job computes then. */
static bool wastes_slot(const struct sl_connection *connection) {
  uint64_t still = *connection->now - connection->moved;
  if (connection->stage == SL_STAGE_OPENED || connection->stage == SL_STAGE_HEAD) {
    return still >= PATIENCE_FOR_HEAD;
  }
  if (connection->over_limit != SL_WITHIN_LIMITS) {
    return still >= PATIENCE_OVER_LIMIT;
  }
  return connection->stage != SL_STAGE_WAITING && still >= PATIENCE_IN_REQUEST;
}

static void look_at(struct sl_reaper *reaper, struct sl_connection *connection, bool turned_away,
                    struct harvest *harvest) {
  if (!is_awaited(connection)) {
    return;
  }
  measure_rate(connection);
  enum sl_outcome outcome = passed_deadline(&reaper->service->options, connection);
  if (outcome == SL_OUTCOME_ANSWERED && turned_away && wastes_slot(connection)) {
    outcome = SL_OUTCOME_EVICTED;
  }
  if (has_long_head(connection)) {
    reap(reaper, connection, SL_OUTCOME_HEADER_BYTES, harvest);
  } else if (outcome != SL_OUTCOME_ANSWERED && !has_just_sent(connection)) {
    reap(reaper, connection, outcome, harvest);
  } else if (*connection->now - connection->moved >= QUIET) {
    look_at_quiet(connection,
                  atomic_load_explicit(&reaper->service->closing, memory_order_relaxed));
  }
}

/* How much a connection would free for others when memory is short; 0 if it is not to be ended. */
static uint64_t score_of(const struct sl_connection *connection) {
  bool in_request = connection->stage == SL_STAGE_BODY || connection->stage == SL_STAGE_ANSWER;
  if (!in_request || !is_awaited(connection) || connection->rate >= SLOW_RATE) {
    return 0;
  }
  uint64_t memory = connection->held + connection->buffer_memory;
  return (memory << 8) / (connection->rate + STILL_RATE);
}

/* Ends the connections that are about as much in the way as the worst, until an eighth of all
 * memory is free. */
static void free_memory(struct sl_reaper *reaper, struct sl_connection *connections, uint64_t worst,
                        struct harvest *harvest) {
  uint64_t wanted = reaper->service->capacity.max_memory / 8;
  uint64_t freed = 0;
  for (struct sl_connection *connection = connections; connection != NULL && freed < wanted;
       connection = connection->next) {
    uint64_t score = score_of(connection);
    if (score > 0 && score >= worst / 2) {
      freed += connection->held;
      reap(reaper, connection, SL_OUTCOME_EVICTED, harvest);
    }
  }
}

/* One line for a whole look, however many there were: hostile clients must not fill the log. */
static void report_harvest(const struct sl_reaper *reaper, const struct harvest *harvest) {
  const struct sl_server_options *options = &reaper->service->options;
  if (options->tell == NULL || harvest->total == 0) {
    return;
  }
  char sentence[320];
  snprintf(
      sentence, sizeof sentence,
      "connections ended: idle_seconds %u, header_seconds %u, request_seconds %u, header_bytes "
      "%u, evicted %u",
      harvest->ended[SL_OUTCOME_IDLE_DEADLINE], harvest->ended[SL_OUTCOME_HEADER_DEADLINE],
      harvest->ended[SL_OUTCOME_REQUEST_DEADLINE], harvest->ended[SL_OUTCOME_HEADER_BYTES],
      harvest->ended[SL_OUTCOME_EVICTED]);
  options->tell(options->tell_closure, sentence);
}

/* Whether a counter has moved since the last look. */
static bool has_moved(uint64_t *seen, atomic_uint_least64_t *counter) {
  uint64_t now = atomic_load_explicit(counter, memory_order_relaxed);
  bool moved = now != *seen;
  *seen = now;
  return moved;
}

uint64_t sl_reaper_look(struct sl_reaper *reaper, struct sl_connection *connections,
                        uint64_t others) {
  struct harvest harvest = {0};
  struct sl_service *service = reaper->service;
  bool turned_away = has_moved(&reaper->refusals, &service->refusals);
  uint64_t own = 0;
  for (struct sl_connection *connection = connections; connection != NULL;
       connection = connection->next) {
    look_at(reaper, connection, turned_away, &harvest);
    uint64_t score = score_of(connection);
    own = score > own ? score : own;
  }
  if (has_moved(&reaper->shortages, &service->capacity.shortages)) {
    free_memory(reaper, connections, own > others ? own : others, &harvest);
  }
  report_harvest(reaper, &harvest);
  return own;
}
