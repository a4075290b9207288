/* doorkeeper.h - grants what a talker asks for, and keeps to what it granted
 *
 * A transaction: MAIL, RCPT (one or more granted), DATA, then COMPLETE or
 * ABORT; or with DATA first where the protocol has the envelope last. The doorkeeper writes trace field and envelope itself, from what it
 * granted; of the data it sees nothing.  Requests are hostile: one that asks
 * for something out of turn or not allowed is refused, one that is not formed
 * as owlpost-door(7) says ends the session.
 */
#ifndef OWL_DOORKEEPER_H
#define OWL_DOORKEEPER_H

#include <signal.h>
#include "lib/clock.h"
#include "lib/door.h"
#include "lib/injector.h"
#include "lib/log.h"
#include "lib/saslguard.h"
#include "lib/client.h"
#include "smtpd/doorkeeper/question.h"
#include "smtpd/doorkeeper/settings.h"
#include "smtpd/doorkeeper/ucspitls.h"
#include "listen/place.h"

enum doorkeeper_state {
  DOORKEEPER_IDLE,
  DOORKEEPER_GRANTED,       /* MAIL */
  DOORKEEPER_DATA,          /* from here on an injector is at work */
  DOORKEEPER_EARLY,         /* data before the envelope (early.h), */
  DOORKEEPER_EARLY_GRANTED  /* and MAIL */
};

struct doorkeeper {
  const struct settings *settings;
  const struct client *client;
  const struct clock *clock;
  struct log *log;
  pid_t pid; /* the session's, in the log */
  const char *program; /* its name in the log: owl-smtpd, or what the owner sets */
  const struct place *place; /* NULL: there is no listener that counts */
  struct facts *facts; /* NULL, or who wants to know what was looked for */

  bool asked;    /* a request has come */
  bool renamed;  /* by XCLIENT, or logged in: XCLIENT comes no more */
  bool sent_away; /* the listener has no place for the client */
  struct client named; /* the client, where it has been named */
  struct settings settings_of_named; /* views into those of the connection, where the client has been named or has TLS */

  struct saslguard guard; /* of AUTH (authenticate.h) */
  uint64_t auth_failures; /* in this session */

  /* TLS (secure.h) */
  struct secure {
    bool is_granted;         /* a talker has been told 220 */
    volatile int door;       /* then, and while hands are shaken: to owl-tlsd; else -1.  A signal handler may shut it down */
    struct ucspitls server;  /* or the server in front does it */
    struct tls_facts *facts; /* owned; NULL: there is no TLS */
    stralloc words;          /* of them, for log and envelope */
  } secure;

  /* set by a signal handler, which ends an idle session itself: the session
   * ends when no transaction is under way */
  volatile sig_atomic_t drains;

  volatile enum doorkeeper_state state;
  struct question question; /* to delivery */
  struct question nexthop;  /* to who asks next hops */
  stralloc grant;            /* the granted envelope, encoded */
  size_t grant_sender_octets; /* of it, before its first recipient */
  uint64_t recipients;       /* in it */
  bool smtputf8;             /* of it */
  struct envelope envelope;  /* during DATA: views into grant */
  struct injector injector;  /* during DATA */
  stralloc text;             /* of the answer under way */
  struct route route;
  stralloc address;
  uint64_t requests, transactions; /* asked for in this session */
  uint64_t messages;         /* accepted in this session */

  /* for the log; wall clock */
  uint64_t session_us;       /* the session's id */
  uint64_t number;           /* the transaction's, and its message's arrival; 0 between */
  uint64_t last_number;
  uint64_t opened_us, began_us; /* session and transaction; boot clock */
  uint64_t refused;          /* recipients, in this transaction */
};

void doorkeeper_open(struct doorkeeper *k, const struct settings *s, const struct client *c,
                     const struct clock *clock, struct log *log);

/* doorkeeper_begin(): a transaction has its number, which no other of this
 * session has. */
void doorkeeper_begin(struct doorkeeper *k);

/* doorkeeper_drop(): the transaction is over; the next may begin. */
void doorkeeper_drop(struct doorkeeper *k);

enum doorkeeper_end {
  DOORKEEPER_TALKER_LEFT, /* or the socket was shut down by a signal handler */
  DOORKEEPER_MALFORMED,   /* the talker is subverted or broken */
  DOORKEEPER_FAILED       /* errno */
};

/* doorkeeper_serve(): answers requests until the session ends. */
enum doorkeeper_end doorkeeper_serve(struct doorkeeper *k, int door);

/* doorkeeper_close(): drops what is under way.  The talker must have been
 * ended, so that the injector sees the end of its data. */
void doorkeeper_close(struct doorkeeper *k);

#endif
