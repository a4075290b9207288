/* byhand.h - one message for an agent, without a runner: qmail-remote's way
 *
 * The agent is at the other end of a socket (owlpost-agent(7)).
 */
#ifndef OWL_REMOTE_BYHAND_H
#define OWL_REMOTE_BYHAND_H

#include "remote/verdict.h"

struct byhand {
  int body; /* a file, the message from its start */
  uint64_t size;
  const char *sender;
  char *const *recipients;
  size_t count;
};

/* byhand_open(): the message on fd, from where it stands; a copy in memory of
 * what is no file.  0, or -1 with errno. */
int byhand_open(struct byhand *b, int fd);

/* byhand_send(): a verdict for each recipient, in any case. */
void byhand_send(int agent, const struct byhand *b, struct verdict *verdicts);

#endif
