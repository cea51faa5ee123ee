/*
 * Spikes as arrays of numbers: a nested tensor, [[[0,1],[1,0]]], which finds rank and shape while
 * it counts; and the data of a tensor object, flat, [0,1,1,0], or nested.
 *
 * The rank is known at the first number, the length of a level at its first closing bracket; every
 * array after that must agree. Where a shape came first, it gives rank and lengths. As soon as the
 * length of a row is known, whole blocks of text go to the scan kernel, and only what it leaves is
 * read one event at a time.
 *
 * Data that is nested two deep may be coordinates, as long as no encoding has come: it is deferred.
 */
#ifndef SPIKELOSS_DECODE_NESTED_H
#define SPIKELOSS_DECODE_NESTED_H

#include "decode/deferred.h"
#include "kernels/kernels.h"
#include "loss/loss.h"

enum { SL_PENDING_VALUES = 64 }; /* numbers that are worth counting together */

/* When to offer text to the scan kernel. Text without plain blocks (graded spikes) is offered ever
 * more rarely, so that it costs nothing to try. */
struct sl_scan_backoff {
  uint64_t from; /* offset before which the kernel would find nothing to take */
  size_t pause;  /* bytes to leave it in peace, as it found nothing of late */
};

struct sl_nested {
  struct sl_sink *sink;              /* not owned */
  const struct sl_field *field;      /* not owned */
  size_t around;                     /* arrays and objects that are open around the tensor */
  bool is_data;                      /* of an object */
  bool lengths_given;                /* by the object's shape */
  bool rank_seen;                    /* in the data: a number has come at its depth */
  bool has_fractions;                /* among numbers that are deferred */
  size_t rank;                       /* 0 while unknown */
  size_t length[SL_MAX_RANK];        /* of the arrays of each level, 0 while unknown */
  double pending[SL_PENDING_VALUES]; /* of the current row, complete but not yet counted */
  size_t pending_count;
  struct sl_scan_backoff backoff;
  struct sl_text_scan scan; /* kept for the templates it has learnt */
};

/* At the opening bracket. */
void sl_nested_begin(struct sl_nested *nested, struct sl_sink *sink, const struct sl_field *field,
                     size_t around, bool is_data);

/* Takes an event of the array and all that follow in the input, up to its end. A nested tensor that
 * is no data gives the spikes their shape at its last bracket. */
enum sl_status sl_nested_read(struct sl_nested *nested, struct sl_reading *reading,
                              enum sl_json_event event, struct sl_input *input);

#endif
