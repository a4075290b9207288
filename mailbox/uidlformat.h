/* uidlformat.h - UIDLs as Dovecot's setting pop3_uidl_format makes them
 *
 * %u is the UID, %v the UIDVALIDITY, %f and %g the base name, %% a percent sign.
 * Before u and v may stand a width, with a 0 for leading zeros, and X for hexadecimal
 * digits, as in the usual "%08Xu%08Xv"; U or L make letters large or small.
 */
#ifndef OWL_MAILBOX_UIDLFORMAT_H
#define OWL_MAILBOX_UIDLFORMAT_H

#include "lib/owfat.h"
#include "lib/text.h"

#define UIDLFORMAT_USUAL "%08Xu%08Xv"

struct uidlformat_facts {
  uint32_t uid, validity;
  struct text base;
};

/* uidlformat_put(): appends.  0, or -1 with errno; EINVAL: it has something else. */
int uidlformat_put(stralloc *out, struct text format, const struct uidlformat_facts *facts);

#endif
