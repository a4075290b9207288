/* prelude.h - what is said to a server before TLS, by a process that is thrown away
 *
 * Greeting, EHLO, STARTTLS (RFC 3207).  A child of the connector says it, shut in, with
 * the connection and nothing else: whatever a server, or somebody before it, says
 * in plaintext, or sends behind its answer to STARTTLS, ends with that child, and
 * the talker begins after it.  The child can tell only one of four ends, and
 * the answer to EHLO, which is hostile as it is in the talker.  The name in it, free of
 * control octets, is for reports.
 */
#ifndef OWL_PRELUDE_H
#define OWL_PRELUDE_H

#include "lib/frame.h"
#include "lib/fact.h"
#include "remote/smtp.h"

enum prelude_end {
  PRELUDE_LOST,    /* the session is over: see result, a deferral */
  PRELUDE_READY,   /* the server waits for the handshake */
  PRELUDE_PLAIN,   /* it does not offer STARTTLS: STAGE_READY, with hello */
  PRELUDE_REFUSED, /* it offers it, and refuses it: STAGE_HELLO; result has its words */
  PRELUDE_GONE,    /* the watched peer is gone */
  PRELUDE_FAILED   /* no process, or it died: errno, or 0 */
};

struct prelude_settings {
  const int *limits_ms; /* one for each step */
  bool is_lmtp;
  bool may_lack_seccomp;
  struct facts *facts; /* NULL, or who wants to know what is said */
};

struct prelude {
  struct result result; /* views */
  struct text hello;    /* a view */
  struct text name;     /* of the server, as it says before TLS: a view; absent: it says none */
  struct frame_reader reader;
};

/* prelude_run(): on fd, which stays open.  watched: a socket: when its
 * peer is gone nothing goes on.  host and address are for the result.  *p is valid until prelude_free(). */
enum prelude_end prelude_run(struct prelude *p, const struct prelude_settings *s, int fd, int watched,
                             struct text helohost, struct text host, struct text address);
void prelude_free(struct prelude *p);

/* prelude_speak(): the child's part; the session is open but after PRELUDE_LOST. */
enum prelude_end prelude_speak(struct smtp *s, int fd, struct text helohost);

#endif
