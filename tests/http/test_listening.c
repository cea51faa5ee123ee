/*
 * Where the daemon listens: TCP, Unix sockets, sockets that a daemon has left.
 */
#include "client.h"
#include "suite.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static struct daemon daemon_process;
static struct daemon second_daemon;
static struct client client;

static void tidy(void) {
  daemon_tidy(&daemon_process);
  daemon_tidy(&second_daemon);
}

static bool exists(const char *path) {
  struct stat file;
  return lstat(path, &file) == 0;
}

/* A path in the daemon's folder, as it is and as an address. */
struct place {
  char path[96];
  char address[104];
};

static struct place place_in(const struct daemon *daemon, const char *name) {
  struct place place;
  snprintf(place.path, sizeof place.path, "%.60s/%.20s", daemon->folder, name);
  snprintf(place.address, sizeof place.address, "unix:%.95s", place.path);
  return place;
}

START_TEST(requests_work_over_the_unix_socket) {
  START(&daemon_process);
  client_open(&client, &daemon_process);
  for (int i = 0; i < 3; i++) {
    client_ask(&client, &(struct question){.path = FIRING_RATE, .body = GOOD, .unix_socket = true});
    ck_assert_int_eq(client.status, 200);
    ck_assert_int_eq(client.connections, i == 0);
    cJSON *answer = client_json(&client);
    ck_assert_double_eq(json_number(answer, "/loss"), 0.25);
    cJSON_Delete(answer);
  }
  client_ask(&client, &(struct question){.path = FIRING_RATE, .body = "[", .unix_socket = true});
  client_expect_problem(&client, 400, "wrong_type", NULL, 0);
  client_close(&client);
  daemon_stop(&daemon_process);
}
END_TEST

static bool machine_has_ipv6(void) {
  struct sockaddr_in6 address = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
  int probe = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
  bool bound = probe >= 0 && bind(probe, (const struct sockaddr *)&address, sizeof address) == 0;
  if (probe >= 0) {
    close(probe);
  }
  return bound;
}

START_TEST(requests_work_over_ipv6) {
  if (!machine_has_ipv6()) {
    fprintf(stderr, "skipped: this machine has no IPv6\n");
    return;
  }
  START(&daemon_process, "--listen", "[::1]:0", "--connections", "8");
  daemon_wait_for_message(&daemon_process, "listening on http://[::1]:");
  const char *address = strstr(daemon_process.said, "http://[::1]:");
  ck_assert_int_eq(sscanf(address, "%63s", daemon_process.url), 1);
  client_open(&client, &daemon_process);
  ck_assert_int_eq(client_post(&client, FIRING_RATE, GOOD), 200);
  struct client others[7]; /* ::1 is a client that is counted like any other: 7 of 8 */
  for (int i = 0; i < 7; i++) {
    client_open(&others[i], &daemon_process);
    client_post(&others[i], FIRING_RATE, GOOD);
    ck_assert_int_eq(others[i].status, i < 6 ? 200 : 503);
  }
  client_expect_problem(&others[6], 503, "busy", NULL, NO_OFFSET);
  for (int i = 0; i < 7; i++) {
    client_close(&others[i]);
  }
  client_close(&client);
  daemon_stop(&daemon_process);
}
END_TEST

START_TEST(the_socket_file_goes_when_the_daemon_goes) {
  START(&daemon_process);
  struct place folder = place_in(&daemon_process, "kept");
  mkdir(folder.path, 0700); /* keeps the folder, and with it what the daemon leaves there */
  char path[sizeof daemon_process.socket];
  strcpy(path, daemon_process.socket);
  ck_assert(exists(path));
  daemon_signal(&daemon_process, 15);
  daemon_wait_for_message(&daemon_process, "the server has stopped");
  ck_assert(!exists(path));
  rmdir(folder.path);
  daemon_ends_well(&daemon_process);
}
END_TEST

START_TEST(every_address_that_is_asked_for_is_served) {
  START(&daemon_process, "--listen", "127.0.0.1:0", "--listen", "localhost:0");
  client_open(&client, &daemon_process);
  daemon_wait_for_message(&daemon_process, "daemon.sock\n");
  daemon_signal(&daemon_process, 15);
  daemon_ends_well(&daemon_process);
  char first[64];
  int served = 0;
  const char *next = daemon_process.said;
  while ((next = strstr(next, "listening on http://")) != NULL) {
    ck_assert_int_eq(sscanf(next, "listening on %63s", first), 1);
    next++;
    served++;
  }
  ck_assert_int_eq(served, 3);
  client_close(&client);
}
END_TEST

