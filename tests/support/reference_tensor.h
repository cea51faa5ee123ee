/*
 * One spike tensor for the reference: nested arrays, or an object whose members come in any order.
 */
#ifndef SPIKELOSS_TESTS_REFERENCE_TENSOR_H
#define SPIKELOSS_TESTS_REFERENCE_TENSOR_H

#include "reference.h"
#include "reference_text.h"

/* What all tensors of a request are read with. */
struct sl_tensor_rules {
  const struct sl_field *field;
  const struct sl_limits *limits;
  uint64_t *pairs_left; /* over all tensors of the request */
  enum sl_layout layout;
};

/* Reads the tensor that begins here. */
void sl_reference_tensor_read(struct sl_reader *reader, const struct sl_tensor_rules *rules,
                              struct sl_reference_tensor *tensor);

/* In what form `data` came. Two levels of arrays may be coordinates, as long as no encoding is
 * known. */
enum sl_data_kind {
  SL_DATA_NONE,
  SL_DATA_EMPTY,
  SL_DATA_FLAT,
  SL_DATA_NESTED,
  SL_DATA_COO,
  SL_DATA_TEXT
};
enum sl_data_encoding {
  SL_ENCODED_BITS,
  SL_ENCODED_F32,
  SL_ENCODED_F64,
  SL_ENCODED_U8,
  SL_ENCODED_U16,
  SL_ENCODED_U32,
  SL_ENCODED_COO,
  SL_ENCODED_NOT
};

/* A tensor object while it is read. Data is kept whole, and checked as soon as what it must agree
 * with is known. */
struct sl_tensor_object {
  struct sl_reader *reader;
  const struct sl_tensor_rules *rules;
  bool has_shape;
  size_t shape_offset, data_offset; /* of their values */
  size_t rank;
  size_t shape[SL_MAX_RANK];
  size_t total; /* product of the shape, or how many sums it has */
  enum sl_summed summed;
  bool shape_first; /* before the data */
  size_t data_rank; /* of the shape without the summed axes */
  size_t data_shape[SL_MAX_RANK];
  enum sl_data_encoding encoding;
  enum sl_data_kind kind;
  double *numbers; /* values, or the integers of one coordinate after the other */
  size_t count;
  size_t binary;               /* how many of them come before the first that is not 0 or 1 */
  bool integers;               /* all of them are */
  size_t levels;               /* of nested data */
  size_t lengths[SL_MAX_RANK]; /* of nested data; the second: integers of a coordinate */
  unsigned char *bytes;        /* decoded from base64 */
  size_t byte_count;
};

/* Nested arrays: a tensor without an object, or the data of one. */
void sl_reference_nested_read(struct sl_reader *reader, const struct sl_tensor_rules *rules,
                              struct sl_reference_tensor *tensor);
void sl_reference_nested_data(struct sl_tensor_object *object);

/* Adds a number to the data of an object. If it must wait: one bit each, in words of 64, up to the
 * first number that is neither 0 nor 1; from there on 8 bytes each. */
void sl_reference_add_number(struct sl_tensor_object *object,
                             const struct sl_reference_number *number, bool waits);

/* Base64: reads the text; checks the bytes, that came before shape or encoding, against both; one
 * value of them. */
void sl_reference_base64_read(struct sl_tensor_object *object);
void sl_reference_base64_settle(struct sl_tensor_object *object);
double sl_reference_binary_value(const struct sl_tensor_object *object, size_t index);

/* Fails under the path of `data`, whichever member of the object is being read. */
_Noreturn void sl_reference_data_fail(struct sl_tensor_object *object, enum sl_status code,
                                      size_t offset);

/* Fails if data that waits for its meaning takes more than the limit. */
void sl_reference_defer(struct sl_tensor_object *object, uint64_t bytes, size_t offset);

#endif
