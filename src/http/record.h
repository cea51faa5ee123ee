/*
 * The access record of one request and its answer, once it is over: for the metrics and the log. It
 * owns nothing. Texts are NULL or empty where there are none, static or of the request. Of those
 * that a client chose, the method and the path of a request without a route are not checked, only
 * cut; nothing of the body, no query and no token is in it. A record belongs to the thread of its
 * connection.
 */
#ifndef SPIKELOSS_HTTP_RECORD_H
#define SPIKELOSS_HTTP_RECORD_H

#include "decode/schema.h"
#include "loss/loss.h"
#include <spikeloss/error.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

/* How it ended. */
enum sl_outcome {
  SL_OUTCOME_ANSWERED,         /* the last byte of the answer went out */
  SL_OUTCOME_CLIENT_LEFT,      /* the client closed the connection, or the network did */
  SL_OUTCOME_IDLE_DEADLINE,    /* nothing moved on the connection for too long */
  SL_OUTCOME_HEADER_DEADLINE,  /* the headers took too long */
  SL_OUTCOME_REQUEST_DEADLINE, /* the request took too long */
  SL_OUTCOME_DRAIN_BOUNDS,     /* more of a refused upload than is read before an answer */
  SL_OUTCOME_STOPPED,          /* the server stopped before it was done */
  SL_OUTCOME_HEADER_BYTES,     /* more bytes of headers than the limit */
  SL_OUTCOME_EVICTED, /* slots or memory were short, and this one held them and moved little */
  SL_OUTCOME_NOT_TLS, /* plain text where TLS was expected */
  SL_OUTCOME_COUNT
};

/* "answered", "client_left", ... Static. */
const char *sl_outcome_name(enum sl_outcome outcome);

/* The three parts of a request, one after the other. */
enum sl_phase {
  SL_PHASE_RECEIVE, /* from the headers to the last byte of the body; spikes are counted here */
  SL_PHASE_COMPUTE, /* the loss, the gradients, the layout of the answer */
  SL_PHASE_SEND,    /* to the last byte of the answer; large answers are written down here */
  SL_PHASE_COUNT
};

struct sl_record {
  const char *id;
  const char *traceparent;
  const char *client; /* the name of the token that came */
  const char *method;
  const char *path; /* of the route, "/v1/losses/{name}", or as it came if there is none */
  const struct sl_loss *loss; /* that was asked for, or NULL */
  enum sl_gradient_encoding encoding;
  unsigned status;     /* of HTTP; 0 if there was no answer */
  enum sl_status code; /* SL_OK, or what is wrong */
  uint64_t offset;     /* of the error in the body, or SL_NO_OFFSET */
  enum sl_outcome outcome;

  bool evaluated; /* there was a loss to answer with; only then: */
  size_t tensors;
  size_t rank; /* of the first tensor */
  size_t shape[SL_MAX_RANK];

  uint64_t body_bytes;    /* as they came, compressed or not */
  uint64_t answer_bytes;  /* body of the answer */
  uint64_t spikes;        /* values that were not 0 */
  uint64_t decoded_bytes; /* of the inflated body, where there was a loss to answer with */
  uint64_t fast_bytes;    /* of these, taken in blocks by a kernel; the rest number by number */

  enum sl_phase phase;                  /* the one that lasts */
  uint64_t since;                       /* when it began: monotonic nanoseconds */
  uint64_t nanoseconds[SL_PHASE_COUNT]; /* of the phases that are over */
};

/* The phase that lasted is over, and this one begins. A record that is all zeros begins with
 * SL_PHASE_RECEIVE. */
static inline void sl_record_enter(struct sl_record *record, enum sl_phase phase) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  uint64_t now = (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
  if (record->since > 0) {
    record->nanoseconds[record->phase] += now - record->since;
  }
  record->phase = phase;
  record->since = now;
}

#endif
