/* text.h - what a program of a .qmail file says, and what its end means
 *
 * The octets are the program's and so, often, strangers': they become one clean
 * line, each line end a '/', as in qmail's log.  Of more than
 * PROGRAM_OUTPUT_MAX octets the last ones are kept: there stands why a program
 * gave up.
 */
#ifndef OWL_LOCAL_PROGRAM_TEXT_H
#define OWL_LOCAL_PROGRAM_TEXT_H

#include "local/program/program.h"

struct programtext {
  char octets[PROGRAM_OUTPUT_MAX];
  size_t len;
  bool cut; /* there was more in front */
};

void programtext_add(struct programtext *t, struct text piece);

/* programtext_cat(): appends the clean line.  0, or -1 without memory. */
int programtext_cat(stralloc *out, const struct programtext *t);

/* programtext_judge(): what a status from waitpid() means.  As program_run(). */
enum program_end programtext_judge(const struct programtext *t, int status, stralloc *said,
                                   struct verdict *v);

#endif
