#include "session.h"

struct daemon daemon_process;
struct client client;

void session_begin(void) {
  START(&daemon_process);
  client_open(&client, &daemon_process);
}

void session_end(void) {
  client_close(&client);
  daemon_stop(&daemon_process);
}

void session_tidy(void) {
  daemon_tidy(&daemon_process);
}
