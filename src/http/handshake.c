#include "http/handshake.h"

#include <errno.h>
#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>
#include <microhttpd.h>
#include <poll.h>
#include <sys/socket.h>

/* The first byte of every TLS connection: the type of a record with a handshake message. */
enum { HANDSHAKE_RECORD = 22 };

static void put_on_list(struct sl_connection *connection) {
  if (!connection->is_dry) {
    connection->is_dry = true;
    connection->next_dry = *connection->dry;
    *connection->dry = connection;
  }
}

/* Marks a client that speaks plain text: GnuTLS will refuse what it sent, and it is closed. */
static void check_first_byte(struct sl_connection *connection, const char *bytes) {
  if (!connection->has_sent && bytes[0] != HANDSHAKE_RECORD) {
    connection->ended = SL_OUTCOME_NOT_TLS;
  }
  connection->has_sent = true;
}

static ssize_t pull_bytes(gnutls_transport_ptr_t closure, void *bytes, size_t size) {
  struct sl_connection *connection = closure;
  ssize_t length = recv(connection->socket, bytes, size, 0);
  int reason = errno;
  if (length > 0) {
    check_first_byte(connection, bytes);
  } else if (length < 0 && (reason == EAGAIN || reason == EWOULDBLOCK) &&
             connection->stage == SL_STAGE_OPENED) {
    put_on_list(connection);
  }
  errno = reason;
  return length;
}

/* GnuTLS wants one beside a pull function. */
static int wait_for_bytes(gnutls_transport_ptr_t closure, unsigned milliseconds) {
  const struct sl_connection *connection = closure;
  struct pollfd wanted = {.fd = connection->socket, .events = POLLIN};
  return poll(&wanted, 1, (int)milliseconds);
}

static gnutls_session_t session_of(struct MHD_Connection *handle) {
  return MHD_get_connection_info(handle, MHD_CONNECTION_INFO_GNUTLS_SESSION)->tls_session;
}

void sl_handshake_watch(struct sl_connection *connection, struct sl_connection **dry) {
  gnutls_session_t session = session_of(connection->handle);
  gnutls_transport_ptr_t ignored, sender;
  gnutls_transport_get_ptr2(session, &ignored, &sender);
  gnutls_transport_set_ptr2(session, connection, sender);
  gnutls_transport_set_pull_function(session, pull_bytes);
  gnutls_transport_set_pull_timeout_function(session, wait_for_bytes);
  connection->dry = dry;
  connection->is_dry = false;
  connection->has_sent = false;
}

void sl_handshake_forget(struct sl_connection *connection) {
  if (!connection->is_dry) {
    return;
  }
  struct sl_connection **link = connection->dry;
  while (*link != connection) {
    link = &(*link)->next_dry;
  }
  *link = connection->next_dry;
  connection->is_dry = false;
}

/* libmicrohttpd wants a certificate for the whole daemon, or this: a connection that was not
 * equipped has none. */
static int refuse_unequipped(gnutls_session_t session, const struct gnutls_cert_retr_st *wanted,
                             gnutls_pcert_st **certificates, unsigned *certificate_count,
                             gnutls_ocsp_data_st **answers, unsigned *answer_count,
                             gnutls_privkey_t *key, unsigned *flags) {
  (void)session;
  (void)wanted;
  (void)certificates;
  (void)certificate_count;
  (void)answers;
  (void)answer_count;
  (void)key;
  (void)flags;
  return -1;
}

const struct MHD_OptionItem *sl_handshake_daemon_options(void) {
  static const struct MHD_OptionItem options[] = {
      {MHD_OPTION_HTTPS_PRIORITIES, 0, SL_TLS_PRIORITIES},
      {MHD_OPTION_HTTPS_CERT_CALLBACK2, 0, refuse_unequipped},
      {MHD_OPTION_END, 0, NULL},
  };
  return options;
}

void sl_handshake_equip(const struct sl_tls *tls, struct MHD_Connection *handle) {
  sl_tls_equip(tls, session_of(handle));
}

bool sl_handshake_client_is_certified(const struct sl_connection *connection) {
  return sl_tls_client_is_certified(session_of(connection->handle));
}
