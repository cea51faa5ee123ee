#include "net/address.h"

#include "core/codes.h"
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

bool sl_address_is_unix(const char *address) {
  return strncmp(address, SL_UNIX_PREFIX, strlen(SL_UNIX_PREFIX)) == 0;
}

const char *sl_address_unix_path(const char *address) {
  return address + strlen(SL_UNIX_PREFIX);
}

bool sl_address_is_local(const char *address) {
  return sl_address_is_unix(address) || strncmp(address, "127.", 4) == 0 ||
         strncmp(address, "[::1]:", 6) == 0;
}

/* The parts of "host:port" or "[host]:port". */
struct tcp_address {
  char host[96];
  char port[6];
};

static bool is_port(const char *text) {
  size_t length = strlen(text);
  if (length == 0 || length > 5 || strspn(text, "0123456789") != length) {
    return false;
  }
  unsigned port = 0;
  sscanf(text, "%u", &port);
  return port <= 65535;
}

static bool split_tcp(struct tcp_address *parts, const char *address) {
  const char *colon = strrchr(address, ':');
  if (colon == NULL || !is_port(colon + 1)) {
    return false;
  }
  const char *host = address;
  size_t length = (size_t)(colon - address);
  bool bracketed = length >= 2 && host[0] == '[' && host[length - 1] == ']';
  if (bracketed) {
    host++;
    length -= 2;
  } else if (memchr(host, ':', length) != NULL) {
    return false; /* an IPv6 address needs its brackets */
  }
  if (length == 0 || length >= sizeof parts->host || memchr(host, '[', length) != NULL) {
    return false;
  }
  memcpy(parts->host, host, length);
  parts->host[length] = '\0';
  memcpy(parts->port, colon + 1, strlen(colon + 1) + 1);
  return true;
}

bool sl_address_is_ok(const char *address) {
  if (sl_address_is_unix(address)) {
    size_t length = strlen(sl_address_unix_path(address));
    return length > 0 && length < sizeof((struct sockaddr_un *)NULL)->sun_path;
  }
  struct tcp_address parts;
  return split_tcp(&parts, address);
}

void sl_address_name_unix(struct sockaddr_un *name, const char *address) {
  *name = (struct sockaddr_un){.sun_family = AF_UNIX};
  snprintf(name->sun_path, sizeof name->sun_path, "%s", sl_address_unix_path(address));
}

struct addrinfo *sl_address_look_up(const char *address, int flags, struct sl_error *error) {
  struct tcp_address parts;
  if (!split_tcp(&parts, address)) {
    sl_fail(error, SL_CANNOT_START, "\"%s\" is not an address such as " SL_ADDRESS_FORMS, address);
    return NULL;
  }
  struct addrinfo wanted = {.ai_flags = flags, .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
  struct addrinfo *found = NULL;
  int trouble = getaddrinfo(parts.host, parts.port, &wanted, &found);
  if (trouble != 0) {
    sl_fail(error, SL_CANNOT_START, "cannot find the address of %s: %s", address,
            gai_strerror(trouble));
    return NULL;
  }
  return found;
}

static int connect_to(const char *address, const struct sockaddr *name, socklen_t length,
                      unsigned seconds, struct sl_error *error) {
  const struct timeval patience = {.tv_sec = seconds};
  int wire = socket(name->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (wire >= 0) {
    setsockopt(wire, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt(wire, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    if (connect(wire, name, length) == 0) {
      return wire;
    }
  }
  sl_fail(error, SL_CANNOT_START, "cannot connect to %s: %s", address, strerror(errno));
  if (wire >= 0) {
    close(wire);
  }
  return -1;
}

int sl_address_connect(const char *address, unsigned seconds, struct sl_error *error) {
  if (sl_address_is_unix(address)) {
    struct sockaddr_un name;
    sl_address_name_unix(&name, address);
    return connect_to(address, (const struct sockaddr *)&name, sizeof name, seconds, error);
  }
  struct addrinfo *found = sl_address_look_up(address, AI_NUMERICSERV, error);
  if (found == NULL) {
    return -1;
  }
  int wire = connect_to(address, found->ai_addr, found->ai_addrlen, seconds, error);
  freeaddrinfo(found);
  return wire;
}
