/*
 * A client that controls every byte and every moment, which libcurl does not allow: a plain socket.
 */
#ifndef SPIKELOSS_TESTS_HTTP_WIRE_H
#define SPIKELOSS_TESTS_HTTP_WIRE_H

#include "daemon.h"
#include <stdbool.h>
#include <stddef.h>

/* One answer as it came. */
struct answer {
  int status;
  char head[4096]; /* with the empty line at its end */
  char body[8192];
  size_t length; /* of the body */
};

/* Every send is a packet of its own. */
int wire_connect(const struct daemon *daemon);

/* True if all of it was taken. */
bool wire_send(int wire, const char *bytes, size_t length);
void wire_send_text(int wire, const char *text);

/* Begins a POST whose body, of so many bytes, is still missing: "100 Continue" has proved that it
 * was let in. `headers` are lines more, or "". */
int wire_begin_post(const struct daemon *daemon, const char *path, const char *headers,
                    size_t length);

/* Reads exactly one answer: its head, and as much of a body as Content-Length says. */
void wire_read_answer(int wire, struct answer *answer);

/* Reads a head only. */
void wire_read_head(int wire, struct answer *answer);

/* Reads up to `room` bytes, at least one; 0 at the end (also if the connection is reset). */
size_t wire_read(int wire, char *bytes, size_t room);

/* Asserts that nothing more comes, and that the daemon has closed the connection. */
void wire_expect_end(int wire);

/* The value of a header, copied to `value`; false if it is not there. */
bool answer_header(const struct answer *answer, const char *name, char *value, size_t room);

/* Asserts that the next answer says that the server is busy, with these words, and when to come
 * again. */
void wire_expect_busy(int wire, const char *words);

/* Asserts a problem document of this code. */
void answer_expect_problem(const struct answer *answer, int status, const char *code);

#endif
