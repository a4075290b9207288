/* mailboxdoor.h - have a mailbox opened for who has logged in (owlpost-mailbox(7))
 *
 * A server that has a pass (lib/pass.h) connects to RUNDIR/mailbox/socket, where
 * a child of owl-lspawn answers, and gives it the client's stream.  A session
 * begins on it, as the mailbox's user: its first words are the reply to the
 * command that logged in.  The connection then belongs to the session, which
 * says on it what it did; its end of file is the end of the session.  Octets
 * that the client has sent and the server has not read are the session's.
 *
 *   OPEN, with the stream ->
 *      <- ANSWER: success, the stream is the session's; failure or deferral,
 *         nothing has been read or written, and the text can be told the client
 *      <- END, at most one, after a success
 *
 * Both directions are hostile to each other: the session is the user's.
 */
#ifndef OWL_MAILBOXDOOR_H
#define OWL_MAILBOXDOOR_H

#include "lib/frame.h"
#include "lib/pass.h"
#include "lib/result.h"

enum mailboxdoor_frame { MAILBOXDOOR_OPEN = 1, MAILBOXDOOR_ANSWER = 2, MAILBOXDOOR_END = 3 };

enum {
  MAILBOXDOOR_FRAME_MAX = 8192,
  MAILBOXDOOR_LANGUAGE_MAX = 35,
  MAILBOXDOOR_WHY_MAX = 255,
  MAILBOXDOOR_SESSION_FD = 3,   /* the connection, in a session */
  MAILBOXDOOR_ANSWER_MS = 60000 /* an answer is there within this, or is to be given up */
};

extern const struct frame_protocol mailboxdoor_protocol;

struct mailboxdoor_request {
  struct text service; /* as in the pass */
  struct text pass;
  struct text client_address, local_address, client_name;
  uint64_t client_port, local_port;
  struct text tls;      /* as in TAG_TLS; absent: no TLS */
  bool utf8;            /* POP3's UTF8 was said (RFC 6856 2) */
  struct text language; /* LANG, the same 3; absent: not said */
};

struct mailboxdoor_end {
  uint64_t seen;      /* messages of the mailbox */
  uint64_t retrieved; /* that were sent, */
  uint64_t sent;      /* with so many octets, */
  uint64_t removed;   /* that were deleted */
  struct text why;    /* how it ended: "quit", "closed by the client", ... */
};

/* Encoders append a payload: 0, or -1 with record_put()'s errno.  Decoders make
 * views into the payload: 0, or -1 with errno EPROTO. */
int mailboxdoor_put_request(stralloc *out, const struct mailboxdoor_request *r);
int mailboxdoor_read_request(struct mailboxdoor_request *r, struct text payload);
int mailboxdoor_put_answer(stralloc *out, const struct result *r);
int mailboxdoor_read_answer(struct result *r, struct text payload);
int mailboxdoor_put_end(stralloc *out, const struct mailboxdoor_end *e);
int mailboxdoor_read_end(struct mailboxdoor_end *e, struct text payload);

/* ---- the caller's side */

struct mailboxdoor {
  int sock; /* -1: none */
  struct frame_reader reader;
};

/* mailboxdoor_open(): asks with a copy of stream, which the caller closes after a
 * success: while a copy is open the client sees no end.  0: *a is the answer,
 * views that are valid until d is used again; -1 with errno: nobody answers
 * (ENOENT, ECONNREFUSED: no sessions are served here), and the client may try
 * later.  Close d in the end whatever comes back. */
int mailboxdoor_open(struct mailboxdoor *d, const char *rundir, const struct mailboxdoor_request *r, int stream,
                     struct result *a, int limit_ms);

/* A deferral with one of these is about the user's own log-ins, and its text is for the
 * client; POP3 has response codes for them (RFC 2449 8.1). */
#define MAILBOXDOOR_IN_USE "4.2.1"   /* [IN-USE]: as many sessions as one user may have */
#define MAILBOXDOOR_TOO_SOON "4.7.1" /* [LOGIN-DELAY]: the last log-in was too little ago */

enum mailboxdoor_news {
  MAILBOXDOOR_NONE,  /* the session goes on */
  MAILBOXDOOR_TOLD,  /* *e is what it did; its end of file comes next */
  MAILBOXDOOR_GONE   /* the session has ended */
};

/* mailboxdoor_poll(): what the session has said, without waiting; d->sock can be
 * waited for (POLLIN).  mailboxdoor_wait(): waits for as long as it takes for
 * the session to end; true: *e is what it did, false: it did not say. */
enum mailboxdoor_news mailboxdoor_poll(struct mailboxdoor *d, struct mailboxdoor_end *e);
bool mailboxdoor_wait(struct mailboxdoor *d, struct mailboxdoor_end *e);
void mailboxdoor_close(struct mailboxdoor *d);

/* ---- the other side: sock is a connection; who does not read is not waited for */

/* 0, or -1 with errno. */
int mailboxdoor_send_answer(int sock, const struct result *r);
int mailboxdoor_send_end(int sock, const struct mailboxdoor_end *e);

#endif
