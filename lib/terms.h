/* terms.h - what may stand in an envelope as the sender's terms (RFC 3461 4,
 * RFC 6531 3.3), and as a node
 *
 * Texts are checked in their decoded form (lib/xtext.h, lib/unitext.h), so that
 * whoever reads a parameter and whoever believes another process ask the same.
 * Hostile input.
 */
#ifndef OWL_TERMS_H
#define OWL_TERMS_H

#include <stdint.h>
#include "lib/text.h"

enum { TERMS_ENVID_MAX = 100, TERMS_ORCPT_MAX = 500 }; /* octets of xtext */
enum { TERMS_DOMAIN_MAX = 255 };

/* Printable ASCII, not empty. */
bool terms_envid_is_valid(struct text envid);

/* "type;address": the type is an atom, the address printable.  Only of type
 * utf-8 it may be UTF-8 (RFC 6533 3). */
bool terms_orcpt_is_valid(struct text orcpt);

/* A set of enum envelope_notify: NEVER stands alone; 0 is not given. */
bool terms_notify_is_valid(uint64_t notify);

/* Of ETRN (RFC 1985 5): a domain or an address literal; or '@' and a domain, which
 * is all below it as well. */
bool terms_node_is_valid(struct text node);

/* ASCII, or with smtputf8 UTF-8. */
bool terms_address_is_valid(struct text address, bool smtputf8);

#endif
