/* addrlist.h - address lists of header fields and command lines (RFC 5322 3.4)
 *
 * Takes mailboxes with and without <>, display names, comments, quoted
 * strings, groups, source routes (dropped), domain literals, and the obsolete
 * forms with blanks around dots.  Octets above 127 pass (RFC 6532).  More than
 * the grammar: empty members, a group that is not closed, dots at any place of
 * a local-part, backslashes and brackets in a display name, and a missing comma:
 * "one two" is two mailboxes.  Input is hostile.
 */
#ifndef OWL_ADDRLIST_H
#define OWL_ADDRLIST_H

#include "lib/text.h"

struct addrlist_mailbox {
  struct text written; /* the address as the source has it, <> and display name not included */
  struct text local;   /* its quoting taken away */
  struct text domain;  /* without blanks and comments; absent where none was given */
  const char *comma;   /* where a comma is missing before this mailbox, or NULL */
  bool routed;         /* a source route stands before it */
  bool null;           /* <> */
};

struct addrlist {
  struct addrlist_mailbox *mailboxes; /* owned */
  size_t count;
  size_t space;
  stralloc octets; /* owned; local and domain point into it */
};

enum addrlist_status { ADDRLIST_OK, ADDRLIST_SYNTAX, ADDRLIST_NO_MEMORY };

/* addrlist_parse(): *l must be zeroed or freed before, and is empty after
 * anything but ADDRLIST_OK.  It is valid only as long as the source. */
enum addrlist_status addrlist_parse(struct addrlist *l, struct text source);

void addrlist_free(struct addrlist *l);

/* What is added to incomplete addresses. */
struct addrlist_completion {
  struct text host;        /* where there is no domain */
  struct text domain;      /* to names without a dot, but not to itself, "localhost" or literals */
  struct text plus_domain; /* in place of a plus sign at the end */
};

/* addrlist_cat_domain(): appends the name in full.  An absent name is
 * replaced by c->host first; a dot at its end is taken away.  0, or -1 without memory. */
int addrlist_cat_domain(stralloc *out, struct text name, const struct addrlist_completion *c);

/* addrlist_cat_address(): appends the completed address, quoting taken away,
 * local-part '@' domain (lib/address.h).  Nothing for <>. */
int addrlist_cat_address(stralloc *out, const struct addrlist_mailbox *m,
                         const struct addrlist_completion *c);

/* addrlist_cat_rewritten(): appends the source with its addresses completed,
 * source routes dropped and missing commas put in.  All other octets stay. */
int addrlist_cat_rewritten(stralloc *out, struct text source, const struct addrlist *l,
                           const struct addrlist_completion *c);

#endif
