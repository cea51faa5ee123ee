/*
 * Doubles as JSON text.
 */
#ifndef SPIKELOSS_WIRE_NUMBER_TEXT_H
#define SPIKELOSS_WIRE_NUMBER_TEXT_H

#include <stddef.h>

/* Longest text below: sign, 17 digits, point, exponent ("-2.2250738585072014e-308"). */
enum { SL_NUMBER_TEXT_MAX = 24 };

/*
 * Writes a finite double as the shortest of its 15, 16 and 17 digit forms that reads back to the
 * same double ("0.1", "-3.125", "1e+300"); negative zero is "0". No terminating NUL.
 * Returns the length. Thread-safe; independent of the locale.
 */
size_t sl_number_text(char text[SL_NUMBER_TEXT_MAX + 1], double value);

#endif
