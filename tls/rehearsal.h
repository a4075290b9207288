/* rehearsal.h - a handshake of two sessions of this process, over memory */
#ifndef OWL_TLS_REHEARSAL_H
#define OWL_TLS_REHEARSAL_H

#include <openssl/ssl.h>
#include <stdbool.h>

/* true: both are done.  Else *client_return is what the client's last step returned,
 * for failure.h. */
bool rehearsal_run(SSL *client, SSL *server, int *client_return);

#endif
