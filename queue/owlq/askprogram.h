/* askprogram.h - run one of owlpost's programs and take in what it says
 *
 * Programs of other folders are asked, not linked: each knows its own rules,
 * and one that reads the network has no business with root's rights.
 */
#ifndef OWL_ASKPROGRAM_H
#define OWL_ASKPROGRAM_H

#include "lib/text.h"

enum {
  ASKPROGRAM_MAX = 1 << 20, /* octets of the answer */
  ASKPROGRAM_MS = 10 * 60 * 1000
};

/* askprogram(): runs the program arguments[0] of owlpost's folder, descriptor 0
 * being empty, in a session of its own; root runs it as user, unless that is
 * NULL.  What it writes to descriptors 1 and 2 is appended to *out; one that
 * has closed both is killed if it stays.  0 when it ended with exit code 0;
 * otherwise -1, and *out ends with a line that says why, without a TAB. */
int askprogram(const char *const *arguments, const char *user, stralloc *out);

#endif
