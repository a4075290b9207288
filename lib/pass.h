/* pass.h - owl-authd's word, good for seconds, that somebody has logged in (owlpost-auth(7))
 *
 * Who asked owl-authd about a mailbox's user carries the pass, unread, to
 * owl-lspawn, which opens that mailbox for who has one.  It is sealed by
 * HMAC-SHA-256 under a key that owl-start makes at its start and gives to these
 * two only: a server that has been taken over opens no mailbox whose
 * credentials it was not shown.  What comes in is hostile.
 */
#ifndef OWL_PASS_H
#define OWL_PASS_H

#include "lib/record.h"

enum {
  PASS_KEY_OCTETS = 32,
  PASS_USER_MAX = 255,
  PASS_SERVICE_MAX = 16,
  PASS_CLIENT_MAX = 64,
  PASS_HOME_MAX = 1024,
  PASS_OCTETS_MAX = 2048, /* sealed */
  PASS_LIFE_S = 30        /* from the answer to the start of the session */
};

struct pass {
  struct text user;           /* as the back end knows them; 1 to 255 octets */
  struct text service;        /* "pop3", "imap": what was asked for, and nothing else is opened */
  struct text client_address; /* whose question it was; absent: not known */
  uint64_t expires_us;        /* boot clock */
  bool has_account;           /* the site's check program attests these, uid 0 as well */
  uint64_t uid, gid;
  struct text home;           /* begins with '/' */
};

/* pass_service(): whether a service is a mailbox's, so that a pass is made for it. */
bool pass_service(struct text service);

/* pass_seal(): appends the sealed pass.  0, or -1 with record_put()'s errno, or
 * EINVAL without a user, a service, an end, or a home where there is an account. */
int pass_seal(stralloc *out, const uint8_t key[PASS_KEY_OCTETS], const struct pass *p);

/* pass_open(): views into sealed.  0, or -1 with errno: EBADMSG (not sealed with
 * this key, or not whole), ETIME (no longer good). */
int pass_open(struct pass *p, const uint8_t key[PASS_KEY_OCTETS], struct text sealed, uint64_t now_us);

/* ---- the key, from owl-start to who gets it: a pipe, whose descriptor the
 * environment names (PASS_KEY_FD) */

/* pass_give_key(): in the child, before exec: the descriptor stays open across it.
 * 0, or -1 with errno. */
int pass_give_key(const uint8_t key[PASS_KEY_OCTETS]);

/* pass_take_key(): and closes the descriptor, and forgets the name.  0, or -1
 * with errno: ENOENT, nobody has given any. */
int pass_take_key(uint8_t key[PASS_KEY_OCTETS]);

#endif
