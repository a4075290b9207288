/* calls.h - what each system call does to the recorded folder
 *
 * calls_before() is told at a call's entry, calls_after() at its exit with what
 * it returned.  Calls that nobody here knows and that could change a file end
 * up in the trace as "unknown", and whoever reads it gives up.
 */
#ifndef OWL_CRASH_CALLS_H
#define OWL_CRASH_CALLS_H

#include "tests/crash/tracee.h"

/* calls_deny_unnamed(): O_TMPFILE is answered with EOPNOTSUPP, as by a file
 * system that does not have it. */
void calls_deny_unnamed(void);

void calls_before(struct tracee *t);
void calls_after(struct tracee *t, int64_t returned);

#endif
