/*
 * What the operating system says about this process. A number that it does not tell (without /proc,
 * say) is absent: -1.
 */
#ifndef SPIKELOSS_HTTP_PROCESS_H
#define SPIKELOSS_HTTP_PROCESS_H

struct sl_process {
  double cpu_seconds; /* in user and system mode, of all threads */
  double resident_bytes;
  double virtual_bytes;
  double open_files;
  double max_files;
};

struct sl_process sl_process_read(void);

#endif
