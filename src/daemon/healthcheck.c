#include "daemon/healthcheck.h"

#include "core/codes.h"
#include "net/address.h"
#include <errno.h>
#include <gnutls/gnutls.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* For each step: connecting, sending, every read. */
enum { PATIENCE_SECONDS = 3 };

/* A connection to the daemon, in plain or through TLS. */
struct line {
  int wire;
  gnutls_session_t session; /* NULL in plain */
  gnutls_certificate_credentials_t credentials;
};

/* The certificate is not verified: this is the same machine, and it may be for another name. */
static bool begin_tls(struct line *line) {
  if (gnutls_certificate_allocate_credentials(&line->credentials) != GNUTLS_E_SUCCESS ||
      gnutls_init(&line->session, GNUTLS_CLIENT) != GNUTLS_E_SUCCESS ||
      gnutls_set_default_priority(line->session) != GNUTLS_E_SUCCESS ||
      gnutls_credentials_set(line->session, GNUTLS_CRD_CERTIFICATE, line->credentials) !=
          GNUTLS_E_SUCCESS) {
    return false;
  }
  gnutls_transport_set_int(line->session, line->wire);
  gnutls_handshake_set_timeout(line->session, PATIENCE_SECONDS * 1000);
  int result;
  do {
    result = gnutls_handshake(line->session);
  } while (result < 0 && !gnutls_error_is_fatal(result) && result != GNUTLS_E_AGAIN);
  return result == GNUTLS_E_SUCCESS;
}

static ssize_t send_bytes(struct line *line, const char *bytes, size_t length) {
  return line->session != NULL ? gnutls_record_send(line->session, bytes, length)
                               : send(line->wire, bytes, length, MSG_NOSIGNAL);
}

static ssize_t receive_bytes(struct line *line, char *bytes, size_t size) {
  return line->session != NULL ? gnutls_record_recv(line->session, bytes, size)
                               : recv(line->wire, bytes, size, 0);
}

static void hang_up(struct line *line) {
  if (line->session != NULL) {
    gnutls_deinit(line->session);
  }
  if (line->credentials != NULL) {
    gnutls_certificate_free_credentials(line->credentials);
  }
  close(line->wire);
}

/* Returns the status of the answer, 0 if none came. */
static unsigned ask(struct line *line) {
  static const char question[] = "GET /readyz HTTP/1.1\r\nHost: localhost\r\n"
                                 "User-Agent: spikelossd-healthcheck\r\nConnection: close\r\n\r\n";
  static const char form[] = "HTTP/1.1 200";
  char answer[sizeof form];
  size_t length = 0;
  if (send_bytes(line, question, sizeof question - 1) != (ssize_t)sizeof question - 1) {
    return 0;
  }
  while (length < sizeof answer - 1) {
    ssize_t got = receive_bytes(line, answer + length, sizeof answer - 1 - length);
    if (got <= 0) {
      return 0;
    }
    length += (size_t)got;
  }
  answer[length] = '\0';
  unsigned status = 0;
  return sscanf(answer, "HTTP/1.%*1[01] %3u", &status) == 1 ? status : 0;
}

/* Returns a Unix socket, which needs no TLS, before any other address. */
static const char *choose_address(const struct sl_config *config) {
  for (size_t i = 0; i < config->server.listen_count; i++) {
    if (sl_address_is_unix(config->addresses[i])) {
      return config->addresses[i];
    }
  }
  return config->addresses[0];
}

const char *sl_healthcheck(const struct sl_config *config, struct sl_error *error) {
  const char *address = choose_address(config);
  bool encrypted = config->server.tls.certificate != NULL && !sl_address_is_unix(address);
  struct line line = {.wire = sl_address_connect(address, PATIENCE_SECONDS, error)};
  unsigned status = 0;
  if (line.wire < 0) {
    return NULL;
  }
  if (encrypted && !begin_tls(&line)) {
    sl_fail(error, SL_CANNOT_START, "%s does not speak TLS", address);
  } else if ((status = ask(&line)) == 0) {
    sl_fail(error, SL_CANNOT_START, "%s gives no answer", address);
  } else if (status != 200) {
    sl_fail(error, SL_CANNOT_START, "%s is not ready: it answers %u", address, status);
  }
  hang_up(&line);
  return status == 200 ? address : NULL;
}
