#include "net/tls.h"

#include "core/codes.h"
#include "net/regular_file.h"
#include <gnutls/abstract.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { DIGEST_BYTES = 32 };

/* The texts of all files; that of the authorities is empty where none are wanted. */
enum { CERTIFICATE, KEY, CLIENT_CA, TEXT_COUNT };
struct texts {
  gnutls_datum_t of[TEXT_COUNT];
};

/*
 * What the files held at one time. Connections look at their credentials until they end and
 * are not counted, so older ones stay until the server stops: some ten kilobytes for each
 * certificate that it has had.
 */
struct credentials {
  gnutls_certificate_credentials_t handle;
  unsigned char digest[DIGEST_BYTES]; /* of the texts */
  struct credentials *older;
};

struct sl_tls {
  struct sl_tls_files files;
  _Atomic(struct credentials *) current;
};

/* The texts are to be freed in any case. */
static bool load_texts(struct texts *texts, const struct sl_tls_files *files,
                       struct sl_error *error) {
  const char *const paths[TEXT_COUNT] = {files->certificate, files->key, files->client_ca};
  static const char *const options[] = {"tls_certificate", "tls_key", "client_ca"};
  for (size_t i = 0; i < TEXT_COUNT && paths[i] != NULL; i++) {
    char *bytes;
    size_t length;
    if (!sl_regular_file_load(options[i], paths[i], &bytes, &length, error)) {
      return false;
    }
    texts->of[i] = (gnutls_datum_t){.data = (unsigned char *)bytes, .size = (unsigned)length};
  }
  return true;
}

static void free_texts(struct texts *texts) {
  for (size_t i = 0; i < TEXT_COUNT; i++) {
    free(texts->of[i].data);
  }
}

static bool digest_texts(unsigned char *digest, const struct texts *texts) {
  gnutls_hash_hd_t hash;
  if (gnutls_hash_init(&hash, GNUTLS_DIG_SHA256) != 0) {
    return false;
  }
  bool ok = true;
  for (size_t i = 0; i < TEXT_COUNT; i++) {
    ok = ok && gnutls_hash(hash, texts->of[i].data, texts->of[i].size) == 0;
  }
  gnutls_hash_deinit(hash, digest);
  return ok;
}

static bool add_certificate(gnutls_certificate_credentials_t handle, const struct texts *texts,
                            const struct sl_tls_files *files, struct sl_error *error) {
  int trouble = gnutls_certificate_set_x509_key_mem2(handle, &texts->of[CERTIFICATE],
                                                     &texts->of[KEY], GNUTLS_X509_FMT_PEM, NULL, 0);
  if (trouble < 0) {
    sl_fail(error, SL_CANNOT_START, "cannot use the certificate %s with the key %s: %s",
            files->certificate, files->key, gnutls_strerror(trouble));
  }
  return trouble >= 0;
}

/* In the handshake: a certificate that none of the authorities has signed for a client ends it. A
 * client without any goes on, because the health of the server is open to all clients. */
static int verify_client(gnutls_session_t session) {
  gnutls_typed_vdata_st purpose = {.type = GNUTLS_DT_KEY_PURPOSE_OID,
                                   .data = (unsigned char *)GNUTLS_KP_TLS_WWW_CLIENT};
  unsigned count = 0;
  unsigned status = 0;
  if (gnutls_certificate_get_peers(session, &count) == NULL || count == 0) {
    return 0;
  }
  int trouble = gnutls_certificate_verify_peers(session, &purpose, 1, &status);
  return trouble == 0 && status == 0 ? 0 : GNUTLS_E_CERTIFICATE_ERROR;
}

static bool add_authorities(gnutls_certificate_credentials_t handle, const struct texts *texts,
                            const char *path, struct sl_error *error) {
  int count =
      gnutls_certificate_set_x509_trust_mem(handle, &texts->of[CLIENT_CA], GNUTLS_X509_FMT_PEM);
  if (count <= 0) {
    return sl_cannot_start(error, "cannot use %s as authorities of clients: %s", path,
                           count == 0 ? "there is no certificate in it" : gnutls_strerror(count));
  }
  gnutls_certificate_set_verify_function(handle, verify_client);
  return true;
}

static void free_credentials(struct credentials *credentials) {
  if (credentials != NULL && credentials->handle != NULL) {
    gnutls_certificate_free_credentials(credentials->handle);
  }
  free(credentials);
}

static struct credentials *make_credentials(const struct texts *texts,
                                            const struct sl_tls_files *files,
                                            struct sl_error *error) {
  struct credentials *fresh = calloc(1, sizeof *fresh);
  if (fresh == NULL || gnutls_certificate_allocate_credentials(&fresh->handle) != 0 ||
      !digest_texts(fresh->digest, texts)) {
    sl_fail(error, SL_CANNOT_START, "not enough memory for the certificates");
  } else if (add_certificate(fresh->handle, texts, files, error) &&
             (files->client_ca == NULL ||
              add_authorities(fresh->handle, texts, files->client_ca, error))) {
    return fresh;
  }
  free_credentials(fresh);
  return NULL;
}

bool sl_tls_reload(struct sl_tls *tls, struct sl_error *error) {
  struct texts texts = {0};
  struct credentials *fresh =
      load_texts(&texts, &tls->files, error) ? make_credentials(&texts, &tls->files, error) : NULL;
  free_texts(&texts);
  if (fresh == NULL) {
    return false;
  }
  struct credentials *current = atomic_load(&tls->current);
  if (current != NULL && memcmp(current->digest, fresh->digest, DIGEST_BYTES) == 0) {
    free_credentials(fresh); /* so that nothing piles up while the files stay the same */
    return true;
  }
  fresh->older = current;
  atomic_store(&tls->current, fresh);
  return true;
}

struct sl_tls *sl_tls_new(const struct sl_tls_files *files, struct sl_error *error) {
  struct sl_tls *tls = calloc(1, sizeof *tls);
  if (tls == NULL) {
    sl_fail(error, SL_CANNOT_START, "not enough memory for the certificates");
    return NULL;
  }
  tls->files = *files;
  if (!sl_tls_reload(tls, error)) {
    sl_tls_free(tls);
    return NULL;
  }
  return tls;
}

void sl_tls_free(struct sl_tls *tls) {
  if (tls == NULL) {
    return;
  }
  struct credentials *next = atomic_load(&tls->current);
  while (next != NULL) {
    struct credentials *older = next->older;
    free_credentials(next);
    next = older;
  }
  free(tls);
}

void sl_tls_equip(const struct sl_tls *tls, gnutls_session_t session) {
  const struct credentials *credentials = atomic_load(&tls->current);
  gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, credentials->handle);
  if (tls->files.client_ca != NULL) {
    gnutls_certificate_server_set_request(session, GNUTLS_CERT_REQUEST);
  }
}

bool sl_tls_client_is_certified(gnutls_session_t session) {
  unsigned count = 0;
  return gnutls_certificate_get_peers(session, &count) != NULL && count > 0;
}
