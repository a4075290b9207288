/* log.h - one line, one write
 *
 * A line is put together piece by piece and leaves in a single write, so that
 * lines of several processes do not mix (on a pipe: those up to PIPE_BUF).
 * Texts are cleaned: no peer can forge a line.  What cannot be stored for want
 * of memory is left out.
 */
#ifndef OWL_LOG_H
#define OWL_LOG_H

#include <stdint.h>
#include "lib/text.h"

struct log {
  int fd;
  stralloc line;
};

void log_s(struct log *l, const char *ours);
void log_t(struct log *l, struct text theirs);
void log_u(struct log *l, uint64_t number);
void log_end(struct log *l); /* adds the line feed, writes, and empties the line */

/* log_say(): a whole line, "PROGRAM: OURSTHEIRS".  log_say_errno(): ": REASON" of
 * errno follows. */
void log_say(struct log *l, const char *program, const char *ours, struct text theirs);
void log_say_errno(struct log *l, const char *program, const char *ours, struct text theirs);

#endif
