/*
 * What libFuzzer calls, and one thing that it offers. A target is one file with the first of these;
 * linked with replay.c instead of libFuzzer it is a test that reads the inputs kept here.
 */
#ifndef SPIKELOSS_TESTS_FUZZ_H
#define SPIKELOSS_TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>

/* Tries one input; returns 0. What is wrong ends the process. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Changes an input in place and returns its new length, at most `space`. */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t space, unsigned seed);

/* libFuzzer's own changes, which know nothing of what the bytes mean. */
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t space);

#endif
