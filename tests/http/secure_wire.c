#include "secure_wire.h"

#include "certificates.h"
#include "wire.h"
#include <check.h>
#include <unistd.h>

void daemon_start_for_lines(struct daemon *daemon, struct scratch *scratch, bool encrypted) {
  if (!encrypted) {
    START(daemon);
    return;
  }
  struct authority authority;
  scratch_open(scratch);
  authority_open(&authority, scratch, "authority");
  authority_sign(&authority, scratch, "server", FOR_SERVER);
  authority_close(&authority);
  START(daemon, "--tls-certificate", scratch_path(scratch, "server.pem"), "--tls-key",
        scratch_path(scratch, "server.key"));
}

static void shake_hands(struct line *line) {
  ck_assert_int_eq(gnutls_init(&line->session, GNUTLS_CLIENT), 0);
  ck_assert_int_eq(gnutls_certificate_allocate_credentials(&line->credentials), 0);
  ck_assert_int_eq(gnutls_credentials_set(line->session, GNUTLS_CRD_CERTIFICATE, line->credentials),
                   0);
  ck_assert_int_eq(gnutls_set_default_priority(line->session), 0);
  gnutls_transport_set_int(line->session, line->wire);
  gnutls_handshake_set_timeout(line->session, DEADLINE_SECONDS * 1000);
  gnutls_record_set_timeout(line->session, DEADLINE_SECONDS * 1000);
  int outcome;
  do {
    outcome = gnutls_handshake(line->session);
  } while (outcome < 0 && gnutls_error_is_fatal(outcome) == 0);
  ck_assert_msg(outcome == 0, "handshake: %s", gnutls_strerror(outcome));
}

void line_open(struct line *line, const struct daemon *daemon, bool encrypted) {
  *line = (struct line){.wire = wire_connect(daemon)};
  if (encrypted) {
    shake_hands(line);
  }
}

void line_send(struct line *line, const char *bytes, size_t length) {
  if (line->session == NULL) {
    wire_send(line->wire, bytes, length);
    return;
  }
  for (ssize_t sent = 1; length > 0 && sent > 0; length -= (size_t)sent) {
    sent = gnutls_record_send(line->session, bytes, length);
    sent = sent < 0 ? 0 : sent;
    bytes += sent;
  }
}

size_t line_read(struct line *line, char *bytes, size_t room) {
  if (line->session == NULL) {
    return wire_read(line->wire, bytes, room);
  }
  ssize_t got;
  do {
    got = gnutls_record_recv(line->session, bytes, room);
  } while (got == GNUTLS_E_AGAIN || got == GNUTLS_E_INTERRUPTED);
  ck_assert_msg(got != GNUTLS_E_TIMEDOUT, "no answer came");
  return got > 0 ? (size_t)got : 0;
}

void line_close(struct line *line) {
  if (line->session != NULL) {
    gnutls_deinit(line->session);
    gnutls_certificate_free_credentials(line->credentials);
  }
  close(line->wire);
}
