#include "client.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static bool make_room(struct client *client, size_t more) {
  if (client->length + more + 1 <= client->room) {
    return true;
  }
  size_t room = 2 * (client->length + more + 1);
  char *larger = realloc(client->body, room);
  if (larger == NULL) {
    return false;
  }
  client->body = larger;
  client->room = room;
  return true;
}

static size_t take(char *bytes, size_t size, size_t count, void *closure) {
  struct client *client = closure;
  size_t length = size * count;
  if (!make_room(client, length)) {
    return 0;
  }
  memcpy(client->body + client->length, bytes, length);
  client->length += length;
  client->body[client->length] = '\0';
  return length;
}

static size_t give(char *room, size_t size, size_t count, void *closure) {
  struct client *client = closure;
  size_t length = size * count;
  if (client->chunk > 0 && client->chunk < length) {
    length = client->chunk;
  }
  if (client->unsent_length < length) {
    length = client->unsent_length;
  }
  memcpy(room, client->unsent, length);
  client->unsent += length;
  client->unsent_length -= length;
  return length;
}

void client_open(struct client *client, const struct daemon *daemon) {
  *client = (struct client){.curl = curl_easy_init(), .daemon = daemon};
  ck_assert_ptr_nonnull(client->curl);
}

void client_close(struct client *client) {
  curl_easy_cleanup(client->curl);
  free(client->body);
  *client = (struct client){0};
}

static bool is_header(const char *header, const char *name) {
  size_t length = strlen(name);
  return strncasecmp(header, name, length) == 0 && (header[length] == ':' || header[length] == ';');
}

/* libcurl would send a form by itself, and wait with large bodies for a word of the server. */
static struct curl_slist *list_headers(const struct question *question) {
  struct curl_slist *list = NULL;
  bool typed = question->body == NULL;
  bool expects = false;
  for (const char *const *header = question->headers; *header != NULL; header++) {
    typed = typed || is_header(*header, "Content-Type");
    expects = expects || is_header(*header, "Expect");
    list = curl_slist_append(list, *header);
  }
  list = typed ? list : curl_slist_append(list, "Content-Type: application/json");
  list = expects ? list : curl_slist_append(list, "Expect:");
  return question->chunk > 0 ? curl_slist_append(list, "Transfer-Encoding: chunked") : list;
}

static void set_body(struct client *client, const struct question *question) {
  size_t length = question->length > 0 ? question->length : strlen(question->body);
  curl_easy_setopt(client->curl, CURLOPT_POST, 1L);
  if (question->chunk > 0) {
    client->unsent = question->body;
    client->unsent_length = length;
    client->chunk = question->chunk;
    curl_easy_setopt(client->curl, CURLOPT_READFUNCTION, give);
    curl_easy_setopt(client->curl, CURLOPT_READDATA, client);
  } else {
    curl_easy_setopt(client->curl, CURLOPT_POSTFIELDS, question->body);
    curl_easy_setopt(client->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)length);
  }
}

static void set_target(struct client *client, const struct question *question) {
  char url[512];
  snprintf(url, sizeof url, "%s%s",
           question->unix_socket ? "http://localhost" : client->daemon->url, question->path);
  curl_easy_setopt(client->curl, CURLOPT_URL, url);
  curl_easy_setopt(client->curl, CURLOPT_PATH_AS_IS, 1L);
  curl_easy_setopt(client->curl, CURLOPT_PROXY, "");
  if (question->unix_socket) {
    curl_easy_setopt(client->curl, CURLOPT_UNIX_SOCKET_PATH, client->daemon->socket);
  }
  if (question->body != NULL) {
    set_body(client, question);
  }
  if (question->method != NULL && strcmp(question->method, "HEAD") == 0) {
    curl_easy_setopt(client->curl, CURLOPT_NOBODY, 1L);
  } else if (question->method != NULL) {
    curl_easy_setopt(client->curl, CURLOPT_CUSTOMREQUEST, question->method);
  }
}

static void set_certificates(struct client *client) {
  if (client->authorities != NULL) {
    curl_easy_setopt(client->curl, CURLOPT_CAINFO, client->authorities);
  }
  if (client->certificate != NULL) {
    curl_easy_setopt(client->curl, CURLOPT_SSLCERT, client->certificate);
    curl_easy_setopt(client->curl, CURLOPT_SSLKEY, client->key);
  }
}

