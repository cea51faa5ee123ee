/*
 * Doubles as JSON text.
 */
#ifndef SPIKELOSS_JSON_NUMBER_FORMAT_H
#define SPIKELOSS_JSON_NUMBER_FORMAT_H

#include <stddef.h>

/* Length of the longest text: sign, 17 digits, point and exponent ("-2.2250738585072014e-308"). */
enum { SL_NUMBER_TEXT_MAX = 24 };

/*
 * Writes a finite double with the fewest digits that read back to the same double; of several such
 * texts, the one closest to the exact value ("0.1", "-3.125", "1e+300", "5e-324"). Whole numbers
 * have no point, and negative zero is "0". Writes no terminating NUL; may overwrite all of
 * `text[0 … SL_NUMBER_TEXT_MAX]`. Returns the length. Thread-safe; independent of the locale.
 */
size_t sl_number_format(char text[SL_NUMBER_TEXT_MAX + 1], double value);

#endif
