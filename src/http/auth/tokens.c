#include "http/auth/tokens.h"

#include "core/codes.h"
#include "net/regular_file.h"
#include <errno.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LETTERS_AND_DIGITS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

enum { DIGEST_BYTES = 32 };

struct entry {
  char name[SL_TOKEN_NAME_MAX + 1];
  unsigned char digest[DIGEST_BYTES]; /* SHA-256 of the token */
};

struct sl_tokens {
  size_t count;
  struct entry *entries;
};

static bool digest_token(unsigned char *digest, const char *token) {
  return gnutls_hash_fast(GNUTLS_DIG_SHA256, token, strlen(token), digest) == 0;
}

/* Looks at every entry, whether or not the right one has been seen: no clock tells how far it got.
 */
static const struct entry *find_digest(const struct sl_tokens *tokens,
                                       const unsigned char *digest) {
  const struct entry *found = NULL;
  for (size_t i = 0; i < tokens->count; i++) {
    bool same = gnutls_memcmp(tokens->entries[i].digest, digest, DIGEST_BYTES) == 0;
    found = same ? &tokens->entries[i] : found;
  }
  return found;
}

const char *sl_tokens_find(const struct sl_tokens *tokens, const char *token) {
  unsigned char digest[DIGEST_BYTES];
  const struct entry *entry = digest_token(digest, token) ? find_digest(tokens, digest) : NULL;
  return entry == NULL ? NULL : entry->name;
}

void sl_tokens_free(struct sl_tokens *tokens) {
  if (tokens == NULL) {
    return;
  }
  free(tokens->entries);
  free(tokens);
}

bool sl_token_is_well_formed(const char *text) {
  size_t length = strspn(text, LETTERS_AND_DIGITS "-._~+/");
  return length > 0 && text[length + strspn(text + length, "=")] == '\0';
}

static bool is_name(const char *text) {
  size_t length = strspn(text, LETTERS_AND_DIGITS "._-");
  return text[length] == '\0' && length >= 1 && length <= SL_TOKEN_NAME_MAX;
}

/* Adds a token. Returns what is wrong with it, without quoting it, or NULL. */
static const char *add_token(struct sl_tokens *tokens, const char *name, const char *token) {
  struct entry entry = {0};
  if (!is_name(name)) {
    return "the name must have 1 to 64 letters, digits, dots, underscores or hyphens";
  }
  if (!sl_token_is_well_formed(token)) {
    return "the token must have only letters, digits, -._~+/ and = at its end";
  }
  if (strlen(token) < SL_TOKEN_MIN || strlen(token) > SL_TOKEN_MAX) {
    return "the token must have 16 to 512 characters; \"openssl rand -hex 32\" makes a good one";
  }
  snprintf(entry.name, sizeof entry.name, "%s", name);
  if (!digest_token(entry.digest, token)) {
    return "not enough memory for the tokens";
  }
  if (find_digest(tokens, entry.digest) != NULL) {
    return "the token is in the file twice";
  }
  struct entry *entries = realloc(tokens->entries, (tokens->count + 1) * sizeof entry);
  if (entries == NULL) {
    return "not enough memory for the tokens";
  }
  tokens->entries = entries;
  tokens->entries[tokens->count++] = entry;
  return NULL;
}

/* Takes one line apart, which is written to. Returns what is wrong with it, or NULL. A line that is
 * cut would make the beginning of its token valid. */
static const char *read_line(struct sl_tokens *tokens, char *line, size_t length) {
  static const char blanks[] = " \t\r\n";
  if (strlen(line) != length) {
    return "there is a NUL byte in the line";
  }
  if (strncmp(line, "\xEF\xBB\xBF", 3) == 0) {
    return "the line begins with a byte order mark; save the file as UTF-8 without one";
  }
  if (line[length - 1] != '\n') {
    return "the last line has no line end, so the file may be incomplete; end the line, and "
           "replace "
           "the file by rename";
  }
  char *rest = NULL;
  const char *name = strtok_r(line, blanks, &rest);
  if (name == NULL || name[0] == '#') {
    return NULL;
  }
  const char *token = strtok_r(NULL, blanks, &rest);
  if (token == NULL || strtok_r(NULL, blanks, &rest) != NULL) {
    return "expected a name and a token, with a space between them";
  }
  return add_token(tokens, name, token);
}

static enum sl_status read_lines(struct sl_tokens *tokens, FILE *stream, const char *path,
                                 struct sl_error *error) {
  char *line = NULL;
  size_t size = 0;
  size_t number = 0;
  const char *fault = NULL;
  for (ssize_t length; fault == NULL && (length = getline(&line, &size, stream)) >= 0;) {
    number++;
    fault = read_line(tokens, line, (size_t)length);
  }
  int reason = errno;
  free(line);
  if (fault != NULL) {
    return sl_fail(error, SL_CANNOT_START, "%s:%zu: %s", path, number, fault);
  }
  if (ferror(stream)) {
    return sl_fail(error, SL_CANNOT_START, "token_file: cannot read %s: %s", path,
                   strerror(reason));
  }
  return tokens->count > 0 ? SL_OK
                           : sl_fail(error, SL_CANNOT_START,
                                     "%s: there is no token in the file, so every request would be "
                                     "refused; write one into it",
                                     path);
}

struct sl_tokens *sl_tokens_read(const char *path, struct sl_error *error) {
  FILE *stream = sl_regular_file_open("token_file", path, error);
  if (stream == NULL) {
    return NULL;
  }
  struct sl_tokens *tokens = calloc(1, sizeof *tokens);
  if (tokens == NULL) {
    sl_fail(error, SL_CANNOT_START, "token_file: cannot read %s: %s", path, strerror(errno));
  } else if (read_lines(tokens, stream, path, error) != SL_OK) {
    sl_tokens_free(tokens);
    tokens = NULL;
  }
  fclose(stream);
  return tokens;
}
