/* loop.h - aliases that stand for one another in a circle */
#ifndef OWL_LOCAL_ALIAS_LOOP_H
#define OWL_LOCAL_ALIAS_LOOP_H

#include "local/alias/table.h"

/* aliasloop_check(): 0, or -1 when there were circles: each is told with the
 * names that it goes through.  Takes time in proportion to the table, and no
 * stack. */
int aliasloop_check(struct aliastable *t, aliastable_complain *complain, void *context);

#endif
