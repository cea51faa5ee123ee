/*
 * A document while it is written, as text or as JSON. Where memory runs out, what follows is not
 * written and sl_document_finish returns NULL: a writer runs straight through and checks nothing.
 */
#ifndef SPIKELOSS_HTTP_DOCUMENT_H
#define SPIKELOSS_HTTP_DOCUMENT_H

#include "core/buffer.h"
#include <stdbool.h>
#include <stdint.h>

/* Freed by sl_document_finish. All zeros is an empty document; JSON is then on one line. */
struct sl_document {
  struct sl_buffer text;
  bool failed;
  bool indented; /* JSON for people */

  /* Of JSON: where the text has come to. */
  char quote; /* inside a string: what ends it */
  bool comma; /* is due before the next item */
  bool value; /* of a member is next, after its colon */
  unsigned depth;
  uint64_t objects; /* a bit for each level, the innermost last: it is an object */
};

void sl_document_print(struct sl_document *document, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/*
 * Writes a part of a JSON text. White space is laid out anew, strings may be in single quotes, and
 * every item may end in a comma: the one before a closing bracket is left out.
 *
 *     sl_document_json(document, "{'name': '%s', 'maximum': %ju},", name, maximum);
 *
 * %s is text of any kind, which gets the escapes that a string needs, and question marks for what
 * is not UTF-8; %ju reads back to the same double. Nothing else may be inserted.
 */
void sl_document_json(struct sl_document *document, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Write a value that is JSON text already, and a comma: laid out anew, or as it is. */
void sl_document_json_text(struct sl_document *document, const char *json);
void sl_document_json_verbatim(struct sl_document *document, const char *json);

/* Ends the document; free() the result. NULL where there was no memory. */
char *sl_document_finish(struct sl_document *document);

#endif
