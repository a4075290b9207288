/* injectrecipients.h - the recipients of a message, as they are found
 *
 * Addresses are complete, their quoting taken away (lib/address.h).
 */
#ifndef OWL_QUEUE_INJECTRECIPIENTS_H
#define OWL_QUEUE_INJECTRECIPIENTS_H

#include "lib/addrlist.h"
#include "lib/envelope.h"
#include "queue/inject/outcome.h"

struct injectrecipients {
  stralloc octets; /* each address and a NUL */
  size_t count;
};

/* injectrecipients_add(): INJECT_MALFORMED for a control octet in the address
 * or one that is over ENVELOPE_ADDRESS_MAX. */
enum inject_outcome injectrecipients_add(struct injectrecipients *r, struct text address, stralloc *why);

/* injectrecipients_add_all(): the mailboxes of a list, completed; <> is none. */
enum inject_outcome injectrecipients_add_all(struct injectrecipients *r, const struct addrlist *l,
                                             const struct addrlist_completion *c, stralloc *why);

/* injectrecipients_fill(): adds each address once, in the order found, all
 * with this NOTIFY.  Domains are compared without ASCII case.  The envelope
 * points into r.  0, or -1 without memory or with too many. */
int injectrecipients_fill(const struct injectrecipients *r, struct envelope *e, uint64_t notify);

void injectrecipients_free(struct injectrecipients *r);

#endif
