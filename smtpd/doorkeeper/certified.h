/* certified.h - what a client's TLS gives it, and tells programs
 *
 * certified_settings(): from now on the settings of a session under TLS; the
 * client may relay where tlsclients has its certificate: the SHA-256 of it or of
 * its key, or its name, where an authority of tlsclientauthorities vouches for
 * that.
 *
 * certified_has(): whether tlsclients has it.
 *
 * certified_publish(): variables as servers of UCSPI-SSL set them, for programs
 * that the session starts.  0, or -1 without memory.  certified_forget(): none.
 */
#ifndef OWL_CERTIFIED_H
#define OWL_CERTIFIED_H

#include "lib/tlswire.h"
#include "smtpd/doorkeeper/doorkeeper.h"

void certified_settings(struct doorkeeper *k);
bool certified_has(const struct list *tlsclients, const struct tls_facts *f);
int certified_publish(const struct tls_facts *f);
void certified_forget(void);

#endif
