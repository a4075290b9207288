/* address.h - mailbox addresses inside owlpost: local-part, '@', domain
 *
 * The local-part stands without quoting, as the octets that it means; the last
 * '@' divides.  Only at the borders (SMTP, header fields) is it quoted.
 */
#ifndef OWL_ADDRESS_H
#define OWL_ADDRESS_H

#include "lib/text.h"

/* address_split(): false when there is no '@'; then local is the whole and
 * domain is absent. */
bool address_split(struct text address, struct text *local, struct text *domain);

/* address_is_clean(): no octet below 32 and no DEL: fit for the queue. */
bool address_is_clean(struct text address);

/* address_is_literal(): [192.0.2.1] or [IPv6:2001:db8::1] (RFC 5321 4.1.3).
 * Hostile input. */
bool address_is_literal(struct text domain);

/* address_cat(): appends the address as SMTP and header fields write it, the
 * local-part quoted where RFC 5321 4.1.2 asks for it, the domain as it stands:
 * who did not get it from address_parse_path() checks it first.  0, or -1
 * without memory. */
int address_cat(stralloc *out, struct text address);

enum address_status { ADDRESS_OK, ADDRESS_SYNTAX, ADDRESS_TOO_LONG, ADDRESS_NO_MEMORY };

/* address_parse_path(): a path as in MAIL FROM:<...> and RCPT TO:<...> (RFC
 * 5321 4.1.2): *path starts with '<' and is moved behind the '>'.  A source
 * route must be formed well, and is dropped.  An address literal must name an address.  *out gets the address with its quoting taken away; <> is
 * the empty address.  A local-part alone is taken (RFC 5321 4.5.1:
 * postmaster), unless it holds an '@'.  Octets above 127 pass.  Hostile input. */
enum address_status address_parse_path(struct text *path, stralloc *out);

#endif
