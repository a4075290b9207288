/* injectsubmit.h - one message from a descriptor into the queue
 *
 * What owl-inject and sendmail have in common.  The header is held in memory,
 * the body streams.  SIGPIPE must be ignored.
 */
#ifndef OWL_QUEUE_INJECTSUBMIT_H
#define OWL_QUEUE_INJECTSUBMIT_H

#include "lib/envelope.h"
#include "queue/inject/outcome.h"

struct injectsubmit {
  char *const *arguments; /* recipients, ended by NULL */
  /* Each argument, and the sender, is an address list as in a header field;
   * otherwise one address whose local-part stands without quoting. */
  bool arguments_are_lists;
  bool use_arguments, use_header; /* whose recipients get the message */
  const char *sender;             /* NULL: not given */
  bool from_is_sender;            /* a missing From gets the sender that is given */
  bool dot_ends;                  /* a line with a single dot ends the message */
  bool print;                     /* on descriptor 1, in place of queueing */
  uint64_t notify, ret, body;     /* as in lib/envelope.h */
  struct text envid;
};

/* injectsubmit(): INJECT_OK only when the message is in the queue, or printed.
 * *why gets a sentence otherwise. */
enum inject_outcome injectsubmit(const struct injectsubmit *s, int message_fd, stralloc *why);

#endif
