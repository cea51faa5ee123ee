#include "http/hosts.h"

#include <arpa/inet.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

#define DIGITS          "0123456789"
#define NAME_CHARACTERS DIGITS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-._"

bool sl_hosts_are_ok(const char *list) {
  for (;;) {
    list += strspn(list, " ");
    size_t length = strspn(list, NAME_CHARACTERS);
    if (length == 0) {
      return false;
    }
    list += length + strspn(list + length, " ");
    if (*list != ',') {
      return *list == '\0';
    }
    list++;
  }
}

static bool is_host_name(const char *name, size_t length, const char *wanted) {
  return length == strlen(wanted) && strncasecmp(name, wanted, length) == 0;
}

static bool lists(const char *list, const char *name, size_t length) {
  while (list != NULL && *list != '\0') {
    list += strspn(list, ", ");
    size_t item = strcspn(list, ", ");
    if (item == length && strncasecmp(list, name, length) == 0) {
      return true;
    }
    list += item;
  }
  return false;
}

static bool is_address(int family, const char *text, size_t length) {
  char address[INET6_ADDRSTRLEN];
  struct in6_addr parsed; /* the larger of the two */
  if (length >= sizeof address) {
    return false;
  }
  memcpy(address, text, length);
  address[length] = '\0';
  return inet_pton(family, address, &parsed) == 1;
}

/* Nothing, or a colon and digits; then blanks. */
static bool ends_in_port(const char *text) {
  text += *text == ':' ? 1 + strspn(text + 1, DIGITS) : 0;
  return text[strspn(text, " \t")] == '\0';
}

bool sl_hosts_allow(const char *list, const char *host) {
  if (host[0] == '[') {
    size_t length = strcspn(host + 1, "]");
    return host[1 + length] == ']' && ends_in_port(host + 2 + length) &&
           is_address(AF_INET6, host + 1, length);
  }
  size_t length = strcspn(host, ": \t");
  return length > 0 && ends_in_port(host + length) &&
         (is_address(AF_INET, host, length) || is_host_name(host, length, "localhost") ||
          lists(list, host, length));
}
