/*
 * One spike tensor in any of its spellings: nested arrays, or an object of shape, encoding and data
 * in any order. Numbers may be sums over time, or over batch and time, if "summed" says so. That
 * member may come last, so deferred data is counted at the end of the object.
 */
#ifndef SPIKELOSS_DECODE_TENSOR_H
#define SPIKELOSS_DECODE_TENSOR_H

#include "decode/deferred.h"
#include "kernels/kernels.h"

/*
 * Spikes as arrays of numbers: a nested tensor, [[[0,1],[1,0]]], which finds rank and shape while
 * it counts; and the data of a tensor object, flat, [0,1,1,0], or nested.
 *
 * The rank is known at the first number, the length of a level at its first closing bracket; every
 * array after that must agree. Where a shape came first, it gives rank and lengths. As soon as the
 * length of a row is known, whole blocks of text go to the scan kernel, and only what it leaves is
 * read one event at a time. Text that repeats what was read before takes a shorter way.
 *
 * Data that is nested two deep may be coordinates, as long as no encoding has come: it is deferred.
 */

/* When to offer text to the scan kernel. Text without plain blocks (graded spikes) is offered ever
 * more rarely, so that it costs nothing to try. */
struct sl_scan_backoff {
  uint64_t from; /* offset before which the kernel would find nothing to take */
  size_t pause;  /* bytes not to scan, as the last scans found nothing */
};

/*
 * What repeats in the text: an element of one of the tensor's arrays that was read and found right.
 * The outermost array whose elements are not too long gives the template, as it is the one whose
 * repeats are interrupted the least.
 */
struct sl_repeats {
  size_t depth;                   /* arrays that are open around the element */
  size_t misses;                  /* how often in a row the template did not fit */
  uint64_t learn_from;            /* offset before which nothing is learnt */
  size_t pause;                   /* bytes not to learn from, as templates did not fit */
  const char *stopped;            /* where the last match has ended, or NULL */
  const char *piece;              /* the first byte of the input that is still there */
  const char *began[SL_MAX_RANK]; /* the last element at each depth, or NULL; not the rows */
  const struct sl_text_template *template; /* of the reading, or NULL while nothing is learnt */
};

struct sl_nested {
  struct sl_sink *sink;         /* not owned */
  const struct sl_field *field; /* not owned */
  size_t around;                /* arrays and objects that are open around the tensor */
  bool is_data;                 /* of an object */
  bool lengths_given;           /* by the object's shape */
  bool rank_seen;               /* in the data: a number has come at its depth */
  bool has_fractions;           /* among numbers that are deferred */
  size_t rank;                  /* 0 while unknown */
  size_t length[SL_MAX_RANK];   /* of the arrays of each level, 0 while unknown */
  struct sl_scan_backoff backoff;
  struct sl_repeats repeats;
};

/* Starts at the opening bracket. */
void sl_nested_begin(struct sl_nested *nested, struct sl_sink *sink, const struct sl_field *field,
                     size_t around, bool is_data);

/* Takes an event of the array and all that follow in the input, up to its end. A nested tensor that
 * is no data gives the spikes their shape at its last bracket. */
enum sl_status sl_nested_read(struct sl_nested *nested, struct sl_reading *reading,
                              enum sl_json_event event, struct sl_input *input);

/*
 * Takes a block of graded values, and goes to where it ends, if the text goes on with values of a
 * row, or with rows. Returns whether it did; if not, there may be an error.
 */
bool sl_nested_read_graded(struct sl_nested *nested, struct sl_reading *reading,
                           struct sl_input *input);

/*
 * The data of a tensor object as a base64 string of packed bits (most significant bit first, as
 * numpy.packbits writes them), little-endian floats or unsigned integers. Strict: standard
 * alphabet, padded, no spare bits. JSON escapes are undone first: some encoders write `/` as `\/`.
 */

/* What the data of a tensor object is; those before coordinates are base64. */
enum sl_tensor_encoding {
  SL_TENSOR_BITS,
  SL_TENSOR_F32,
  SL_TENSOR_F64,
  SL_TENSOR_U8,
  SL_TENSOR_U16,
  SL_TENSOR_U32,
  SL_TENSOR_COORDINATES,
  SL_TENSOR_UNKNOWN, /* not seen, or null: numbers, unless it still comes */
};

/* Values in bytes that come in pieces of any size. */
struct sl_packed {
  enum sl_tensor_encoding encoding;
  struct sl_spikes *spikes; /* not owned */
  uint64_t values_left;
  uint64_t value;         /* index of the next */
  unsigned char begun[8]; /* the first bytes of a number that is not complete */
  size_t begun_bytes;
};

struct sl_base64 {
  struct sl_sink *sink; /* not owned; it defers while the meaning is unknown */
  struct sl_packed packed;
  uint64_t values;       /* that the shape has */
  uint64_t max_bytes;    /* that they take, UINT64_MAX while unknown */
  uint64_t bytes;        /* decoded so far */
  size_t levels;         /* the path of the data */
  uint64_t quote_offset; /* of the opening quote */
  uint32_t group;        /* the six-bit values of the group of four so far */
  size_t group_length;   /* characters in it, padding included */
  size_t padding;        /* `=` in it; the string ends with that group */
  uint64_t last_offset;  /* of the last character that was not padding */
};

/* Starts after the opening quote. `values` and `encoding` matter if the meaning is known. */
void sl_base64_begin(struct sl_base64 *base64, struct sl_reading *reading, struct sl_sink *sink,
                     bool meaning_known, uint64_t values, enum sl_tensor_encoding encoding);

