/* alone.h - owlq in the runner's place, while there is none
 *
 * alone_begin(): takes the runner's lock, and as root becomes the queue's
 * owner, so that what is made has the right owner and root writes in nobody's
 * folder.  TOOL_OK, or an exit code after it has said why not.  The lock goes
 * with the store; alone_end() makes us root again.
 */
#ifndef OWL_OWLQ_ALONE_H
#define OWL_OWLQ_ALONE_H

#include "queue/store.h"

int alone_begin(struct store *s);
void alone_end(void);

#endif
