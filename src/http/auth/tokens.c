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

/* A file of tokens while it is read. */
struct token_file {
  const char *path;
  size_t line; /* the one read last, counted from 1 */
  struct sl_tokens *tokens;
  struct sl_error *error;
};

/* Never quotes the line. */
static bool refuse_line(const struct token_file *file, const char *fault) {
  sl_fail(file->error, SL_CANNOT_START, "%s:%zu: %s", file->path, file->line, fault);
  return false;
}

static bool add_token(const struct token_file *file, const char *name, const char *token) {
  struct sl_tokens *tokens = file->tokens;
  struct entry entry = {0};
  if (!is_name(name)) {
    return refuse_line(file,
                       "the name must have 1 to 64 letters, digits, dots, underscores or hyphens");
  }
  if (!sl_token_is_well_formed(token)) {
    return refuse_line(file, "the token must have only letters, digits, -._~+/ and = at its end");
  }
  if (strlen(token) < SL_TOKEN_MIN || strlen(token) > SL_TOKEN_MAX) {
    return refuse_line(file, "the token must have 16 to 512 characters; \"openssl rand -hex 32\" "
                             "makes a good one");
  }
  snprintf(entry.name, sizeof entry.name, "%s", name);
  if (!digest_token(entry.digest, token)) {
    return refuse_line(file, "not enough memory for the tokens");
  }
  if (find_digest(tokens, entry.digest) != NULL) {
    return refuse_line(file, "the token is in the file twice");
  }
  struct entry *entries = realloc(tokens->entries, (tokens->count + 1) * sizeof entry);
  if (entries == NULL) {
    return refuse_line(file, "not enough memory for the tokens");
  }
  tokens->entries = entries;
  tokens->entries[tokens->count++] = entry;
  return true;
}

/* Takes one line apart, which is written to. A line that is cut would make the beginning of its
 * token valid. */
static bool read_line(const struct token_file *file, char *line, size_t length) {
  static const char blanks[] = " \t\r\n";
  if (strlen(line) != length) {
    return refuse_line(file, "there is a NUL byte in the line");
  }
  if (strncmp(line, "\xEF\xBB\xBF", 3) == 0) {
    return refuse_line(
        file, "the line begins with a byte order mark; save the file as UTF-8 without one");
  }
  if (line[length - 1] != '\n') {
    return refuse_line(file, "the last line has no line end, so the file may be incomplete; end "
                             "the line, and replace the file by rename");
  }
  char *rest = NULL;
  const char *name = strtok_r(line, blanks, &rest);
  if (name == NULL || name[0] == '#') {
    return true;
  }
  const char *token = strtok_r(NULL, blanks, &rest);
  if (token == NULL || strtok_r(NULL, blanks, &rest) != NULL) {
    return refuse_line(file, "expected a name and a token, with a space between them");
  }
  return add_token(file, name, token);
}

static bool read_lines(struct token_file *file, FILE *stream) {
  char *line = NULL;
  size_t size = 0;
  bool ok = true;
  for (ssize_t length; ok && (length = getline(&line, &size, stream)) >= 0;) {
    file->line++;
    ok = read_line(file, line, (size_t)length);
  }
  free(line);
  if (ok && ferror(stream)) {
    sl_fail(file->error, SL_CANNOT_START, "cannot read %s: %s", file->path, strerror(errno));
    ok = false;
  }
  if (ok && file->tokens->count == 0) {
    sl_fail(file->error, SL_CANNOT_START,
            "%s: there is no token in the file, so every request would be refused", file->path);
    ok = false;
  }
  return ok;
}

struct sl_tokens *sl_tokens_read(const char *path, struct sl_error *error) {
  FILE *stream = sl_regular_file_open(path, error);
  if (stream == NULL) {
    return NULL;
  }
  struct token_file file = {.path = path, .tokens = calloc(1, sizeof *file.tokens), .error = error};
  if (file.tokens == NULL) {
    sl_fail(error, SL_CANNOT_START, "cannot read %s: %s", path, strerror(errno));
  } else if (!read_lines(&file, stream)) {
    sl_tokens_free(file.tokens);
    file.tokens = NULL;
  }
  fclose(stream);
  return file.tokens;
}
