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
int owlq_body(struct control *c, int argc, char **argv);
int owlq_why(struct control *c, int argc, char **argv);
int owlq_qread(struct control *c, int argc, char **argv); /* qmail-qread */
int owlq_qstat(struct control *c, int argc, char **argv); /* qmail-qstat */
int owlq_tlscheck(struct control *c, int argc, char **argv);
int owlq_explain(struct control *c, int argc, char **argv);
int owlq_stats(struct control *c, int argc, char **argv);
int owlq_top(struct control *c, int argc, char **argv);
int owlq_metrics(struct control *c, int argc, char **argv);
int owlq_ctl(struct control *c, int argc, char **argv); /* status, flush, rescan */
int owlq_change(struct control *c, int argc, char **argv); /* hold, release, retry, expire, bounce, delete */

int owlq_destination(struct control *c, int argc, char **argv); /* hold-destination, release-destination */
int owlq_check(struct control *c, int argc, char **argv);

int owlq_simulate(struct control *c, int argc, char **argv);

/* ---- what they share */

int owlq_complain(const char *what, const char *why); /* returns TOOL_SYSTEM */
int owlq_unable(const char *verb, const char *object); /* TOOL_SYSTEM; the reason is errno's */
int owlq_usage(const char *text);                     /* returns TOOL_USAGE */

/* owlq_open_store(): TOOL_OK, or an exit code. */
int owlq_open_store(struct control *c, struct store *s);

#endif
