/* statsview.h - the runner's numbers as lines for the eye
 *
 * Lines are appended without their ends; 0, or -1 without memory.  width 0: as
 * long as they are, else they are cut there.
 */
#ifndef OWL_OWLQ_STATSVIEW_H
#define OWL_OWLQ_STATSVIEW_H

#include "queue/owlq/snapshot.h"

enum { STATSVIEW_SUMMARY = 4 /* lines */ };

/* statsview_cat_summary(): one of the lines about all of it, from 0. */
int statsview_cat_summary(stralloc *out, const struct snapshot *s, unsigned line, size_t width);

/* statsview_cat_head(), statsview_cat_row(): a table of destinations. */
int statsview_cat_head(stralloc *out, size_t width);
int statsview_cat_row(stralloc *out, const struct snapshot *s, const struct ctlstats_destination *d,
                      size_t width);

/* statsview_cat_state(): "held", "down, next try in 42s", "next job in 3s"; or
 * nothing. */
int statsview_cat_state(stralloc *out, const struct ctlstats_destination *d);

#endif
