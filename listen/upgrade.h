/* upgrade.h - the program is executed anew, and no connection is refused
 *
 * The process stays, with its sockets, whose backlogs keep who comes
 * meanwhile, and its children, the sessions.
 */
#ifndef OWL_UPGRADE_H
#define OWL_UPGRADE_H

#include "listen/sessions.h"
#include "listen/sockets.h"

/* upgrade(): executes again, an argv.  First it is asked whether it could
 * start; where it could not, this returns, all is as before, and the log says
 * so. */
void upgrade(char **again, struct sockets *sockets, const struct sessions *sessions);

/* upgrade_restore(): what an upgrade() before has handed over.  0, or -1: the
 * log has said why. */
int upgrade_restore(struct sessions *s);

#endif
