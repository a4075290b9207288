/* talker.h - speaks POP3 with a client until it has logged in, and can do nothing else
 *
 * Every reply leaves before the next line is read, and the last one before the
 * doorkeeper gives the client to its session.
 */
#ifndef OWL_POPUP_TALKER_H
#define OWL_POPUP_TALKER_H

#include "login/session.h"

/* talker_run(): greets, unless t->goes_on, and talks until the log-in is over. */
enum login_end talker_run(struct login_talk *t);

#endif
