/*
 * A tensor object while it is read: {"shape": [...], "encoding": "...", "data": ...}, the members
 * in any order. Data is kept whole and checked as soon as what it must agree with is known.
 */
#ifndef SPIKELOSS_TESTS_REFERENCE_OBJECT_H
#define SPIKELOSS_TESTS_REFERENCE_OBJECT_H

#include "reference_tensor.h"

enum sl_data_kind { SL_DATA_NONE, SL_DATA_EMPTY, SL_DATA_FLAT, SL_DATA_COO, SL_DATA_TEXT };
enum sl_data_encoding { SL_DATA_NUMBERS, SL_DATA_BITS, SL_DATA_F32, SL_DATA_F64, SL_DATA_COO_LIST };

struct sl_tensor_object {
  struct sl_reader *reader;
  const struct sl_tensor_rules *rules;
  char pointer[SL_POINTER_ROOM]; /* of the tensor */
  char data_pointer[SL_POINTER_ROOM];

  bool has_shape, has_encoding, has_data;
  size_t shape_offset, encoding_offset, data_offset; /* of their values */

  size_t rank;
  size_t shape[SL_MAX_RANK];
  size_t total; /* product of the shape */

  enum sl_data_encoding encoding;
  enum sl_data_kind kind;
  struct sl_doubles numbers; /* flat values, or coordinates of entries one behind the other */
  size_t entry_length;       /* integers of a coo entry */
  unsigned char *bytes;      /* decoded from base64 */
  size_t byte_count;
};

/* Reads the value of the member `data`. */
bool sl_tensor_data_read(struct sl_tensor_object *object);

/* Reads data that is base64, the reader at its opening quote. */
bool sl_tensor_base64_read(struct sl_tensor_object *object);

/* Checks one whole value among the decoded bytes; the encoding and the shape are known. */
bool sl_tensor_bytes_check(struct sl_tensor_object *object, size_t bytes_so_far);

/* How many bytes the tensor takes in its encoding; SIZE_MAX if no text can be that long. */
size_t sl_tensor_bytes_needed(const struct sl_tensor_object *object);

/* One decoded value. */
double sl_tensor_binary_value(const struct sl_tensor_object *object, size_t index);

/* Fails if data that waits for its meaning takes more than the limit. */
bool sl_tensor_defer(struct sl_tensor_object *object, uint64_t bytes, size_t offset);

#endif
