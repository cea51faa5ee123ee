/*
 * A temporary folder for the files that a test hands to the daemon.
 */
#ifndef SPIKELOSS_TESTS_HTTP_SCRATCH_H
#define SPIKELOSS_TESTS_HTTP_SCRATCH_H

struct scratch {
  char folder[64]; /* "" while there is none */
};

void scratch_open(struct scratch *scratch);

/* Removes the folder and its files. Tolerates a scratch that is not open. */
void scratch_close(struct scratch *scratch);

/* Where the file of that name is; the text lives until 64 calls later. */
const char *scratch_path(const struct scratch *scratch, const char *name);

/* Writes a whole file, in place of one that is there; returns its path like scratch_path. */
const char *scratch_write(const struct scratch *scratch, const char *name, const char *text);

#endif
