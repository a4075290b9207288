/* takeover.h - UIDs and UIDLs that a Maildir's messages had from another server
 *
 * Read when a mailbox has no UID log: dovecot-uidlist (versions 1 and 3) or
 * courierimapuiddb for UIDs, dovecot-uidlist or courierpop3dsizelist for UIDLs;
 * Dovecot's before Courier's where there are both.  UIDs are taken once, which the
 * empty file owlpost-begun says: those that were given since must not be given
 * again.  What qmail-pop3d calls a message by is its base name and needs no file.
 * The files are the user's and may hold anything: what cannot be is passed over.
 */
#ifndef OWL_MAILBOX_TAKEOVER_H
#define OWL_MAILBOX_TAKEOVER_H

#include "mailbox/roster.h"

#define TAKEOVER_DOVECOT "dovecot-uidlist"
#define TAKEOVER_COURIER_IMAP "courierimapuiddb"
#define TAKEOVER_COURIER_POP3 "courierpop3dsizelist"

enum { TAKEOVER_OCTETS_MAX = 1 << 28 }; /* of one such file */

struct takeover { /* zeroed at first, but for format */
  struct text format;      /* of Dovecot's UIDLs (mailbox/uidlformat.h); absent: the usual one */
  uint32_t validity, next; /* 0: not known */
  uint32_t least_validity; /* of a log that is not the first */
  struct roster known;     /* by UID */
  struct roster uidls;     /* what POP3 clients have seen; the UIDs mean nothing */
};

/* takeover_close(): from now on only UIDLs are taken, and another log has a greater
 * UIDVALIDITY than this (RFC 9051 2.3.1.1); behind the first log, which
 * may break off.  0, or -1 with errno. */
int takeover_close(int folder, uint32_t validity);

/* takeover_read(): of the Maildir.  Nothing there is no error.  0, or -1 with errno. */
int takeover_read(struct takeover *t, int folder);

/* takeover_uidl(): what POP3 clients know this message by; absent: by its base name. */
struct text takeover_uidl(const struct takeover *t, struct text base);

/* Of the octets of one such file: 1: it is one, 0: it is not, -1 without memory. */
typedef int takeover_fn(struct takeover *t, struct text octets);
takeover_fn takeover_dovecot, takeover_courier_imap, takeover_courier_pop3;

void takeover_free(struct takeover *t);

#endif
