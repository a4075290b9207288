#include "config.h"
#include "login/opening.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include "lib/iofd.h"
#include "login/event.h"

static int set_blocking(int fd) {
  int flags = fcntl(fd, F_GETFL);
  return flags == -1 ? -1 : fcntl(fd, F_SETFL, flags & ~O_NONBLOCK);
}

static struct mailboxdoor_request describe(const struct login_doorkeeper *k, const struct logindoor_request *r) {
  const struct client *c = k->client;
  struct mailboxdoor_request m = {.service = text_of(k->service), .pass = text_of_stralloc(&k->pass),
                                  .client_port = c->port, .local_port = c->local_port,
                                  .utf8 = r->utf8, .language = r->language};
  if (c->address.len) m.client_address = text_of_stralloc(&c->address);
  if (c->local_address.len) m.local_address = text_of_stralloc(&c->local_address);
  if (c->name.len) m.client_name = text_of_stralloc(&c->name);
  if (k->facts) m.tls = text_of_stralloc(&k->words);
  return m;
}

static void defer(struct login_doorkeeper *k, struct logindoor_answer *a) {
  login_event(k, "unable to have the mailbox opened", text_of(strerror(errno)));
  a->result = (struct result){.class = RESULT_DEFERRAL, .text = text_of("mailboxes cannot be opened now, please try later")};
}

/* The session is a program like others: its stream blocks. */
static void hand_over(struct login_doorkeeper *k, const struct logindoor_request *r, struct logindoor_answer *a) {
  struct mailboxdoor_request m = describe(k, r);
  if (set_blocking(k->stream) == -1 ||
      mailboxdoor_open(&k->session, k->settings->rundir.s, &m, k->stream, &a->result, MAILBOXDOOR_ANSWER_MS) == -1)
    defer(k, a);
  else if (a->result.class != RESULT_SUCCESS)
    login_event(k, "mailbox not opened", a->result.text);
}

static int keep(stralloc *to, struct text *words) {
  if (text_copy(to, *words) == -1) return -1;
  if (words->s) *words = text_of_stralloc(to);
  return 0;
}

/* What the door has said is gone with the door. */
static void keep_answer(struct login_doorkeeper *k, struct logindoor_answer *a) {
  if (keep(&k->status, &a->result.status) == 0 && keep(&k->text, &a->result.text) == 0) return;
  errno = ENOMEM;
  defer(k, a);
}

/* One pass, one try. */
static void forget(struct login_doorkeeper *k) {
  mailboxdoor_close(&k->session);
  k->session.sock = -1;
  credential_wipe(&k->pass);
  stralloc_zero(&k->user);
}

int opening_ask(struct login_doorkeeper *k, const struct logindoor_request *r, struct logindoor_answer *a) {
  if (!k->user.len) return -1;
  hand_over(k, r, a);
  if (a->result.class == RESULT_SUCCESS) {
    credential_wipe(&k->pass);
    saslguard_drop(&k->guard); /* owl-authd has so many places, and a session may last for hours */
    return 0;
  }
  keep_answer(k, a);
  forget(k);
  (void)io_set_nonblocking(k->stream);
  return 0;
}

static void say_end(struct login_doorkeeper *k, const struct mailboxdoor_end *e) {
  stralloc line = {0};
  const struct {
    const char *name;
    uint64_t value;
  } counts[] = {{"messages ", e->seen}, {", retrieved ", e->retrieved}, {", octets ", e->sent}, {", deleted ", e->removed}};
  bool ok = true;
  for (size_t i = 0; ok && i < sizeof counts / sizeof counts[0]; i++)
    ok = stralloc_cats(&line, counts[i].name) && text_cat_uint(&line, counts[i].value) == 0;
  if (ok && stralloc_cats(&line, ": ") && text_cat(&line, e->why) == 0)
    login_event(k, "mailbox", text_of_stralloc(&line));
  stralloc_free(&line);
}

bool opening_wait(struct login_doorkeeper *k) {
  struct mailboxdoor_end e;
  if (!mailboxdoor_wait(&k->session, &e)) return false;
  say_end(k, &e);
  return true;
}
