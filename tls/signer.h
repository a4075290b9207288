/* signer.h - the one process that holds private keys
 *
 * Loads the certificates, writes their public parts to control (frames of u32
 * length and identity_put()'s octets; an empty one ends them, and one more, or an empty one, is shown to servers), and then signs
 * for whoever asks through a socket that came over control with SCM_RIGHTS.
 * It opens no further file, and signs only what a TLS handshake has signed, so
 * that a subverted child can misuse a key for no more than its time.  Ends when
 * control and all those sockets are closed.  Hostile: the questions.
 */
#ifndef OWL_TLS_SIGNER_H
#define OWL_TLS_SIGNER_H

#include <stdbool.h>
#include "tls/settings.h"

/* strict: a certificate that cannot be used is an error; else it is left out.
 * An exit code. */
int signer_run(const struct settings *s, int control, bool strict);

#endif
