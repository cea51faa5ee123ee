#include "http/handlers/handlers.h"

#include "core/buffer.h"
#include "core/codes.h"
#include "http/metrics.h"
#include "http/problem.h"
#include "http/request.h"
#include "http/response.h"
#include "kernels/kernels.h"
#include <dirent.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define NAMESPACE "spikelossd_"

/* Bytes of one call of write_text: a line or two, made of this program's own texts. */
enum { MAX_LINE = 1024 };

/* The page while it is written. */
struct page {
  struct sl_buffer text;
  const uint64_t *sums; /* by enum sl_column */
  bool ok;              /* there was memory for all that was written */
};

static void write_text(struct page *page, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Does nothing once there was no memory. */
static void write_text(struct page *page, const char *format, ...) {
  char text[MAX_LINE];
  va_list arguments;
  va_start(arguments, format);
  int length = vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  page->ok = page->ok && length >= 0 && length < MAX_LINE &&
             sl_buffer_append(&page->text, text, (size_t)length);
}

static void write_head(struct page *page, const char *name, const char *type, const char *help) {
  write_text(page, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void write_counter(struct page *page, const char *name, uint64_t value, const char *help) {
  write_head(page, name, "counter", help);
  write_text(page, "%s %ju\n", name, (uintmax_t)value);
}

static void write_gauge(struct page *page, const char *name, uint64_t value, const char *help) {
  write_head(page, name, "gauge", help);
  write_text(page, "%s %ju\n", name, (uintmax_t)value);
}

static void write_seconds(struct page *page, uint64_t nanoseconds) {
  write_text(page, "%ju.%09ju", (uintmax_t)(nanoseconds / 1000000000),
             (uintmax_t)(nanoseconds % 1000000000));
}

static const char *loss_name(size_t index) {
  return sl_losses[index] != NULL ? sl_losses[index]->name : "none";
}

/* What HTTP says to a reason; 0 where nothing was answered. */
static unsigned http_status(size_t reason) {
  if (reason >= SL_CODE_COUNT) {
    return 0;
  }
  return reason == SL_OK ? 200 : sl_problem_http_status((enum sl_status)reason);
}

/* Many reasons share a status: it is written down with the first of them. */
static bool is_first_of_its_status(size_t reason) {
  for (size_t before = 0; before < reason; before++) {
    if (http_status(before) == http_status(reason)) {
      return false;
    }
  }
  return true;
}

static uint64_t requests_with_status(const struct page *page, size_t loss, size_t encoding,
                                     unsigned status) {
  uint64_t requests = 0;
  for (size_t reason = 0; reason < SL_REASON_COUNT; reason++) {
    if (http_status(reason) == status) {
      requests += page->sums[sl_column_of_requests(loss, encoding, reason)];
    }
  }
  return requests;
}

/* Success is listed from the start, so that its rate is right from the first request on. */
static void write_requests_of(struct page *page, size_t loss, size_t encoding) {
  static const char *const encodings[SL_ENCODING_COUNT] = {"text", "f32", "f64"};
  for (size_t reason = 0; reason < SL_REASON_COUNT; reason++) {
    unsigned status = http_status(reason);
    uint64_t requests = requests_with_status(page, loss, encoding, status);
    if (!is_first_of_its_status(reason) || (requests == 0 && reason != SL_OK)) {
      continue;
    }
    char text[16] = "none";
    if (status != 0) {
      snprintf(text, sizeof text, "%u", status);
    }
    write_text(page, NAMESPACE "requests_total{loss=\"%s\",status=\"%s\",encoding=\"%s\"} %ju\n",
               loss_name(loss), text, encodings[encoding], (uintmax_t)requests);
  }
}

static void write_requests(struct page *page) {
  write_head(page, NAMESPACE "requests_total", "counter",
             "Requests that are over, by loss, HTTP status of the answer (none if the connection "
             "ended before its last byte) and encoding of its gradients.");
  size_t loss = 0;
  for (; sl_losses[loss] != NULL; loss++) {
    for (size_t encoding = 0; encoding < SL_ENCODING_COUNT; encoding++) {
      write_requests_of(page, loss, encoding);
    }
  }
  write_requests_of(page, loss, SL_ENCODING_TEXT);
}

static void write_duration(struct page *page, enum sl_phase phase) {
  static const char *const phases[SL_PHASE_COUNT] = {"receive", "compute", "send"};
  const char *bucket_format =
      NAMESPACE "request_duration_seconds_bucket{phase=\"%s\",le=\"%g\"} %ju\n";
  uint64_t requests = 0;
  for (size_t bucket = 0; bucket < SL_DURATION_BUCKETS; bucket++) {
    requests += page->sums[sl_column_of_duration(phase, bucket)];
    write_text(page, bucket_format, phases[phase], (double)sl_duration_bounds[bucket] * 1e-9,
               (uintmax_t)requests);
  }
  requests += page->sums[sl_column_of_duration(phase, SL_DURATION_BUCKETS)];
  write_text(page, NAMESPACE "request_duration_seconds_bucket{phase=\"%s\",le=\"+Inf\"} %ju\n",
             phases[phase], (uintmax_t)requests);
  write_text(page, NAMESPACE "request_duration_seconds_sum{phase=\"%s\"} ", phases[phase]);
  write_seconds(page, page->sums[SL_COLUMN_NANOSECONDS + phase]);
  write_text(page, "\n" NAMESPACE "request_duration_seconds_count{phase=\"%s\"} %ju\n",
             phases[phase], (uintmax_t)requests);
}

static void write_durations(struct page *page) {
  write_head(page, NAMESPACE "request_duration_seconds", "histogram",
             "Time that losses took which were answered with 200, split into the arrival of the "
             "body, the computation, and the sending of the answer.");
  for (enum sl_phase phase = 0; phase < SL_PHASE_COUNT; phase++) {
    write_duration(page, phase);
  }
}

static void write_work(struct page *page) {
  write_counter(page, NAMESPACE "request_body_bytes_total", page->sums[SL_COLUMN_BODY_BYTES],
                "Bytes of request bodies that arrived, those that were refused included.");
  write_counter(page, NAMESPACE "answer_bytes_total", page->sums[SL_COLUMN_ANSWER_BYTES],
                "Bytes of the bodies of answers.");
  write_counter(page, NAMESPACE "spikes_total", page->sums[SL_COLUMN_SPIKES],
                "Values other than 0 in the spike tensors of losses that were computed.");
  const char *name = NAMESPACE "decoded_bytes_total";
  write_head(
      page, name, "counter",
      "Bytes of bodies whose loss was computed, by the path that read them: fast in blocks by "
      "a kernel, exact byte by byte.");
  write_text(page, "%s{path=\"fast\"} %ju\n%s{path=\"exact\"} %ju\n", name,
             (uintmax_t)page->sums[SL_COLUMN_FAST_BYTES], name,
             (uintmax_t)page->sums[SL_COLUMN_EXACT_BYTES]);
}

/* Whether a reason says that the server would not, rather than that the request was wrong. */
static bool is_reject(size_t reason) {
  if (reason >= SL_CODE_COUNT) {
    size_t outcome = reason - SL_CODE_COUNT;
    return outcome != SL_OUTCOME_ANSWERED && outcome != SL_OUTCOME_CLIENT_LEFT;
  }
  unsigned status = http_status(reason);
  return status == 401 || status == 403 || status == 413 || status == 503;
}

static void write_rejects(struct page *page) {
  const char *name = NAMESPACE "rejects_total";
  write_head(page, name, "counter",
             "Requests and connections that were turned away for limits, capacity, access or "
             "deadlines, by the error code or the deadline.");
  for (size_t reason = 0; reason < SL_REASON_COUNT; reason++) {
    if (!is_reject(reason)) {
      continue;
    }
    uint64_t rejects = page->sums[SL_COLUMN_REFUSALS + reason];
    for (size_t loss = 0; loss == 0 || sl_losses[loss - 1] != NULL; loss++) {
      for (size_t encoding = 0; encoding < SL_ENCODING_COUNT; encoding++) {
        rejects += page->sums[sl_column_of_requests(loss, encoding, reason)];
      }
    }
    write_text(page, "%s{reason=\"%s\"} %ju\n", name,
               reason < SL_CODE_COUNT ? sl_code_name((enum sl_status)reason)
                                      : sl_outcome_name((enum sl_outcome)(reason - SL_CODE_COUNT)),
               (uintmax_t)rejects);
  }
}

static void write_present(struct page *page, const struct sl_service *service) {
  write_gauge(page, NAMESPACE "requests_in_flight",
              atomic_load_explicit(&service->requests, memory_order_relaxed),
              "Requests that have begun and are not over, this one included.");
  write_gauge(page, NAMESPACE "connections",
              page->sums[SL_COLUMN_CONNECTIONS_OPENED] - page->sums[SL_COLUMN_CONNECTIONS_CLOSED],
              "Connections that are open.");
  write_gauge(page, NAMESPACE "request_memory_bytes",
              atomic_load_explicit(&service->capacity.memory, memory_order_relaxed),
              "Memory that requests and the buffers of their connections take.");
  write_gauge(page, NAMESPACE "request_memory_limit_bytes", service->capacity.max_memory,
              "Memory that they may take together.");
  write_head(page, NAMESPACE "build_info", "gauge", "1; the labels say which program this is.");
  write_text(page, NAMESPACE "build_info{version=\"%s\",isa=\"%s\",libmicrohttpd=\"%s\"} 1\n",
             SPIKELOSSD_VERSION, sl_kernels_name(), MHD_get_version());
}

/* What the operating system says about this process. A number that it does not tell (without /proc,
 * say) is absent: -1. */
struct process {
  double cpu_seconds; /* in user and system mode, of all threads */
  double resident_bytes;
  double virtual_bytes;
  double open_files;
  double max_files;
};

static double cpu_seconds(void) {
  struct timespec spent;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &spent);
  return (double)spent.tv_sec + (double)spent.tv_nsec * 1e-9;
}

static void read_process_memory(struct process *process) {
  double page = (double)sysconf(_SC_PAGESIZE);
  unsigned long virtual_pages;
  unsigned long resident_pages;
  FILE *file = fopen("/proc/self/statm", "re");
  if (file == NULL) {
    return;
  }
  if (fscanf(file, "%lu %lu", &virtual_pages, &resident_pages) == 2) {
    process->virtual_bytes = (double)virtual_pages * page;
    process->resident_bytes = (double)resident_pages * page;
  }
  fclose(file);
}

/* The entries of /proc/self/fd without ".", ".." and the one through which they are read. */
static double count_open_files(void) {
  DIR *folder = opendir("/proc/self/fd");
  if (folder == NULL) {
    return -1;
  }
  double entries = -3;
  while (readdir(folder) != NULL) {
    entries++;
  }
  closedir(folder);
  return entries;
}

static double max_open_files(void) {
  struct rlimit limit;
  bool known = getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY;
  return known ? (double)limit.rlim_cur : -1;
}

static struct process read_process(void) {
  struct process process = {
      .cpu_seconds = cpu_seconds(),
      .resident_bytes = -1,
      .virtual_bytes = -1,
      .open_files = count_open_files(),
      .max_files = max_open_files(),
  };
  read_process_memory(&process);
  return process;
}

/* A number of the operating system, left out where it does not tell. */
static void write_process_number(struct page *page, const char *name, const char *type,
                                 double value, const char *help) {
  if (value >= 0) {
    write_head(page, name, type, help);
    write_text(page, "%s %.17g\n", name, value);
  }
}

static void write_process(struct page *page, const struct sl_service *service) {
  struct process process = read_process();
  write_process_number(page, "process_cpu_seconds_total", "counter", process.cpu_seconds,
                       "Processor time of all threads, in user and system mode.");
  write_process_number(page, "process_resident_memory_bytes", "gauge", process.resident_bytes,
                       "Memory that is in RAM.");
  write_process_number(page, "process_virtual_memory_bytes", "gauge", process.virtual_bytes,
                       "Address space in use.");
  write_process_number(page, "process_open_fds", "gauge", process.open_files,
                       "Open file descriptors.");
  write_process_number(page, "process_max_fds", "gauge", process.max_files,
                       "Maximum number of open file descriptors.");
  write_process_number(page, "process_start_time_seconds", "gauge", service->started,
                       "When the server started, in seconds since 1970.");
}

enum MHD_Result sl_handle_metrics(struct sl_request *request, struct MHD_Connection *connection) {
  const struct sl_service *service = request->service;
  uint64_t *sums = sl_metrics_sum(service->metrics);
  struct page page = {.sums = sums, .ok = sums != NULL};
  if (page.ok) {
    write_requests(&page);
    write_durations(&page);
    write_work(&page);
    write_rejects(&page);
    write_present(&page, service);
    write_process(&page, service);
  }
  free(sums);
  if (!page.ok || !sl_buffer_append(&page.text, "", 1)) {
    sl_buffer_free(&page.text);
  }
  return sl_response_text(request, connection, "text/plain; version=0.0.4; charset=utf-8",
                          page.text.bytes);
}
