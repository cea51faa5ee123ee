#include "daemon/config_sources.h"

#include "net/address.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t *number_at(struct sl_config *config, const struct sl_option *option) {
  return (uint64_t *)((char *)config + option->offset);
}

static enum sl_source *source_at(struct sl_config *config, const struct sl_option *option) {
  return &config->sources[option - sl_options];
}

static char **text_at(struct sl_config *config, const struct sl_option *option) {
  return (char **)((char *)config + option->offset);
}

static void forget_addresses(struct sl_config *config) {
  for (size_t i = 0; i < config->server.listen_count; i++) {
    free(config->addresses[i]);
  }
  config->server.listen_count = 0;
}

void sl_config_forget(struct sl_config *config) {
  forget_addresses(config);
  for (const struct sl_option *option = sl_options; option->name != NULL; option++) {
    if (option->kind == SL_OPTION_TEXT) {
      free(*text_at(config, option));
      *text_at(config, option) = NULL;
    }
  }
}

static bool add_address(struct sl_config *config, const char *text, char *reason,
                        size_t reason_size) {
  if (!sl_address_is_ok(text)) {
    snprintf(reason, reason_size, "\"%.120s\" is not an address such as " SL_ADDRESS_FORMS, text);
    return false;
  }
  if (config->server.listen_count == SL_MAX_LISTENERS) {
    snprintf(reason, reason_size, "there are more than %d addresses", SL_MAX_LISTENERS);
    return false;
  }
  char *copy = strdup(text);
  if (copy == NULL) {
    snprintf(reason, reason_size, "there is no memory for the configuration");
    return false;
  }
  config->addresses[config->server.listen_count++] = copy;
  return true;
}

static bool set_text(char **offset, const struct sl_option *option, const char *text, char *reason,
                     size_t reason_size) {
  if (text[0] == '\0') {
    snprintf(reason, reason_size, "the value is empty, expected a text or none");
    return false;
  }
  bool none = strcmp(text, "none") == 0;
  if (!none && option->is_ok != NULL && !option->is_ok(text)) {
    snprintf(reason, reason_size, "\"%.80s\" is not like %s", text, option->form);
    return false;
  }
  char *copy = none ? NULL : strdup(text);
  if (copy == NULL && !none) {
    snprintf(reason, reason_size, "there is no memory for the configuration");
    return false;
  }
  free(*offset);
  *offset = copy;
  return true;
}

bool sl_config_set(struct sl_config *config, const struct sl_option *option, const char *text,
                   enum sl_source source, const char *where, char *message, size_t message_size) {
  enum sl_source *strongest = source_at(config, option);
  char reason[256];
  bool ok = true;
  if (option->kind == SL_OPTION_ADDRESSES) {
    if (source > *strongest) {
      forget_addresses(config);
    }
    ok = add_address(config, text, reason, sizeof reason);
  } else if (source == SL_SOURCE_FILE && *strongest == SL_SOURCE_FILE) {
    snprintf(reason, sizeof reason, "is set twice");
    ok = false;
  } else if (option->kind == SL_OPTION_TEXT) {
    ok = set_text(text_at(config, option), option, text, reason, sizeof reason);
  } else {
    ok = sl_option_read(option, text, number_at(config, option), reason, sizeof reason);
  }
  if (!ok) {
    snprintf(message, message_size, "%s: %s", where, reason);
    return false;
  }
  *strongest = source;
  return true;
}

const struct sl_option *sl_config_find(const char *name, const char *kind, const char *spelling,
                                       char *message, size_t message_size) {
  const struct sl_option *option = sl_option_find(name);
  const char *now = option == NULL ? sl_option_retired(name) : NULL;
  if (now != NULL) {
    snprintf(message, message_size, "%.80s is no longer an option: %s; remove it", spelling, now);
  } else if (option == NULL) {
    snprintf(message, message_size, "unknown %s %.80s; --help lists all options", kind, spelling);
  }
  return option;
}
