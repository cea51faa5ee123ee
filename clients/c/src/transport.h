/*
 * HTTP to the service: one connection, kept from call to call, and retries.
 */
#ifndef SPIKELOSS_CLIENT_TRANSPORT_H
#define SPIKELOSS_CLIENT_TRANSPORT_H

#include "spikeloss_client.h"

struct transport;

/* NULL when out of memory. */
struct transport *slc_transport_new(const char *url, const struct spikeloss_options *options);
void slc_transport_free(struct transport *transport);

struct request {
  char *body;
  size_t length;
  size_t answer_limit; /* bytes; a longer answer is not read to its end */
};

struct answer {
  long status;
  char *body; /* owned by the answer, with a '\0' after it */
  size_t length;
  bool compressed;      /* which was not asked for */
  const char *url;      /* where it came from; of the transport, as `location` */
  const char *location; /* where it redirects to, or NULL; until the next post */
};

/* Tolerates all zeros. */
void slc_answer_free(struct answer *answer);

/*
 * Posts the request until there is an answer that a retry would not change.
 * Returns false, with the error set, if there is none. The answer comes zeroed and goes to the
 * caller.
 */
bool slc_transport_post(struct transport *transport, const char *loss,
                        const struct request *request, struct answer *answer,
                        struct spikeloss_error *error);

#endif
