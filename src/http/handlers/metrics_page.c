#include "http/handlers/handlers.h"

#include "core/codes.h"
#include "http/document.h"
#include "http/metrics.h"
#include "http/problem.h"
#include "http/request.h"
#include "kernels/kernels.h"
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define NAMESPACE "spikelossd_"

static void write_head(struct sl_document *page, const char *name, const char *type,
                       const char *help) {
  sl_document_print(page, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

/* Leaves out a number below 0: the operating system does not tell it. */
static void write_number(struct sl_document *page, const char *name, const char *type,
                         double number, const char *help) {
  if (number >= 0) {
    write_head(page, name, type, help);
    sl_document_print(page, "%s %.17g\n", name, number);
  }
}

/* What HTTP says to a reason; 0 where nothing was answered. */
static unsigned http_status(size_t reason) {
  if (reason >= SL_CODE_COUNT) {
    return 0;
  }
  return reason == SL_OK ? MHD_HTTP_OK : sl_problem_http_status((enum sl_status)reason);
}

/* Success is listed from the start, so that its rate is right from the first request on. */
static void write_requests_of(struct sl_document *page, const uint64_t *sums, size_t loss,
                              size_t encoding) {
  enum { STATUS_COUNT = 600 };
  uint64_t requests[STATUS_COUNT] = {0};
  for (size_t reason = 0; reason < SL_REASON_COUNT; reason++) {
    requests[http_status(reason)] += sums[sl_column_of_requests(loss, encoding, reason)];
  }
  for (unsigned status = 0; status < STATUS_COUNT; status++) {
    if (requests[status] > 0 || status == MHD_HTTP_OK) {
      char text[16] = "none";
      if (status != 0) {
        snprintf(text, sizeof text, "%u", status);
      }
      sl_document_print(
          page, NAMESPACE "requests_total{loss=\"%s\",status=\"%s\",encoding=\"%s\"} %ju\n",
          sl_losses[loss] != NULL ? sl_losses[loss]->name : "none", text,
          sl_answer_fields[SL_ANSWER_ENCODING].choices[encoding], (uintmax_t)requests[status]);
    }
  }
}

static void write_requests(struct sl_document *page, const uint64_t *sums) {
  write_head(page, NAMESPACE "requests_total", "counter",
             "Requests that are over, by loss, HTTP status of the answer (none if the connection "
             "ended before its last byte) and encoding of its gradients.");
  size_t loss = 0;
  for (; sl_losses[loss] != NULL; loss++) {
    for (size_t encoding = 0; encoding < SL_ENCODING_COUNT; encoding++) {
      write_requests_of(page, sums, loss, encoding);
    }
  }
  write_requests_of(page, sums, loss, SL_ENCODING_TEXT);
}

static void write_durations(struct sl_document *page, const uint64_t *sums) {
  static const char *const phases[SL_PHASE_COUNT] = {"receive", "compute", "send"};
  const char *name = NAMESPACE "request_duration_seconds";
  write_head(page, name, "histogram",
             "Time that losses took which were answered with 200, split into the arrival of the "
             "body, the computation, and the sending of the answer.");
  for (enum sl_phase phase = 0; phase < SL_PHASE_COUNT; phase++) {
    uint64_t requests = 0;
    for (size_t bucket = 0; bucket < SL_DURATION_BUCKETS; bucket++) {
      requests += sums[sl_column_of_duration(phase, bucket)];
      sl_document_print(page, "%s_bucket{phase=\"%s\",le=\"%g\"} %ju\n", name, phases[phase],
                        (double)sl_duration_bounds[bucket] * 1e-9, (uintmax_t)requests);
    }
    requests += sums[sl_column_of_duration(phase, SL_DURATION_BUCKETS)];
    uint64_t nanoseconds = sums[sl_column_of_nanoseconds(phase)];
    sl_document_print(page, "%s_bucket{phase=\"%s\",le=\"+Inf\"} %ju\n", name, phases[phase],
                      (uintmax_t)requests);
    sl_document_print(page, "%s_sum{phase=\"%s\"} %ju.%09ju\n", name, phases[phase],
                      (uintmax_t)nanoseconds / 1000000000, (uintmax_t)nanoseconds % 1000000000);
    sl_document_print(page, "%s_count{phase=\"%s\"} %ju\n", name, phases[phase],
                      (uintmax_t)requests);
  }
}

static void write_work(struct sl_document *page, const uint64_t *sums) {
  write_number(page, NAMESPACE "request_body_bytes_total", "counter",
               (double)sums[SL_COLUMN_BODY_BYTES],
               "Bytes of request bodies that arrived, those that were refused included.");
  write_number(page, NAMESPACE "answer_bytes_total", "counter",
               (double)sums[SL_COLUMN_ANSWER_BYTES], "Bytes of the bodies of answers.");
  write_number(page, NAMESPACE "spikes_total", "counter", (double)sums[SL_COLUMN_SPIKES],
               "Values other than 0 in the spike tensors of losses that were computed.");
  const char *name = NAMESPACE "decoded_bytes_total";
  write_head(
      page, name, "counter",
      "Bytes of bodies whose loss was computed, by the path that read them: fast in blocks by "
      "a kernel, exact number by number.");
  sl_document_print(page, "%s{path=\"fast\"} %ju\n%s{path=\"exact\"} %ju\n", name,
                    (uintmax_t)sums[SL_COLUMN_FAST_BYTES], name,
                    (uintmax_t)sums[SL_COLUMN_EXACT_BYTES]);
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

static void write_rejects(struct sl_document *page, const uint64_t *sums) {
  const char *name = NAMESPACE "rejects_total";
  write_head(page, name, "counter",
             "Requests and connections that were turned away for limits, capacity, access or "
             "deadlines, by the error code or the deadline.");
  for (size_t reason = 0; reason < SL_REASON_COUNT; reason++) {
    if (!is_reject(reason)) {
      continue;
    }
    uint64_t rejects = sums[SL_COLUMN_REFUSALS + reason];
    for (size_t loss = 0; loss == 0 || sl_losses[loss - 1] != NULL; loss++) {
      for (size_t encoding = 0; encoding < SL_ENCODING_COUNT; encoding++) {
        rejects += sums[sl_column_of_requests(loss, encoding, reason)];
      }
    }
    sl_document_print(page, "%s{reason=\"%s\"} %ju\n", name,
                      reason < SL_CODE_COUNT
                          ? sl_code_name((enum sl_status)reason)
                          : sl_outcome_name((enum sl_outcome)(reason - SL_CODE_COUNT)),
                      (uintmax_t)rejects);
  }
}

static void write_present(struct sl_document *page, const uint64_t *sums,
                          const struct sl_service *service) {
  write_number(page, NAMESPACE "requests_in_flight", "gauge",
               (double)atomic_load_explicit(&service->requests, memory_order_relaxed),
               "Requests that have begun and are not over, this one included.");
  write_number(page, NAMESPACE "connections", "gauge",
               (double)(sums[SL_COLUMN_CONNECTIONS_OPENED] - sums[SL_COLUMN_CONNECTIONS_CLOSED]),
               "Connections that are open.");
  write_number(page, NAMESPACE "request_memory_bytes", "gauge",
               (double)atomic_load_explicit(&service->capacity.memory, memory_order_relaxed),
               "Memory that requests and the buffers of their connections take.");
  write_number(page, NAMESPACE "request_memory_limit_bytes", "gauge",
               (double)service->capacity.max_memory, "Memory that they may take together.");
  write_head(page, NAMESPACE "build_info", "gauge", "1; the labels say which program this is.");
  sl_document_print(page,
                    NAMESPACE "build_info{version=\"%s\",isa=\"%s\",libmicrohttpd=\"%s\"} 1\n",
                    SPIKELOSSD_VERSION, sl_kernels_name(), MHD_get_version());
}

static double cpu_seconds(void) {
  struct timespec spent;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &spent);
  return (double)spent.tv_sec + (double)spent.tv_nsec * 1e-9;
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

/* What the operating system says about this process; some only where there is /proc. */
static void write_process(struct sl_document *page, const struct sl_service *service) {
  double virtual_pages = -1;
  double resident_pages = -1;
  FILE *file = fopen("/proc/self/statm", "re");
  if (file != NULL) {
    (void)!fscanf(file, "%lf %lf", &virtual_pages, &resident_pages);
    fclose(file);
  }
  double page_bytes = (double)sysconf(_SC_PAGESIZE);
  write_number(page, "process_cpu_seconds_total", "counter", cpu_seconds(),
               "Processor time of all threads, in user and system mode.");
  write_number(page, "process_resident_memory_bytes", "gauge", resident_pages * page_bytes,
               "Memory that is in RAM.");
  write_number(page, "process_virtual_memory_bytes", "gauge", virtual_pages * page_bytes,
               "Address space in use.");
  write_number(page, "process_open_fds", "gauge", count_open_files(), "Open file descriptors.");
  write_number(page, "process_max_fds", "gauge", max_open_files(),
               "Maximum number of open file descriptors.");
  write_number(page, "process_start_time_seconds", "gauge", service->started,
               "When the server started, in seconds since 1970.");
}

enum MHD_Result sl_handle_metrics(struct sl_request *request) {
  const struct sl_service *service = request->service;
  struct sl_document page = {0};
  uint64_t *sums = sl_metrics_sum(service->metrics);
  if (sums != NULL) {
    write_requests(&page, sums);
    write_durations(&page, sums);
    write_work(&page, sums);
    write_rejects(&page, sums);
    write_present(&page, sums, service);
    write_process(&page, service);
  }
  page.failed = page.failed || sums == NULL;
  free(sums);
  return sl_response_text(request, "text/plain; version=0.0.4; charset=utf-8",
                          sl_document_finish(&page));
}