/* What a daemon leaves when it is killed: a socket file without a listener. */
static void leave_socket(const char *path) {
  struct sockaddr_un name = {.sun_family = AF_UNIX};
  snprintf(name.sun_path, sizeof name.sun_path, "%s", path);
  int left = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  ck_assert_int_ge(left, 0);
  ck_assert_int_eq(bind(left, (const struct sockaddr *)&name, sizeof name), 0);
  close(left);
}

static struct stat file_of(const char *path) {
  struct stat file;
  ck_assert_int_eq(lstat(path, &file), 0);
  return file;
}

START_TEST(a_unix_socket_belongs_to_its_owner_alone_unless_another_mode_is_asked_for) {
  static const mode_t masks[] = {022, 0, 0777};
  for (size_t i = 0; i < sizeof masks / sizeof *masks; i++) {
    mode_t mask = umask(masks[i]);
    START(&daemon_process);
    START(&second_daemon, "--unix-mode", "0662");
    umask(mask);
    ck_assert_uint_eq(file_of(daemon_process.socket).st_mode & 07777, 0600);
    ck_assert_uint_eq(file_of(second_daemon.socket).st_mode & 07777, 0662);
    daemon_stop(&daemon_process);
    daemon_stop(&second_daemon);
  }
}
END_TEST

START_TEST(a_socket_that_was_left_behind_is_replaced) {
  START(&daemon_process);
  struct place stale = place_in(&daemon_process, "stale.sock");
  leave_socket(stale.path);
  START(&second_daemon, "--listen", stale.address);
  daemon_wait_for_message(&second_daemon, stale.address);
  strcpy(second_daemon.socket, stale.path);
  client_open(&client, &second_daemon);
  client_ask(&client, &(struct question){.path = FIRING_RATE, .body = GOOD, .unix_socket = true});
  ck_assert_int_eq(client.status, 200);
  client_close(&client);
  snprintf(second_daemon.socket, sizeof second_daemon.socket, "%s/daemon.sock",
           second_daemon.folder);
  daemon_stop(&second_daemon);
  ck_assert(!exists(stale.path));
  daemon_stop(&daemon_process);
}
END_TEST

START_TEST(a_socket_that_is_listened_on_is_left_alone) {
  START(&daemon_process);
  char address[128];
  struct run run;
  snprintf(address, sizeof address, "unix:%s", daemon_process.socket);
  RUN(&run, "--listen", address);
  ck_assert_int_eq(run.exit_code, 1);
  ck_assert_ptr_nonnull(strstr(run.messages, "address already in use"));
  ck_assert_ptr_nonnull(strstr(run.messages, daemon_process.socket));
  client_open(&client, &daemon_process);
  client_ask(&client, &(struct question){.path = "/livez", .unix_socket = true});
  ck_assert_int_eq(client.status, 200);
  client_close(&client);
  daemon_stop(&daemon_process);
}
END_TEST

static void lock_of(struct place *lock, const char *path) {
  snprintf(lock->path, sizeof lock->path, "%.85s.lock", path);
}