bool client_try(struct client *client, const struct question *question) {
  curl_easy_reset(client->curl); /* keeps the connection */
  client->length = 0;
  if (!make_room(client, 0)) {
    return false;
  }
  client->body[0] = '\0';
  set_target(client, question);
  set_certificates(client);
  struct curl_slist *headers = list_headers(question);
  curl_easy_setopt(client->curl, CURLOPT_HTTPHEADER, headers);
  curl_easy_setopt(client->curl, CURLOPT_WRITEFUNCTION, take);
  curl_easy_setopt(client->curl, CURLOPT_WRITEDATA, client);
  curl_easy_setopt(client->curl, CURLOPT_ERRORBUFFER, client->failure);
  curl_easy_setopt(client->curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(client->curl, CURLOPT_TIMEOUT, (long)DEADLINE_SECONDS);
  curl_easy_setopt(client->curl, CURLOPT_EXPECT_100_TIMEOUT_MS, DEADLINE_SECONDS * 1000L);
  client->outcome = curl_easy_perform(client->curl);
  curl_easy_getinfo(client->curl, CURLINFO_RESPONSE_CODE, &client->status);
  curl_easy_getinfo(client->curl, CURLINFO_NUM_CONNECTS, &client->connections);
  client->connections -= client->chunks_ended_it && client->connections > 0;
  client->chunks_ended_it = question->chunk > 0 && client_header(client, "Connection") != NULL;
  curl_easy_setopt(client->curl, CURLOPT_HTTPHEADER, NULL);
  curl_slist_free_all(headers);
  return client->outcome == CURLE_OK;
}

long client_ask(struct client *client, const struct question *question) {
  bool answered = client_try(client, question);
  ck_assert_msg(answered, "%s: %s: %s", question->path, curl_easy_strerror(client->outcome),
                client->failure);
  return client->status;
}

long client_get(struct client *client, const char *path) {
  return client_ask(client, &(struct question){.path = path});
}

long client_post(struct client *client, const char *path, const char *body) {
  return client_ask(client, &(struct question){.path = path, .body = body});
}

const char *client_header(struct client *client, const char *name) {
  struct curl_header *header = NULL;
  CURLHcode found = curl_easy_header(client->curl, name, 0, CURLH_HEADER, -1, &header);
  return found == CURLHE_OK ? header->value : NULL;
}

cJSON *client_json(const struct client *client) {
  const char *end = NULL;
  cJSON *document = cJSON_ParseWithLengthOpts(client->body, client->length + 1, &end, true);
  ck_assert_msg(document != NULL, "no JSON: %.400s", client->body);
  return document;
}

/* The child that the first `length` characters of `name` stand for. */
static const cJSON *child(const cJSON *parent, const char *name, size_t length) {
  if (cJSON_IsArray(parent)) {
    return cJSON_GetArrayItem(parent, atoi(name));
  }
  const cJSON *item = parent->child;
  while (item != NULL &&
         (strlen(item->string) != length || strncmp(item->string, name, length) != 0)) {
    item = item->next;
  }
  return item;
}

const cJSON *json_find(const cJSON *document, const char *pointer) {
  while (document != NULL && *pointer == '/') {
    size_t length = strcspn(pointer + 1, "/");
    document = child(document, pointer + 1, length);
    pointer += 1 + length;
  }
  return document;
}

const cJSON *json_at(const cJSON *document, const char *pointer) {
  const cJSON *item = json_find(document, pointer);
  ck_assert_msg(item != NULL, "there is no %s", pointer);
  return item;
}

double json_number(const cJSON *document, const char *pointer) {
  const cJSON *item = json_at(document, pointer);
  ck_assert_msg(cJSON_IsNumber(item), "%s is no number", pointer);
  return item->valuedouble;
}

const char *json_text(const cJSON *document, const char *pointer) {
  const cJSON *item = json_at(document, pointer);
  ck_assert_msg(cJSON_IsString(item), "%s is no string", pointer);
  return item->valuestring;
}

static void expect_place(const cJSON *problem, const char *pointer, long offset) {
  if (pointer == NULL) {
    ck_assert_ptr_null(json_find(problem, "/pointer"));
  } else {
    ck_assert_str_eq(json_text(problem, "/pointer"), pointer);
  }
  if (offset == NO_OFFSET) {
    ck_assert_ptr_null(json_find(problem, "/offset"));
  } else {
    ck_assert_double_eq(json_number(problem, "/offset"), (double)offset);
  }
}

void client_expect_problem(struct client *client, long status, const char *code,
                           const char *pointer, long offset) {
  ck_assert_msg(client->status == status, "status %ld, expected %ld: %.400s", client->status,
                status, client->body);
  ck_assert_str_eq(client_header(client, "Content-Type"), "application/problem+json");
  ck_assert_str_eq(client_header(client, "Cache-Control"), "no-store");
  cJSON *problem = client_json(client);
  char type[96];
  snprintf(type, sizeof type, "urn:spikelossd:problem:%s", code);
  ck_assert_str_eq(json_text(problem, "/code"), code);
  ck_assert_str_eq(json_text(problem, "/type"), type);
  ck_assert_double_eq(json_number(problem, "/status"), (double)status);
  ck_assert_str_ne(json_text(problem, "/title"), "");
  ck_assert_str_ne(json_text(problem, "/detail"), "");
  ck_assert_ptr_nonnull(client_header(client, "X-Request-Id"));
  ck_assert_str_eq(json_text(problem, "/instance"), client_header(client, "X-Request-Id"));
  expect_place(problem, pointer, offset);
  cJSON_Delete(problem);
}

void client_expect_detail(const struct client *client, const char *words) {
  cJSON *problem = client_json(client);
  const char *detail = json_text(problem, "/detail");
  ck_assert_msg(strstr(detail, words) != NULL, "the detail \"%s\" lacks \"%s\"", detail, words);
  cJSON_Delete(problem);
}
