/* readyinjector.h - the caller's side of lib/injectordoor.h; for lib/injector.c */
#ifndef OWL_READYINJECTOR_H
#define OWL_READYINJECTOR_H

#include "lib/injector.h"

/* readyinjector_start(): 0, or -1 where nobody takes the message at once: nothing
 * has happened then. */
int readyinjector_start(struct injector *i, const struct envelope *e, const char *socket);

/* readyinjector_finish(), readyinjector_abort(): as injector_finish() and
 * injector_abort(). */
int readyinjector_finish(struct injector *i, struct text classic);
int readyinjector_abort(struct injector *i);

#endif
