#include "certificates.h"

#include <check.h>
#include <gnutls/gnutls.h>
#include <stdbool.h>
#include <stdio.h>
#include <time.h>

enum { DAY = 24 * 60 * 60 };

#define GOOD(call) ck_assert_msg((call) >= 0, "%s failed", #call)

static void write_pem(const struct scratch *scratch, const char *name, const char *ending,
                      const gnutls_datum_t *text) {
  char file[80];
  snprintf(file, sizeof file, "%s.%s", name, ending);
  scratch_write(scratch, file, (const char *)text->data);
}

static void write_certificate(const struct scratch *scratch, const char *name,
                              gnutls_x509_crt_t certificate) {
  gnutls_datum_t text;
  GOOD(gnutls_x509_crt_export2(certificate, GNUTLS_X509_FMT_PEM, &text));
  write_pem(scratch, name, "pem", &text);
  gnutls_free(text.data);
}

static void write_key(const struct scratch *scratch, const char *name, gnutls_x509_privkey_t key) {
  gnutls_datum_t text;
  GOOD(gnutls_x509_privkey_export2(key, GNUTLS_X509_FMT_PEM, &text));
  write_pem(scratch, name, "key", &text);
  gnutls_free(text.data);
}

/* A new key and what every certificate says: whose key it is, and that it was made just now. */
static void begin(struct authority *pair, const char *name, gnutls_pk_algorithm_t algorithm) {
  const unsigned bits =
      algorithm == GNUTLS_PK_RSA ? 2048 : GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1);
  static unsigned char serial;
  serial++;
  GOOD(gnutls_x509_privkey_init(&pair->key));
  GOOD(gnutls_x509_privkey_generate(pair->key, algorithm, bits, 0));
  GOOD(gnutls_x509_crt_init(&pair->certificate));
  GOOD(gnutls_x509_crt_set_version(pair->certificate, 3));
  GOOD(gnutls_x509_crt_set_serial(pair->certificate, &serial, sizeof serial));
  GOOD(gnutls_x509_crt_set_activation_time(pair->certificate, time(NULL) - 2 * DAY));
  GOOD(gnutls_x509_crt_set_expiration_time(pair->certificate, time(NULL) + DAY));
  GOOD(gnutls_x509_crt_set_dn(pair->certificate, name, NULL));
  GOOD(gnutls_x509_crt_set_key(pair->certificate, pair->key));
}

static void sign(struct authority *pair, const struct authority *signer) {
  GOOD(gnutls_x509_crt_sign2(pair->certificate, signer->certificate, signer->key, GNUTLS_DIG_SHA256,
                             0));
}

void authority_open(struct authority *authority, const struct scratch *scratch, const char *name) {
  begin(authority, "CN=an authority", GNUTLS_PK_ECDSA);
  GOOD(gnutls_x509_crt_set_basic_constraints(authority->certificate, 1, -1));
  GOOD(gnutls_x509_crt_set_key_usage(authority->certificate, GNUTLS_KEY_KEY_CERT_SIGN));
  sign(authority, authority);
  write_certificate(scratch, name, authority->certificate);
}

void authority_close(struct authority *authority) {
  gnutls_x509_crt_deinit(authority->certificate);
  gnutls_x509_privkey_deinit(authority->key);
}

void authority_sign(const struct authority *authority, const struct scratch *scratch,
                    const char *name, enum purpose purpose) {
  static const unsigned char loopback[] = {127, 0, 0, 1};
  struct authority pair;
  char subject[80];
  snprintf(subject, sizeof subject, "CN=%s", name);
  begin(&pair, subject, purpose == FOR_RSA_SERVER ? GNUTLS_PK_RSA : GNUTLS_PK_ECDSA);
  bool client = purpose == FOR_CLIENT || purpose == FOR_CLIENT_EXPIRED;
  gnutls_x509_crt_t certificate = pair.certificate;
  GOOD(gnutls_x509_crt_set_subject_alt_name(certificate, GNUTLS_SAN_IPADDRESS, loopback,
                                            sizeof loopback, GNUTLS_FSAN_SET));
  GOOD(gnutls_x509_crt_set_subject_alt_name(certificate, GNUTLS_SAN_DNSNAME, "localhost", 9,
                                            GNUTLS_FSAN_APPEND));
  GOOD(gnutls_x509_crt_set_key_purpose_oid(
      certificate, client ? GNUTLS_KP_TLS_WWW_CLIENT : GNUTLS_KP_TLS_WWW_SERVER, 0));
  if (purpose == FOR_CLIENT_EXPIRED) {
    GOOD(gnutls_x509_crt_set_expiration_time(certificate, time(NULL) - DAY));
  }
  sign(&pair, authority);
  write_certificate(scratch, name, certificate);
  write_key(scratch, name, pair.key);
  authority_close(&pair);
}
