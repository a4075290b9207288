/* service.h - whom the listener listens for; defined beside the program's main()
 *
 * load(): reads what a session needs of the control files, all or nothing: 0, or
 * -1 with c->error set, and what was read before stays.
 * is_counted(): whether sessions of this address count as its client's; false: it is
 * a proxy's, and the session says later whose it is (place.h).
 * serve(): in a child of its own, the client on descriptors 0 and 1: its exit code.
 */
#ifndef OWL_LISTEN_SERVICE_H
#define OWL_LISTEN_SERVICE_H

#include "lib/control.h"
#include "listen/endpoint.h"
#include "listen/place.h"

struct listen_service {
  const char *program; /* its name in the log */
  const char *account; /* whom root becomes */
  const char *sorry;   /* said to who is sent away, except under TLS */
  const char *word;    /* of endpoint.h: what is spoken where no other word says it */
  unsigned ports[ENDPOINT_WORDS_END]; /* by enum endpoint_words, a set; 0: such words are not known */
  enum control_name addresses, sessions, sessions_per_client; /* where they are set */
  int (*load)(struct control *c);
  bool (*is_counted)(const struct ip *address);
  int (*serve)(const struct place *place);
};

extern const struct listen_service listen_service;

#endif
