/*
 * The one table of what the service answers.
 */
#ifndef SPIKELOSS_HTTP_HANDLERS_ROUTES_H
#define SPIKELOSS_HTTP_HANDLERS_ROUTES_H

#include "loss/loss.h"
#include <microhttpd.h>
#include <spikeloss/error.h>
#include <stdbool.h>

struct sl_request;

struct sl_route {
  const char *method;
  const char *path; /* may end in "{name}", the name of a loss */
  bool takes_body;
  bool open; /* to everyone, whoever else may come in */

  /* Queues the answer to a request that has arrived completely. MHD_NO closes the connection. */
  enum MHD_Result (*answer)(struct sl_request *request, struct MHD_Connection *connection);
};

struct sl_route_match {
  const struct sl_route *route; /* NULL if there is none */
  const struct sl_loss *loss;   /* of a path that names one */
  char allow[32];               /* the methods that the path has, if it has any */
};

/* The path of a request target, which proxies may send as a whole URL. */
const char *sl_route_path(const char *target);

/* `target` is a path or a whole URL without query. HEAD finds the route of GET. Errors:
 * SL_NOT_FOUND, SL_METHOD_NOT_ALLOWED. */
enum sl_status sl_route_find(struct sl_route_match *match, const char *method, const char *target,
                             struct sl_error *error);

#endif
