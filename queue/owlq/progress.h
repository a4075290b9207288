/* progress.h - how far something is that takes more than a second
 *
 * A line on standard error, drawn over itself, and only where that is a
 * terminal.  progress_end() takes it away.
 */
#ifndef OWL_OWLQ_PROGRESS_H
#define OWL_OWLQ_PROGRESS_H

#include <stdbool.h>
#include "lib/clock.h"

struct progress {
  const char *what; /* "reading the queue" */
  const struct clock *clock;
  bool terminal, shown;
  uint64_t next_us; /* boot clock: when it is drawn, or drawn again */
};

void progress_begin(struct progress *p, const char *what);

/* progress_step(): cheap enough to be called for each message. */
void progress_step(struct progress *p, size_t done, size_t of);
void progress_end(struct progress *p);

/* progress_cat(): what is drawn. */
int progress_cat(stralloc *out, const struct progress *p, size_t done, size_t of);

#endif
