/* place.h - what a listener gives a session; under tcpserver there is none */
#ifndef OWL_PLACE_H
#define OWL_PLACE_H

#include "lib/ip.h"
#include "listen/strain.h"

struct place {
  const struct strain *strain;
  bool is_submission;   /* the socket is one for submission (RFC 6409) */
  bool begins_with_tls; /* the socket is one for implicit TLS (RFC 8314 3.3) */
  /* The session is of this client, as its proxy says: whether it may stay. */
  bool (*move)(void *context, const struct ip *client);
  void *context;
};

#endif
