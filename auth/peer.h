/* peer.h - who may ask owl-authd: root, its own user, and whom the group of the
 * socket's folder has
 */
#ifndef OWL_AUTH_PEER_H
#define OWL_AUTH_PEER_H

#include <stdbool.h>

/* peer_learn(): before the first connection.  0, or -1 with errno. */
int peer_learn(const char *rundir);
bool peer_may_ask(int sock);

#endif
