#include "core/checked.h"

bool sl_checked_product(size_t *result, const size_t *shape, size_t rank) {
  size_t product = 1;
  for (size_t axis = 0; axis < rank; axis++) {
    if (!sl_checked_multiply(&product, product, shape[axis])) {
      return false;
    }
  }
  *result = product;
  return true;
}
