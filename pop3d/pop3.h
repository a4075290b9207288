/* pop3.h - what is the same in POP3 before and behind the log-in */
#ifndef OWL_POP3D_POP3_H
#define OWL_POP3D_POP3_H

#include <stdint.h>
#include "lib/text.h"

enum pop3_argument { POP3_NONE, POP3_MAYBE, POP3_NEEDED };

/* pop3_fits(): whether a command that wants this was given it. */
bool pop3_fits(enum pop3_argument wanted, struct text given);

/* pop3_put_capabilities(): appends what CAPA says of both (RFC 2449 6), and its end.
 * has_login: the log-in is ours, and its capabilities known.  0, or -1 without memory. */
int pop3_put_capabilities(stralloc *out, bool has_login, uint64_t login_delay_s);

#endif
