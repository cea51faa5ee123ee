/*
 * Browsers: which web pages may call the service and read its answers (CORS, the Fetch standard),
 * and by which names they may reach it. Clients that are not browsers send none of the headers that
 * are looked at here, except Host.
 */
#ifndef SPIKELOSS_HTTP_AUTH_CORS_H
#define SPIKELOSS_HTTP_AUTH_CORS_H

#include <microhttpd.h>
#include <spikeloss/error.h>
#include <stdbool.h>

struct sl_headers;
struct sl_server_options;

/* What lists of origins and of host names look like, for messages. */
#define SL_ORIGINS_FORM                                                                            \
  "https://app.example.org,http://localhost:3000 (lower case, no path, no usual port, no *)"
#define SL_HOSTS_FORM "spikes.example.org,spikes (names without ports, commas between them)"

/* Whether a text is a list of origins, with commas between them: a scheme, a host, and a port
 * unless it is the usual one, as browsers write them. */
bool sl_origins_are_ok(const char *list);

/* Whether a text is a list of host names, with commas between them. */
bool sl_hosts_are_ok(const char *list);

/* The web page that a request came from. */
struct sl_page {
  const char *origin; /* that may read the answer, of the request's headers; or NULL */
  bool is_preflight;  /* a browser asks whether the real request may come */
};

/* How a request came, as far as browsers care. */
struct sl_page_request {
  const struct sl_headers *headers;
  const char *method;
  const char *address; /* of the listener */
  bool encrypted;
};

/*
 * Refuses what web pages may not ask. A server that asks for neither tokens nor certificates would
 * otherwise serve every page that its users look at, because browsers run on machines that reach
 * it:
 *
 *     Host             on loopback: a name that is not one of ours    SL_HOST_NOT_ALLOWED
 *     Origin           neither named by cors_origins nor our own      SL_ORIGIN_NOT_ALLOWED
 *     Sec-Fetch-Site   another site, without a named origin           SL_ORIGIN_NOT_ALLOWED
 *
 * Host is checked because a web page can make its own name resolve to a loopback address (DNS
 * rebinding) and is then of the same origin as the server. An IP address cannot be made to mean
 * another. A page that only links to ours is no caller: browsers do not let it read the answer.
 *
 * Where clients must show a token or certificate, which pages do not have, none of this is looked
 * at. A preflight carries no token and is answered whatever its path. Where origins are named, the
 * preflight of any other fails with SL_ORIGIN_NOT_ALLOWED.
 */
enum sl_status sl_cors_check(struct sl_page *page, const struct sl_server_options *options,
                             const struct sl_page_request *request, struct sl_error *error);

/* Adds the headers by which a browser lets the page read an answer. False if out of memory. */
bool sl_cors_add_headers(struct MHD_Response *response, const struct sl_server_options *options,
                         const struct sl_page *page);

#endif
