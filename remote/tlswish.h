/* tlswish.h - what a message asks of TLS (RFC 8689) */
#ifndef OWL_TLSWISH_H
#define OWL_TLSWISH_H

#include "lib/envelope.h"
#include "remote/body.h"

enum tls_wish {
  WISH_NOTHING,
  WISH_REQUIRED, /* REQUIRETLS */
  WISH_OPTIONAL  /* the field "TLS-Required: No", in the first BODY_CHUNK_OCTETS; not with REQUIRETLS (RFC 8689 5) */
};

/* tlswish_find(): a body that cannot be read asks for nothing; whoever sends it will see. */
enum tls_wish tlswish_find(const struct envelope *e, const struct body *b, stralloc *space);

/* tlswish_suits(): whether a session that was begun for the one wish serves the other. */
bool tlswish_suits(enum tls_wish session, enum tls_wish message);

#endif
