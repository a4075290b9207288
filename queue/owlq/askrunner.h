/* askrunner.h - how the running owl-send sees a message */
#ifndef OWL_OWLQ_ASKRUNNER_H
#define OWL_OWLQ_ASKRUNNER_H

#include "lib/ctlwhy.h"
#include "queue/owlq/jsonline.h"
#include "queue/owlq/link.h"

enum asked {
  ASKED_ANSWERED,
  ASKED_DOWN,   /* nobody listens */
  ASKED_DENIED, /* we may not ask */
  ASKED_FAILED  /* no answer that makes sense */
};

struct runnerview {
  struct link link;
  enum asked asked;
  struct ctl_why why; /* its texts live as long as the link */
};

/* askrunner(): never fails; free with askrunner_close(). */
void askrunner(struct runnerview *v, struct control *c, const struct queueid *id);
void askrunner_close(struct runnerview *v);

/* askrunner_cat(): sentences for people, one a line, without the last line's
 * end.  0, or -1 without memory. */
int askrunner_cat(stralloc *out, const struct runnerview *v);

/* askrunner_describe(): as the member "runner". */
void askrunner_describe(struct jsonline *j, const struct runnerview *v);

#endif
