/* filter.h - a site's program between the queue and what is sent
 *
 * Stands between the runner and an owl-remote: each job's message goes through
 * the program, and on in the form that it gives it; what the owl-remote says
 * goes back as it is.  owl-rspawn(8) has the program's interface.
 */
#ifndef OWL_FILTER_H
#define OWL_FILTER_H

#include "remote/launch.h"

enum filter_end { FILTER_DONE, FILTER_BAD_FRAME, FILTER_FAILED };

/* filter_serve(): until one of both sides is done.  The program is a path. */
enum filter_end filter_serve(int runner, char *program, const struct launch *l,
                             const struct agent_worker *w);

#endif
