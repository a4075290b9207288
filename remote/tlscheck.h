/* tlscheck.h - what would be asked of TLS with each host of a destination, and why
 *
 * For owlq tls-check.  Nothing is connected to.
 */
#ifndef OWL_TLSCHECK_H
#define OWL_TLSCHECK_H

#include "remote/connector.h"

void tlscheck_destination(const struct destination *d, const struct connector_settings *s, struct facts *f);

#endif
