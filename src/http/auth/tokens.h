/*
 * Bearer tokens: secrets that clients send with every request, each with the name of its client.
 * They come from a file,
 *
 *     # one a line; # begins a comment
 *     training-cluster   0kY5b1q...
 *     notebook           9f86d081...
 *
 * whose last line must be ended like the others, and only their SHA-256 is kept. Immutable once
 * read, so any number of threads may look at them.
 */
#ifndef SPIKELOSS_HTTP_AUTH_TOKENS_H
#define SPIKELOSS_HTTP_AUTH_TOKENS_H

#include <spikeloss/error.h>
#include <stdbool.h>
#include <stddef.h>

/* Bounds of a line of the file, in characters. A token of 16 cannot be guessed over a network. */
enum { SL_TOKEN_NAME_MAX = 64, SL_TOKEN_MIN = 16, SL_TOKEN_MAX = 512 };

struct sl_tokens;

/*
 * Reads the file; sl_tokens_free the result. On failure returns NULL and sets `error` to
 * "path:line: what is wrong", without a word of the line.
 */
struct sl_tokens *sl_tokens_read(const char *path, struct sl_error *error);

/* Tolerates NULL. */
void sl_tokens_free(struct sl_tokens *tokens);

/*
 * The name of the token's client, which belongs to `tokens`, or NULL if it is none of them. How
 * long it takes depends on the length of `token` alone, and on how many tokens there are.
 */
const char *sl_tokens_find(const struct sl_tokens *tokens, const char *token);

/* Whether a text has the characters that tokens have (RFC 6750): letters, digits, -._~+/ and = at
 * the end. */
bool sl_token_is_well_formed(const char *text);

#endif
