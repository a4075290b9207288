/* tickets.h - the keys that session tickets are sealed with (RFC 5077, RFC 8446 4.6.1)
 *
 * Master makes a key every ticketlifetime and gives it to the zygote, whose
 * children inherit it and the one before: a ticket is good for at least that long.
 * Nobody keeps older ones, and nothing is on disk.
 */
#ifndef OWL_TLS_TICKETS_H
#define OWL_TLS_TICKETS_H

#include <openssl/ssl.h>

struct ticket_key {
  unsigned char name[16], aes[32], mac[32];
};

/* Two keys; the first is for new tickets. */
struct tickets {
  struct ticket_key keys[2];
};

/* tickets_rotate(): a new first key, and the old first one second.  false: no
 * random numbers. */
int tickets_rotate(struct tickets *t);

/* tickets_use(): the context's tickets are sealed and opened with *t, as it is at
 * that moment. */
int tickets_use(SSL_CTX *context, struct tickets *t, unsigned lifetime_s);

#endif
