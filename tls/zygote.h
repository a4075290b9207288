/* zygote.h - accepts callers and forks a ready child for each
 *
 * Has the certificates' public parts from the signer, the authorities, and the
 * ticket keys from the master; never a private key, and after its start no file.
 * Parses nothing that comes from callers or the network.
 */
#ifndef OWL_TLS_ZYGOTE_H
#define OWL_TLS_ZYGOTE_H

#include <sys/types.h>
#include "tls/settings.h"
#include "tls/tickets.h"

enum { ZYGOTE_CALLERS = 8 };

/* The octet that says it is ready: with certificates for clients, or without. */
enum { ZYGOTE_SERVES = 'S', ZYGOTE_IS_CLIENT = 'C' };

struct zygote {
  const struct settings *settings;
  int listener;
  int master; /* a stream: ticket keys come, one octet goes when ready; its end asks us to end */
  int signer; /* a stream: certificates come, children's sockets go */
  struct tickets tickets;
  uid_t callers[ZYGOTE_CALLERS]; /* who may ask, beside root and our own uid */
  unsigned callers_count;
};

/* An exit code. */
int zygote_run(struct zygote *z);

#endif
