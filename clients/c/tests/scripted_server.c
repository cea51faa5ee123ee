#include "scripted_server.h"
#include <arpa/inet.h>
#include <check.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

const char SILENCE[] = "silence";

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

/* Headers, and as much after them as Content-Length says. */
static bool is_whole(const char *request, size_t length) {
  const char *end = strstr(request, "\r\n\r\n");
  const char *body_length = strcasestr(request, "\r\nContent-Length:");
  return end != NULL && body_length != NULL &&
         length >= (size_t)(end + 4 - request) + strtoul(body_length + 17, NULL, 10);
}

static void read_request(struct scripted_server *server, int connection) {
  size_t length = 0;
  ssize_t got = 1;
  while (got > 0 && !is_whole(server->request, length)) {
    ck_assert_uint_lt(length, sizeof server->request - 1);
    got = read(connection, server->request + length, sizeof server->request - 1 - length);
    length += got > 0 ? (size_t)got : 0;
    server->request[length] = '\0';
  }
}

static void answer(int connection, const char *text) {
  char rest;
  if (text == SILENCE) {
    while (read(connection, &rest, 1) > 0) {
    }
  } else {
    ck_assert(send(connection, text, strlen(text), MSG_NOSIGNAL) == (ssize_t)strlen(text));
  }
}

static void *serve(void *argument) {
  struct scripted_server *server = argument;
  for (; server->answers[server->asked] != NULL; server->asked++) {
    int connection = accept(server->socket, NULL, NULL);
    ck_assert_int_ge(connection, 0);
    server->times[server->asked] = now();
    server->request[0] = '\0';
    read_request(server, connection);
    answer(connection, server->answers[server->asked]);
    close(connection);
  }
  close(server->socket);
  return NULL;
}

void scripted_server_start(struct scripted_server *server, const char *const *answers) {
  *server = (struct scripted_server){.answers = answers};
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t length = sizeof address;
  server->socket = socket(AF_INET, SOCK_STREAM, 0);
  ck_assert_int_eq(bind(server->socket, (struct sockaddr *)&address, length), 0);
  ck_assert_int_eq(listen(server->socket, 8), 0);
  ck_assert_int_eq(getsockname(server->socket, (struct sockaddr *)&address, &length), 0);
  snprintf(server->url, sizeof server->url, "http://127.0.0.1:%d", ntohs(address.sin_port));
  ck_assert_int_eq(pthread_create(&server->thread, NULL, serve, server), 0);
}

void scripted_server_finish(struct scripted_server *server) {
  pthread_join(server->thread, NULL);
}
