/*
 * Certificates for tests: an authority, and what it signs, written as PEM files.
 */
#ifndef SPIKELOSS_TESTS_HTTP_CERTIFICATES_H
#define SPIKELOSS_TESTS_HTTP_CERTIFICATES_H

#include "scratch.h"
#include <gnutls/x509.h>

struct authority {
  gnutls_x509_privkey_t key;
  gnutls_x509_crt_t certificate;
};

enum purpose { FOR_SERVER, FOR_RSA_SERVER, FOR_CLIENT, FOR_CLIENT_EXPIRED };

/* Writes NAME.pem. */
void authority_open(struct authority *authority, const struct scratch *scratch, const char *name);
void authority_close(struct authority *authority);

/* Writes NAME.pem and NAME.key: a certificate of this name, and for 127.0.0.1 and localhost. */
void authority_sign(const struct authority *authority, const struct scratch *scratch,
                    const char *name, enum purpose purpose);

#endif
