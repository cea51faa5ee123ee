/*
 * Names for requests, so that a line of a log and an answer can be told to belong together.
 */
#ifndef SPIKELOSS_HTTP_REQUEST_ID_H
#define SPIKELOSS_HTTP_REQUEST_ID_H

enum { SL_REQUEST_ID_MAX = 64 };

/*
 * Takes over the client's own name for a request if it is a sane one: 1 to SL_REQUEST_ID_MAX
 * letters, digits and `.` `_` `-`. Otherwise, or if `wish` is NULL, makes one that no other request
 * has.
 */
void sl_request_id_choose(char id[SL_REQUEST_ID_MAX + 1], const char *wish);

#endif
