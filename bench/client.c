#include "client.h"

#include <arpa/inet.h>
#include <err.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/*
 * A short queue of bytes not yet taken stays in the processor's caches. Left to itself, the kernel
 * lets it grow to megabytes, and everyone's figures with it.
 */
enum { READ_BYTES = 256 * 1024, WRITE_BYTES = 256 * 1024, QUEUE_BYTES = 256 * 1024 };

struct bench_server bench_server_read(char *argument) {
  char *port = strchr(argument, '=');
  if (port == NULL) {
    errx(EXIT_FAILURE, "%s: not NAME=PORT", argument);
  }
  *port++ = '\0';
  char *slash = strchr(port, '/');
  if (slash != NULL) {
    *slash = '\0';
  }
  return (struct bench_server){argument, port, slash != NULL};
}

int bench_connect(const char *port) {
  const struct sockaddr_in address = {
      .sin_family = AF_INET,
      .sin_port = htons((uint16_t)strtoul(port, NULL, 10)),
      .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
  };
  const int yes = 1;
  const int queue = QUEUE_BYTES;
  int connection = socket(AF_INET, SOCK_STREAM, 0);
  if (connection < 0 ||
      connect(connection, (const struct sockaddr *)&address, sizeof address) != 0) {
    err(EXIT_FAILURE, "port %s", port);
  }
  setsockopt(connection, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  setsockopt(connection, SOL_SOCKET, SO_SNDBUF, &queue, sizeof queue);
  return connection;
}

void bench_send(int connection, const char *bytes, size_t length) {
  for (size_t done = 0; done < length;) {
    size_t piece = length - done < WRITE_BYTES ? length - done : WRITE_BYTES;
    ssize_t sent = send(connection, bytes + done, piece, MSG_NOSIGNAL);
    if (sent < 0) {
      err(EXIT_FAILURE, "send");
    }
    done += (size_t)sent;
  }
}

size_t bench_head(char head[BENCH_HEAD_SPACE], const struct bench_server *server, const char *loss,
                  uint64_t body_length, uint64_t answer_length) {
  char path[128];
  if (server->is_sink) {
    snprintf(path, sizeof path, "/%ju", (uintmax_t)answer_length);
  } else {
    snprintf(path, sizeof path, "/v1/losses/%s", loss);
  }
  return (size_t)snprintf(head, BENCH_HEAD_SPACE,
                          "POST %s HTTP/1.1\r\nHost: localhost\r\n"
                          "Content-Type: application/json\r\nContent-Length: %ju\r\n\r\n",
                          path, (uintmax_t)body_length);
}

static size_t receive(int connection, char *bytes, size_t space) {
  ssize_t length = recv(connection, bytes, space, 0);
  if (length <= 0) {
    err(EXIT_FAILURE, "the server closed the connection");
  }
  return (size_t)length;
}

/* Reads until the head is complete; returns where the body begins. */
static char *read_head(int connection, char *bytes, size_t space, size_t *length) {
  char *end = NULL;
  *length = 0;
  while (end == NULL && *length < space - 1) {
    *length += receive(connection, bytes + *length, space - 1 - *length);
    bytes[*length] = '\0';
    end = strstr(bytes, "\r\n\r\n");
  }
  if (end == NULL) {
    errx(EXIT_FAILURE, "the answer's head does not end");
  }
  return end + strlen("\r\n\r\n");
}

uint64_t bench_read_answer(int connection) {
  static char bytes[READ_BYTES];
  size_t length = 0;
  char *body = read_head(connection, bytes, sizeof bytes, &length);
  const char *announced = strcasestr(bytes, "\r\nContent-Length:");
  if (strncmp(bytes, "HTTP/1.1 200", 12) != 0 || announced == NULL || announced > body) {
    errx(EXIT_FAILURE, "the server answered: %.2000s", bytes);
  }
  uint64_t total = strtoull(announced + strlen("\r\nContent-Length:"), NULL, 10);
  for (uint64_t done = length - (size_t)(body - bytes); done < total;) {
    done += receive(connection, bytes, sizeof bytes);
  }
  return total;
}
