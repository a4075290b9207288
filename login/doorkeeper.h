/* doorkeeper.h - grants what the talker of a log-in asks for
 *
 * It asks owl-authd, whose word that somebody has logged in (lib/pass.h) it
 * cannot make itself, and gives the client with that word to owl-lspawn, which
 * starts the mailbox's session.  It reads nothing of the client but the
 * talker's requests, which are hostile.
 */
#ifndef OWL_LOGIN_DOORKEEPER_H
#define OWL_LOGIN_DOORKEEPER_H

#include "lib/client.h"
#include "lib/clock.h"
#include "lib/mailboxdoor.h"
#include "lib/saslguard.h"
#include "lib/tlswire.h"
#include "login/door.h"
#include "login/settings.h"

struct login_doorkeeper {
  /* set by the owner */
  const struct login_settings *settings;
  const struct client *client;
  const struct clock *clock;
  struct log *log;
  const char *program, *service; /* "owl-popup", "pop3" */
  pid_t pid;
  int stream;       /* the client */
  bool offers_tls;

  stralloc stamp;   /* APOP's, as the client was greeted with */
  struct saslguard guard;
  uint64_t session_us, opened_us; /* the session's id, in the log; boot clock */
  uint64_t requests, refused;     /* refused: log-ins */
  bool sent_away;                 /* nothing is answered any more */
  bool may_apop;                  /* owl-authd can check it */
  struct tls_facts *facts;        /* owned; NULL: there is no TLS */
  stralloc words;                 /* of them */
  bool tls_is_granted;            /* and */
  volatile int tls_door;          /* to owl-tlsd; else -1.  A signal handler may shut it down */
  stralloc user, pass;            /* of who has logged in; else empty */
  stralloc status, text;          /* why a mailbox was not opened */
  struct mailboxdoor session;     /* its sock: -1, or that of the mailbox's session, which has the client now */
};

/* login_doorkeeper_open(): the owner has set its part. */
void login_doorkeeper_open(struct login_doorkeeper *k);

enum login_doorkeeper_end {
  LOGIN_DOORKEEPER_TALKER_LEFT, /* or the socket was shut down by a signal handler */
  LOGIN_DOORKEEPER_MALFORMED,   /* the talker is subverted or broken */
  LOGIN_DOORKEEPER_FAILED       /* errno */
};

/* login_doorkeeper_serve(): answers requests until this talker ends, or a session has the client. */
enum login_doorkeeper_end login_doorkeeper_serve(struct login_doorkeeper *k, int door);

/* login_doorkeeper_answer(): one request, for the above and for tests.  0, or -1: no sound talker
 * asks so.  *a holds until the next. */
int login_doorkeeper_answer(struct login_doorkeeper *k, unsigned kind, struct text payload, struct logindoor_answer *a);

void login_doorkeeper_close(struct login_doorkeeper *k);

#endif
