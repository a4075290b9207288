/* jsonline.h - what --json prints: one object, on one line
 *
 * Every line is ASCII: all else is escaped, so that it can pass a terminal.
 * Texts are as they are in the queue; each octet of theirs that is no UTF-8 is
 * given as U+FFFD.  A failure (no memory) is kept until jsonline_put().
 *
 *   struct jsonline j, child;
 *   jsonline_begin(&j);
 *   jsonline_text(&j, "sender", sender);
 *   jsonline_begin(&child);
 *   ...
 *   jsonline_append(&j, "recipients", &child);
 *   return jsonline_put(&j);
 */
#ifndef OWL_OWLQ_JSONLINE_H
#define OWL_OWLQ_JSONLINE_H

#include <stdint.h>
#include "lib/text.h"

struct jsonline {
  void *object; /* owned until it is put or becomes part of another one */
  bool failed;
};

void jsonline_begin(struct jsonline *j);

/* Members.  Keys are ASCII literals.  A text that is absent, a string that is
 * NULL and a time of 0 are left out. */
void jsonline_text(struct jsonline *j, const char *key, struct text t);
void jsonline_string(struct jsonline *j, const char *key, const char *s);
void jsonline_number(struct jsonline *j, const char *key, uint64_t n); /* at most INT64_MAX */
void jsonline_flag(struct jsonline *j, const char *key, bool value);
void jsonline_time(struct jsonline *j, const char *key, uint64_t wall_us); /* RFC 3339, UTC, seconds */

/* Arrays: jsonline_array() makes an empty one; the others append to it, and
 * make it where there is none.  child is taken. */
void jsonline_array(struct jsonline *j, const char *key);
void jsonline_append(struct jsonline *j, const char *key, struct jsonline *child);
void jsonline_append_text(struct jsonline *j, const char *key, struct text t);

/* jsonline_nest(): an object as a member; child is taken. */
void jsonline_nest(struct jsonline *j, const char *key, struct jsonline *child);

/* jsonline_put(): prints the line on standard output.  TOOL_OK, or
 * TOOL_SYSTEM, which has been said. */
int jsonline_put(struct jsonline *j);

/* jsonline_cat(): the line without its end, for tests.  0 or -1.  Frees, too. */
int jsonline_cat(stralloc *out, struct jsonline *j);

#endif
