/* rcptcheck.h - the site's own program, asked about each recipient
 *
 * RCPTCHECK in the environment is its path; owl-smtpd(8) has its interface.
 */
#ifndef OWL_RCPTCHECK_H
#define OWL_RCPTCHECK_H

#include "smtpd/doorkeeper/doorkeeper.h"
#include "smtpd/doorkeeper/outcome.h"

/* rcptcheck_ask(): about the address that k is about to grant.  Granted where
 * there is no program.  The text is in k->text. */
struct outcome rcptcheck_ask(struct doorkeeper *k, struct text address);

#endif
