/*
 * Lines on their way to standard error. Any thread adds lines and never waits for their reader: a
 * thread of the queue's own writes them. It alone waits while a terminal, a pipe or a disk takes
 * nothing; meanwhile lines pile up to a fixed size, and those that do not fit are dropped.
 *
 * O_NONBLOCK would be no remedy: it belongs to the open file, which other processes share.
 *
 * A process has one standard error, and so one queue.
 */
#ifndef SPIKELOSS_DAEMON_LOG_QUEUE_H
#define SPIKELOSS_DAEMON_LOG_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Starts the thread, which inherits the signals that the caller has blocked. False if there is none
 * to be had. */
bool sl_log_queue_start(void);

/*
 * Adds one line, its line break included. False if it does not fit. Lines come out in order, each
 * in one piece. While no thread runs, the line is written at once.
 */
bool sl_log_queue_add(const char *line, size_t length);

/* How many lines could not be written since the last call: standard error is closed or full. */
uint64_t sl_log_queue_take_failures(void);

/*
 * Gives the thread half a second to write what is left, then leaves it to the end of the process,
 * even where it hangs in a write. Nothing may be added after this.
 */
void sl_log_queue_stop(void);

#endif
