/* rcpt.h - answer the receiver's questions about local recipients
 *
 * A process of its own, so that no flood of questions stops deliveries.  It
 * listens at RUNDIR/rcpt/socket (owlpost-door(7)); each question is computed in
 * a child of its own, which becomes the user and is killed when it takes
 * longer than timeoutrcpt: then the answer is a deferral.  What comes in is
 * hostile: a malformed frame closes its connection.
 */
#ifndef OWL_LOCAL_RCPT_H
#define OWL_LOCAL_RCPT_H

#include "lib/log.h"
#include "local/settings.h"

enum {
  RCPT_CONNECTIONS_MAX = 128, /* a new one takes the place of the one idle longest */
  RCPT_LOOKUPS_MAX = 32       /* at one time; further questions wait */
};

/* rcpt_run(): serves until a signal ends the process; SIGHUP rereads the
 * control files.  Returns only when it cannot go on: -1 with errno. */
int rcpt_run(struct control *c, struct settings *s, struct log *log);

#endif
