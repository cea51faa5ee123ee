/*
 * A line of the log for each request that is over, or for those that failed. Nothing of a body and
 * no token is ever written: only what struct sl_record holds.
 */
#ifndef SPIKELOSS_DAEMON_ACCESS_LOG_H
#define SPIKELOSS_DAEMON_ACCESS_LOG_H

#include "daemon/log.h"
#include "http/record.h"

/* Of lines about failures, so that a burst of them floods nothing and still shows what it is. Where
 * all requests get a line, none is left out. */
enum { SL_FAILURES_A_SECOND = 100 };

/* Which requests get a line. */
enum sl_access_lines { SL_ACCESS_NONE, SL_ACCESS_FAILURES, SL_ACCESS_ALL };

struct sl_access_log {
  struct sl_log *log; /* not owned */
  enum sl_access_lines lines;
};

/* `closure` is a struct sl_access_log; in the form that the server calls. */
void sl_access_log_write(void *closure, const struct sl_record *record);

#endif
