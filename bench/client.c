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

void bench_send_head(int connection, const char *path, uint64_t body_length) {
  char head[512];
  int length = snprintf(head, sizeof head,
                        "POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                        "Content-Length: %ju\r\n\r\n",
                        path, (uintmax_t)body_length);
  bench_send(connection, head, (size_t)length);
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
