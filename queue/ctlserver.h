/* ctlserver.h - the runner's end of the control socket (owlpost-ctl(7))
 *
 * The socket lies in a folder that only those may enter who may administer the
 * queue.  A client gets one answer to each request; one that says nothing, or
 * nonsense, is hung up on.
 */
#ifndef OWL_CTLSERVER_H
#define OWL_CTLSERVER_H

#include "queue/runner.h"

struct ctlserver {
  int listener;
};

/* 0, or -1 with errno. */
int ctlserver_open(struct ctlserver *s, struct control *c);

/* ctlserver_serve(): takes the clients that wait, answers each. */
void ctlserver_serve(struct ctlserver *s, struct runner *r);

#endif
