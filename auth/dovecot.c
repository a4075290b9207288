/* Dovecot's auth process, as a client of it: the password of a user by PLAIN. */
#include "config.h"
#include <errno.h>
#include <string.h>
#include <unistd.h>
#include "auth/account.h"
#include "auth/backend.h"
#include "auth/dovecotline.h"
#include "lib/iofd.h"
#include "lib/unixsock.h"

enum { INPUT_MAX = 65536, READ_OCTETS = 4096 };

static void say(struct log *log, const struct settings *s, const char *what, int error) {
  log_s(log, "owl-authd: ");
  log_s(log, s->place.s);
  log_s(log, ": ");
  log_s(log, what);
  if (error) log_s(log, ": ");
  if (error) log_s(log, strerror(error));
  log_end(log);
}

/* Reads lines until one decides: their limit is that of the process. */
static enum dovecot_word listen_for(int sock, stralloc *in, enum dovecot_word wanted, struct dovecot_user *user) {
  for (;;) {
    struct text rest = text_of_stralloc(in), line;
    size_t whole = 0;
    while (rest.len && memchr(rest.s, '\n', rest.len) && text_cut(&rest, '\n', &line)) {
      whole = (size_t)(line.s - in->s) + line.len + 1;
      enum dovecot_word w = dovecotline_read(line, user);
      if (w == wanted || (w != DOVECOT_OTHER && w != DOVECOT_DONE)) return w;
      if (!rest.s) break;
    }
    memmove(in->s ? in->s : "", in->s ? in->s + whole : "", in->len -= whole);
    if (in->len > INPUT_MAX || !stralloc_readyplus(in, READ_OCTETS)) return DOVECOT_MALFORMED;
    ssize_t n = io_read(sock, in->s + in->len, READ_OCTETS, IO_FOREVER);
    if (n <= 0) return DOVECOT_MALFORMED;
    in->len += (size_t)n;
  }
}

static enum dovecot_word converse(int sock, const struct question *q, struct dovecot_user *user) {
  stralloc in = {0}, out = {0};
  enum dovecot_word w = DOVECOT_MALFORMED;
  if (dovecotline_put(&out, &q->request, q->user, (uint64_t)getpid()) == 0 &&
      listen_for(sock, &in, DOVECOT_DONE, user) == DOVECOT_DONE &&
      io_write_all(sock, out.s, out.len, IO_FOREVER) == 0) {
    stralloc_zero(&in);
    w = listen_for(sock, &in, DOVECOT_RIGHT, user);
  }
  text_wipe(&out);
  stralloc_free(&in);
  return w;
}

/* A passdb may give the account with the user; mostly that is the userdb's, which is not for clients. */
static void right(struct reply *r, const struct question *q, const struct dovecot_user *user) {
  reply_right(r, user->name.len ? text_of_stralloc(&user->name) : q->user);
  if (!user->has_uid || !user->has_gid || !user->home.len) return;
  if (account_note(r, user->uid, user->gid, text_of_stralloc(&user->home)) == -1) reply_later(r);
}

void dovecot_answer(const struct settings *s, const struct question *q, struct log *log, struct reply *r) {
  struct dovecot_user user = {0};
  if (q->kind != CREDENTIAL_PASSWORD) {
    reply_cannot(r);
    return;
  }
  reply_later(r);
  int sock = unixsock_connect_within(s->place.s, 0);
  if (sock == -1) {
    say(log, s, "unable to connect", errno);
    return;
  }
  switch (converse(sock, q, &user)) {
    case DOVECOT_RIGHT: right(r, q, &user); break;
    case DOVECOT_WRONG: reply_wrong(r); break;
    case DOVECOT_LATER: say(log, s, "a temporary failure of Dovecot's", 0); break;
    case DOVECOT_DONE:
    case DOVECOT_OTHER:
    case DOVECOT_MALFORMED: say(log, s, "no answer that can be understood", 0);
  }
  close(sock);
  dovecotline_free(&user);
}
