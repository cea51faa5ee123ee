/*
 * Both losses with simdjson, behind the same libmicrohttpd, set up the same way, as the sink.
 *
 *     simdjson_server --listen 127.0.0.1:0 --threads 1
 */
#include "../bare_server.h"
#include "simdjson_losses.h"

#include <cstdlib>
#include <cstring>
#include <exception>
#include <memory>

namespace {

/* Of a request: what it says, its body, its answer. Kept by its thread for the next one. */
struct state {
  peer::question question;
  bool population;
  char *body = nullptr;
  std::size_t length, space = 0;
  std::string answer;

  ~state() {
    std::free(body);
  }
};

thread_local std::vector<std::unique_ptr<state>> unused;

void *begin(const char *path) {
  auto next = unused.empty() ? std::make_unique<state>() : std::move(unused.back());
  if (!unused.empty()) {
    unused.pop_back();
  }
  next->population = std::strcmp(path, "/v1/losses/balanced_population_mse") == 0;
  next->length = 0;
  return next.release();
}

void take(void *request, const char *bytes, std::size_t length) {
  auto *state = static_cast<struct state *>(request);
  std::size_t needed = state->length + length + simdjson::SIMDJSON_PADDING;
  if (needed > state->space) {
    state->space = 2 * needed;
    state->body = static_cast<char *>(std::realloc(state->body, state->space));
  }
  std::memcpy(state->body + state->length, bytes, length);
  state->length += length;
}

MHD_Result answer(void *request, MHD_Connection *connection) {
  auto *state = static_cast<struct state *>(request);
  unsigned status = MHD_HTTP_OK;
  try {
    peer::read(state->question, state->population, state->body, state->length);
    peer::answer(state->answer, state->question, state->population);
  } catch (const std::exception &problem) {
    status = MHD_HTTP_BAD_REQUEST;
    state->answer = problem.what();
  }
  MHD_Response *response = MHD_create_response_from_buffer(
      state->answer.size(), state->answer.data(), MHD_RESPMEM_PERSISTENT);
  MHD_add_response_header(response, "Content-Type", "application/json");
  MHD_Result queued = MHD_queue_response(connection, status, response);
  MHD_destroy_response(response);
  return queued;
}

void end(void *request) {
  unused.emplace_back(static_cast<state *>(request));
}

} // namespace

int main(int count, char **arguments) {
  static const bench_service service = {"simdjson", begin, take, answer, end};
  return bench_serve(&service, count, arguments);
}
