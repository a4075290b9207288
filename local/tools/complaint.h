/* complaint.h - what a program of a .qmail file says to the log and to bounces
 *
 * One line on descriptor 2: "PROGRAM: fatal: OURSTHEIRS", theirs cleaned.
 */
#ifndef OWL_LOCAL_TOOLS_COMPLAINT_H
#define OWL_LOCAL_TOOLS_COMPLAINT_H

#include "lib/text.h"

void complain(const char *program, const char *ours, struct text theirs);

/* complain_errno(): ": REASON" follows, of errno. */
void complain_errno(const char *program, const char *ours, const char *object);

/* complain_usage(): "PROGRAM: usage: PROGRAM ARGUMENTS". */
void complain_usage(const char *program, const char *arguments);

#endif
