/* owlq.h - the operator's tool: its commands, and how they end
 *
 * Every command returns an exit code (lib/exitcode.h) and has said on
 * descriptor 2 what went wrong.
 */
#ifndef OWL_OWLQ_H
#define OWL_OWLQ_H

#include "lib/control.h"
#include "queue/store.h"

int owlq_config(struct control *c, int argc, char **argv);
int owlq_setup(struct control *c, int argc, char **argv);
int owlq_list(struct control *c, int argc, char **argv);
int owlq_show(struct control *c, int argc, char **argv);
int owlq_ctl(struct control *c, int argc, char **argv); /* status, flush, retry, rescan */

int owlq_simulate(struct control *c, int argc, char **argv);

/* ---- what they share */

int owlq_complain(const char *what, const char *why); /* returns TOOL_SYSTEM */
int owlq_unable(const char *verb, const char *object); /* TOOL_SYSTEM; the reason is errno's */
int owlq_usage(const char *text);                     /* returns TOOL_USAGE */

/* owlq_open_store(): TOOL_OK, or an exit code. */
int owlq_open_store(struct control *c, struct store *s);

#endif
