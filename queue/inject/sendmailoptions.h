/* sendmailoptions.h - the options of the sendmail command
 *
 * Takes what programs written for other sendmail commands pass, and passes
 * over what has no meaning here (sendmail(8)).  The arguments are those of the
 * caller himself.
 */
#ifndef OWL_QUEUE_SENDMAILOPTIONS_H
#define OWL_QUEUE_SENDMAILOPTIONS_H

#include "queue/inject/submit.h"

enum sendmailoptions_mode {
  SENDMAIL_MAIL,    /* queue a message */
  SENDMAIL_SMTP,    /* -bs */
  SENDMAIL_LIST,    /* -bp, mailq */
  SENDMAIL_ALIASES, /* newaliases, -bi, -I */
  SENDMAIL_NOTHING, /* -q: the runner does it */
  SENDMAIL_LISTEN   /* -bd, -bD */
};

struct sendmailoptions {
  enum sendmailoptions_mode mode;
  struct injectsubmit submit;
  const char *full_name; /* -F, or NULL */
  stralloc envid;        /* submit.envid points into it */
};

/* sendmailoptions_read(): *o must be zeroed.  0, or -1 with a sentence in
 * *why.  Uses getopt(3). */
int sendmailoptions_read(struct sendmailoptions *o, int argc, char **argv, stralloc *why);

#endif
