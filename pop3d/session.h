/* session.h - POP3 behind the login: TRANSACTION and UPDATE (RFC 1939 5, 6)
 *
 * Messages have the numbers that they had at the session's beginning.  What is
 * marked goes at QUIT, and only there.  Command lines are the client's, who is
 * known, and hostile all the same.
 */
#ifndef OWL_POP3D_SESSION_H
#define OWL_POP3D_SESSION_H

#include "mailbox/mailbox.h"

enum { POP3_LINE_MAX = 255, POP3_OUT_OCTETS = 65536 }; /* RFC 2449 4 */

/* Sends what is in *out, and empties it.  0, or -1: the client is gone. */
typedef int pop3_flush_fn(void *context, stralloc *out);

struct pop3_session {
  /* set by the owner */
  struct mailbox *mailbox; /* measured */
  pop3_flush_fn *flush;
  void *context;
  uint64_t login_delay_s; /* 0: none */
  bool is_behind_door; /* owl-popup has logged the client in */

  bool *deleted;        /* by message */
  uint64_t retrieved, sent, removed; /* messages sent, their octets, messages deleted: for the log */
  size_t last;          /* LAST's number */
  bool is_over;         /* after QUIT */
  stralloc out;         /* replies that are held back */
};

/* All return 0, or -1 with errno: without memory, or the client is gone. */

/* session_begin(): the reply to the login. */
int session_begin(struct pop3_session *s);

/* session_run(): one line, without its end.  The reply is in out, unless it was
 * longer than POP3_OUT_OCTETS. */
int session_run(struct pop3_session *s, struct text line);

/* session_refuse(): a line that could not be read. */
int session_refuse(struct pop3_session *s, const char *why);

void session_free(struct pop3_session *s);

#endif
