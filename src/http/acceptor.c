#include "http/acceptor.h"

#include <errno.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* How long clients wait when there is no file or memory for them: until then some may be free. */
enum { SHORTAGE_MILLISECONDS = 100 };

/* False when none has connected, or when the system has no room for another. */
static bool take_one(struct sl_acceptor *acceptor) {
  struct sockaddr_storage address;
  socklen_t length = sizeof address;
  int client = accept4(acceptor->listening_socket, (struct sockaddr *)&address, &length,
                       SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (client >= 0) {
    acceptor->take(acceptor->closure, client, (struct sockaddr *)&address, length);
  }
  return client >= 0;
}

/* Whether the next accept would fail again although somebody waits. */
static bool is_shortage(int reason) {
  return reason == EMFILE || reason == ENFILE || reason == ENOBUFS || reason == ENOMEM;
}

static void *run(void *closure) {
  struct sl_acceptor *acceptor = closure;
  struct pollfd wanted[] = {
      {.fd = acceptor->order, .events = POLLIN},
      {.fd = acceptor->listening_socket, .events = POLLIN},
  };
  while (wanted[0].revents == 0) {
    if (poll(wanted, 2, -1) > 0 && wanted[1].revents != 0 && !take_one(acceptor) &&
        is_shortage(errno)) {
      poll(wanted, 1, SHORTAGE_MILLISECONDS);
    }
  }
  return NULL;
}

bool sl_acceptor_start(struct sl_acceptor *acceptor) {
  acceptor->order = eventfd(0, EFD_CLOEXEC);
  if (acceptor->order < 0) {
    return false;
  }
  acceptor->runs = pthread_create(&acceptor->thread, NULL, run, acceptor) == 0;
  if (!acceptor->runs) {
    close(acceptor->order);
  }
  return acceptor->runs;
}

void sl_acceptor_stop(struct sl_acceptor *acceptor) {
  if (!acceptor->runs) {
    return;
  }
  eventfd_write(acceptor->order, 1);
  pthread_join(acceptor->thread, NULL);
  close(acceptor->order);
  acceptor->runs = false;
  while (take_one(acceptor)) {
  }
}
