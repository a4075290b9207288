/* injectoutcome.h - how an injection ended, and the sentence that tells why
 *
 * The programs turn it into their exit codes.
 */
#ifndef OWL_QUEUE_INJECTOUTCOME_H
#define OWL_QUEUE_INJECTOUTCOME_H

#include "lib/text.h"

enum inject_outcome {
  INJECT_OK,
  INJECT_USAGE,    /* the caller's mistake: no recipient, an option that does not fit */
  INJECT_MALFORMED, /* a header or address that cannot be understood or is too long */
  INJECT_REFUSED,  /* the queue does not take it, for good */
  INJECT_TEMPORARY /* try again later */
};

/* inject_fail(): *why becomes ours and theirs, cleaned; gives outcome back.
 * Without memory *why is empty. */
static inline enum inject_outcome inject_fail(stralloc *why, enum inject_outcome outcome,
                                              const char *ours, struct text theirs) {
  if (!stralloc_copys(why, ours) || text_cat_cleaned(why, theirs) == -1) stralloc_zero(why);
  return outcome;
}

static inline enum inject_outcome inject_no_memory(stralloc *why) {
  return inject_fail(why, INJECT_TEMPORARY, "out of memory", TEXT_ABSENT);
}

#endif
