/* verify.h - answer the receiver's questions about recipients elsewhere
 *
 * A process of its own beside the spawner, with the same rights, so that no
 * flood of questions stops what is sent.  It listens at RUNDIR/nexthop/socket
 * (owlpost-door(7)), finds the next hop by the control files, and asks it
 * (remote/verify/ask.h) unless it knows the answer (remote/verify/cache.h).
 * What comes in is hostile: a malformed frame closes its connection.
 */
#ifndef OWL_VERIFY_H
#define OWL_VERIFY_H

#include "lib/log.h"
#include "remote/launch.h"

enum {
  VERIFY_CONNECTIONS_MAX = 128, /* a new one takes the place of the one idle longest */
  VERIFY_UNKNOWN_S = 10,        /* how long "it cannot be told now" is kept, */
  VERIFY_DEAD_S = 30            /* and of a host that cannot be talked to */
};

/* verify_run(): serves until a signal ends the process; SIGHUP rereads the
 * control files.  Returns only when it cannot go on: -1 with errno, and the log
 * has what is wrong with a control file. */
int verify_run(const struct launch *launch, struct log *log);

#endif