START_TEST(a_socket_that_another_daemon_is_about_to_listen_on_is_left_alone) {
  START(&daemon_process);
  struct place place = place_in(&daemon_process, "bound.sock");
  struct place lock;
  struct run run;
  lock_of(&lock, place.path);
  int held = open(lock.path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  ck_assert_int_ge(held, 0);
  ck_assert_int_eq(flock(held, LOCK_EX | LOCK_NB), 0);
  leave_socket(place.path); /* bound, and not listened on: the same as one that is left */
  RUN(&run, "--listen", place.address);
  ck_assert_int_eq(run.exit_code, 1);
  ck_assert_ptr_nonnull(strstr(run.messages, "address already in use"));
  ck_assert_ptr_nonnull(strstr(run.messages, lock.path));
  ck_assert(exists(place.path));
  ck_assert(exists(lock.path));
  close(held);
  unlink(place.path);
  unlink(lock.path);
  daemon_stop(&daemon_process);
}
END_TEST

START_TEST(the_lock_of_a_socket_is_held_until_the_daemon_goes_and_one_that_was_left_is_taken) {
  START(&daemon_process);
  struct place place = place_in(&daemon_process, "own.sock");
  struct place lock;
  lock_of(&lock, place.path);
  fclose(fopen(lock.path, "w")); /* that of a daemon that was killed */
  START(&second_daemon, "--listen", place.address);
  daemon_wait_for_message(&second_daemon, place.address);
  int other = open(lock.path, O_RDWR | O_CLOEXEC);
  ck_assert_int_ge(other, 0);
  ck_assert_int_ne(flock(other, LOCK_EX | LOCK_NB), 0);
  close(other);
  daemon_stop(&second_daemon);
  ck_assert(!exists(place.path));
  ck_assert(!exists(lock.path));
  daemon_stop(&daemon_process);
}
END_TEST

/* Such as that of a log: it does not refuse connections, it has none. */
START_TEST(a_socket_of_another_kind_is_left_alone_and_the_reason_told) {
  START(&daemon_process);
  struct place place = place_in(&daemon_process, "datagrams.sock");
  struct sockaddr_un name = {.sun_family = AF_UNIX};
  struct run run;
  strcpy(name.sun_path, place.path);
  int datagrams = socket(AF_UNIX, SOCK_DGRAM, 0);
  ck_assert_int_eq(bind(datagrams, (const struct sockaddr *)&name, sizeof name), 0);
  RUN(&run, "--listen", place.address);
  ck_assert_int_eq(run.exit_code, 1);
  ck_assert_ptr_nonnull(strstr(run.messages, "cannot replace"));
  ck_assert_ptr_nonnull(strstr(run.messages, "Protocol wrong type for socket"));
  ck_assert(exists(place.path));
  close(datagrams);
  unlink(place.path);
  daemon_stop(&daemon_process);
}
END_TEST

START_TEST(a_file_that_is_no_socket_is_left_alone) {
  START(&daemon_process);
  struct place file = place_in(&daemon_process, "notes.txt");
  struct run run;
  FILE *notes = fopen(file.path, "w");
  ck_assert_ptr_nonnull(notes);
  fclose(notes);
  RUN(&run, "--listen", file.address);
  ck_assert_int_eq(run.exit_code, 1);
  ck_assert_ptr_nonnull(strstr(run.messages, "exists and is not a socket"));
  ck_assert(exists(file.path));
  unlink(file.path);
  daemon_stop(&daemon_process);
}
END_TEST

START_TEST(a_port_that_is_taken_is_named) {
  START(&daemon_process);
  char address[64];
  struct run run;
  snprintf(address, sizeof address, "127.0.0.1:%d", daemon_process.port);
  RUN(&run, "--listen", address);
  ck_assert_int_eq(run.exit_code, 1);
  ck_assert_ptr_nonnull(strstr(run.messages, address));
  ck_assert_ptr_nonnull(strstr(run.messages, "Address already in use; stop what uses it"));
  daemon_stop(&daemon_process);
}
END_TEST

START_TEST(if_one_address_fails_none_is_served) {
  START(&daemon_process);
  char taken[64];
  struct run run;
  struct place fresh = place_in(&daemon_process, "fresh.sock");
  snprintf(taken, sizeof taken, "127.0.0.1:%d", daemon_process.port);
  RUN(&run, "--listen", fresh.address, "--listen", taken);
  ck_assert_int_eq(run.exit_code, 1);
  ck_assert_ptr_null(strstr(run.messages, "listening on"));
  ck_assert(!exists(fresh.path));
  daemon_stop(&daemon_process);
}
END_TEST

int main(void) {
  return RUN_SUITE(
      "listening", tidy, requests_work_over_the_unix_socket, requests_work_over_ipv6,
      the_socket_file_goes_when_the_daemon_goes, every_address_that_is_asked_for_is_served,
      a_socket_that_was_left_behind_is_replaced, a_socket_that_is_listened_on_is_left_alone,
      a_socket_that_another_daemon_is_about_to_listen_on_is_left_alone,
      the_lock_of_a_socket_is_held_until_the_daemon_goes_and_one_that_was_left_is_taken,
      a_socket_of_another_kind_is_left_alone_and_the_reason_told,
      a_file_that_is_no_socket_is_left_alone, a_port_that_is_taken_is_named,
      if_one_address_fails_none_is_served,
      a_unix_socket_belongs_to_its_owner_alone_unless_another_mode_is_asked_for);
}
