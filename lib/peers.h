/* peers.h - who may use a socket in RUNDIR: root, its own user, whom the group of
 * the socket's folder has, and those that are named
 */
#ifndef OWL_PEERS_H
#define OWL_PEERS_H

#include <sys/types.h>
#include "lib/text.h"

enum { PEERS_MAX = 8 };

struct peers {
  gid_t group;
  uid_t uids[PEERS_MAX]; /* those that are named */
  size_t count;
};

/* peers_name(): uids, with commas between them.  0, or -1 with errno EINVAL. */
int peers_name(struct peers *p, struct text uids);

/* peers_learn(): the group of the folder RUNDIR/NAME, before the first
 * connection.  0, or -1 with errno. */
int peers_learn(struct peers *p, const char *rundir, const char *name);

bool peers_may_ask(const struct peers *p, int sock);

#endif