/* Takes an event of the string, and as much input as the kernel can. */
enum sl_status sl_base64_event(struct sl_base64 *base64, struct sl_reading *reading,
                               enum sl_json_event event, struct sl_input *input);

/* Counts the bytes that were deferred, of a string at an offset. */
enum sl_status sl_base64_count(const struct sl_base64 *base64, struct sl_reading *reading,
                               uint64_t values, enum sl_tensor_encoding encoding);

/*
 * The data of a tensor object with encoding "coo": the coordinates of the ones,
 * [[0,0,2],[0,1,1],…], in strictly increasing row-major order.
 */

struct sl_coordinates {
  struct sl_sink *sink; /* not owned; it defers while the shape is unknown */
  size_t around;        /* arrays and objects that are open around the data */
  size_t rank;          /* coordinates of an entry, 0 while unknown */
  bool first;           /* no entry is complete */
  uint64_t current[SL_MAX_RANK];
  uint64_t previous[SL_MAX_RANK];
};

/* Starts at the opening bracket. */
void sl_coordinates_begin(struct sl_coordinates *coordinates, struct sl_sink *sink, size_t around,
                          bool shape_known);

/* Takes an event of the array and all that follow in the input, up to its end. */
enum sl_status sl_coordinates_read(struct sl_coordinates *coordinates, struct sl_reading *reading,
                                   enum sl_json_event event, struct sl_input *input);

/*
 * Counts the numbers that were deferred, `rank` of them an entry, as coordinates. What is wrong
 * with them was made certain by the byte at `offset`; `levels` is the path of the data.
 */
enum sl_status sl_coordinates_count(const struct sl_sink *sink, struct sl_reading *reading,
                                    size_t rank, size_t levels, uint64_t offset);

enum sl_tensor_member {
  SL_TENSOR_SHAPE,
  SL_TENSOR_ENCODING,
  SL_TENSOR_DATA,
  SL_TENSOR_SUMMED,
  SL_TENSOR_MEMBERS
};

/*
 * The text of a tensor object up to its data, if the shape is in it. The layers of a network often
 * have one shape: where the next tensor of a list has the same text, all that it says is known.
 */
struct sl_tensor_head {
  uint64_t begin; /* offset of the byte after the brace */
  size_t length;  /* 0 if there is none */
  unsigned seen;
  enum sl_tensor_encoding encoding;
  enum sl_summed summed;
  size_t shape_at; /* where in it the shape begins */
  size_t rank;
  char text[96];
};

/* Deferred data beyond so many bytes is counted as work of its own. */
enum { SL_WORK_BYTES = 1 << 20 };

struct sl_tensor {
  const struct sl_field *field; /* not owned */
  size_t around;                /* arrays and objects that are open around the tensor */
  enum {
    SL_TENSOR_START,
    SL_TENSOR_AT_NAME, /* of a member of the object, or its end */
    SL_TENSOR_AT_VALUE,
    SL_TENSOR_IN_SHAPE,
    SL_TENSOR_IN_CHOICE, /* encoding, summed */
    SL_TENSOR_IN_NESTED,
    SL_TENSOR_IN_COORDINATES,
    SL_TENSOR_IN_BASE64,
  } state;
  bool is_object;
  bool has_work;                /* deferred data that can be counted now, more than a little */
  uint64_t work_offset;         /* of the token that gave it its meaning */
  enum sl_tensor_member member; /* the one that is being read, */
  uint64_t member_offset;       /* and the first byte of its value */
  unsigned seen;                /* bit for each enum sl_tensor_member */
  enum sl_tensor_encoding encoding;
  size_t shape[SL_MAX_RANK];
  uint64_t values;       /* that the shape has; 0 while it is unknown */
  enum sl_summed summed; /* what data is, as far as it is known */
  bool shape_first;      /* before the data, which was taken for what was known then */
  struct sl_tensor_head head;
  enum {
    SL_DATA_NONE,
    SL_DATA_EMPTY, /* an array of nothing */
    SL_DATA_FLAT,
    SL_DATA_TABLE, /* nested two deep: may be coordinates */
    SL_DATA_NESTED,
    SL_DATA_COORDINATES,
    SL_DATA_BASE64,
  } data;
  struct sl_sink sink; /* what is deferred is owned */
  union {
    struct sl_nested nested;
    struct sl_coordinates coordinates;
    struct sl_base64 base64;
  } reader;
};

/* Starts before the first byte of a tensor. `tensor` must be all zeros or have read another
 * before. */
void sl_tensor_begin(struct sl_tensor *tensor, struct sl_spikes *spikes,
                     const struct sl_field *field, size_t around);

/* Takes an event of the tensor, and as much input as the kernels can. SL_HAS_WORK: sl_tensor_work
 * must be called before the next event. */
enum sl_status sl_tensor_event(struct sl_tensor *tensor, struct sl_reading *reading,
                               enum sl_json_event event, struct sl_input *input);

/* Counts the deferred data that is known how to count now. */
enum sl_status sl_tensor_work(struct sl_tensor *tensor, struct sl_reading *reading);

/* Returns whether the tensor is complete, and the spikes with it. */
bool sl_tensor_is_complete(const struct sl_tensor *tensor, const struct sl_reading *reading);

void sl_tensor_free(struct sl_tensor *tensor, struct sl_reading *reading);

#endif
