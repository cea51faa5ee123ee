/*
 * The decoder alone, again and again: a whole body in memory, fed in pieces of 64 KiB, no server.
 *
 *     alone 21 0.2 balanced_population_mse ints 128x100x1000 none
 *
 * At most so many rounds, and no new one after so many seconds. Prints the bytes of the body and
 * the median of the seconds.
 */
#include "rounds.h"

int main(int count, char **arguments) {
  return bench_rounds(count, arguments, (bench_decode *[]){bench_decode_here}, 1);
}
