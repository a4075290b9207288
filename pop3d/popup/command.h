/* command.h - POP3 before somebody has logged in: the AUTHORIZATION state (RFC 1939 4)
 *
 * USER, PASS, APOP and QUIT of RFC 1939, AUTH (RFC 5034), STLS (RFC 2595), CAPA
 * (RFC 2449), UTF8 and LANG (RFC 6856).  No I/O: a line goes in, a reply comes
 * out, and the doorkeeper is asked through a function.  Lines are hostile.
 */
#ifndef OWL_POPUP_COMMAND_H
#define OWL_POPUP_COMMAND_H

#include "login/door.h"

enum {
  POPUP_LINE_MAX = 2048, /* octets with CRLF: RFC 2449 4 has 255, and a password may be longer */
  POPUP_AUTH_LINE_MAX = 12288
};

enum popup_next {
  POPUP_LINE,     /* the next line is a command, */
  POPUP_RESPONSE, /* or goes to popup_respond() */
  POPUP_QUIT,
  POPUP_TLS,      /* after this reply */
  POPUP_OPENED,   /* the session has the client, and replies */
  POPUP_HANG_UP,
  POPUP_LOST      /* the doorkeeper is gone, or there is no memory: errno */
};

typedef int popup_ask_fn(void *context, enum logindoor_frame what, const struct logindoor_request *request,
                         struct logindoor_answer *answer);

struct popup {
  /* set by the owner */
  popup_ask_fn *ask;
  void *context;
  stralloc *out; /* replies are appended */
  const char *me;
  uint64_t login_delay_s; /* 0: none */
  bool offers_tls, is_secured, may_log_in;

  bool is_asked;       /* what is offered is known */
  unsigned offered;    /* enum sasl_mechanism, a set */
  bool has_apop, utf8;
  struct sasl sasl;
  bool in_auth;        /* a response is awaited */
  bool is_granted;     /* the doorkeeper has let the client in, who does not know yet */
  stralloc user;       /* USER's; empty: none */
  stralloc language;   /* empty: not said */
  stralloc decoded;
};

/* popup_greet(): the first line.  popup_run(): one line without its end.
 * popup_respond(): the client's answer to AUTH's challenge.  popup_refuse(): a line
 * that could not be read; it ends AUTH, where that is under way. */
enum popup_next popup_greet(struct popup *p);
enum popup_next popup_run(struct popup *p, struct text line);
enum popup_next popup_respond(struct popup *p, struct text line);
enum popup_next popup_refuse(struct popup *p, const char *why);

void popup_free(struct popup *p);

#endif
