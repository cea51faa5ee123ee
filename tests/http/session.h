/*
 * For tests that want one daemon with its defaults and one client of it: they begin, ask, and end.
 * A test that fails in between leaves the daemon to session_tidy.
 */
#ifndef SPIKELOSS_TESTS_HTTP_SESSION_H
#define SPIKELOSS_TESTS_HTTP_SESSION_H

#include "client.h"

extern struct daemon daemon_process;
extern struct client client;

void session_begin(void);
void session_end(void);

/* For RUN_SUITE. */
void session_tidy(void);

#endif
