/* reply.h - POP3's replies (RFC 1939 3), held back in the popup's out
 *
 * All return POPUP_LINE, reply_result() also POPUP_HANG_UP, or POPUP_LOST without memory.
 */
#ifndef OWL_POPUP_REPLY_H
#define OWL_POPUP_REPLY_H

#include "pop3d/popup/command.h"

enum popup_next reply_line(struct popup *p, const char *line);
enum popup_next reply_ok(struct popup *p, const char *text);
enum popup_next reply_error(struct popup *p, const char *text);

/* reply_result(): what the doorkeeper has refused, with its response code (RFC 2449 8,
 * RFC 3206).  reply_refused_session(): the same of a mailbox that could not be opened. */
enum popup_next reply_result(struct popup *p, const struct logindoor_answer *a);
enum popup_next reply_refused_session(struct popup *p, const struct logindoor_answer *a);

/* reply_lost(): there is no memory. */
enum popup_next reply_lost(void);

#endif
