/* A checkpassword program of the site's. */
#include "config.h"
#include <errno.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "auth/account.h"
#include "auth/backend.h"
#include "lib/checkpassword.h"
#include "lib/clock.h"
#include "lib/environment.h"

static int fill(struct environment *e, const struct credential_request *r) {
  const struct environment_ends ends = {
    .client_address = r->client_address, .local_address = r->local_address, .client_port = r->client_port, .local_port = r->local_port};
  if (environment_add(e, "PATH", text_of("/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin")) == -1) return -1;
  return environment_add(e, "SERVICE", r->service) == -1 ? -1 : environment_add_ends(e, &ends);
}

/* The family's order for CRAM-MD5 differs from that of qmail-popup's APOP. */
static void fill_texts(struct text texts[3], const struct question *q, bool challenge_last, stralloc *stamp) {
  const struct credential_request *r = &q->request;
  texts[0] = q->user;
  if (q->kind == CREDENTIAL_PASSWORD) {
    if (stralloc_copys(stamp, "Y")) (void)text_cat_uint(stamp, clock_wall_us(&clock_system) / 1000000);
    texts[1] = r->secret;
    texts[2] = text_of_stralloc(stamp);
  } else if (challenge_last || text_equals(r->mechanism, "APOP")) {
    texts[1] = r->response;
    texts[2] = r->challenge;
  } else {
    texts[1] = r->challenge;
    texts[2] = r->response;
  }
}

static void say(struct log *log, const struct settings *s, const struct checkpassword *c) {
  log_s(log, "owl-authd: ");
  log_s(log, s->words[0]);
  if (c->pid == -1) {
    log_s(log, ": unable to run it: ");
    log_s(log, strerror(c->error));
  } else if (WIFSIGNALED(c->status)) {
    log_s(log, ": ended by signal ");
    log_u(log, (uint64_t)WTERMSIG(c->status));
  } else {
    log_s(log, ": exit ");
    log_u(log, (uint64_t)WEXITSTATUS(c->status));
  }
  log_end(log);
}

/* Whoever only wants to know runs true; a mailbox's server has to know whom it is for. */
static void fill_words(char *words[SETTINGS_WORDS_MAX + 1], const struct settings *s, char *attest) {
  size_t count = 0;
  while (s->words[count]) words[count] = s->words[count], count++;
  words[count] = NULL;
  const char *last = count ? words[count - 1] : "", *slash = strrchr(last, '/');
  if (count > 1 && strcmp(slash ? slash + 1 : last, "true") == 0) words[count - 1] = attest;
}

/* The last program says on descriptor 4 whom it runs as. */
static enum checkpassword_status run_attested(struct checkpassword *c, const struct settings *s, struct environment *e,
                                              const struct text texts[3], struct log *log, struct reply *r) {
  char *words[SETTINGS_WORDS_MAX + 1];
  stralloc attest = {0};
  int ends[2];
  if (program_path(&attest, "owl-attest") == -1 || environment_add(e, "OWL_ATTEST", text_of("1")) == -1)
    return stralloc_free(&attest), CHECKPASSWORD_LATER;
  if (account_listen(ends) == -1) return c->error = errno, stralloc_free(&attest), CHECKPASSWORD_LATER;
  fill_words(words, s, attest.s);
  enum checkpassword_status status = checkpassword_run(c, words, e->list, texts, ends[1]);
  if (status == CHECKPASSWORD_RIGHT && account_hear(ends[0], r) == -1) {
    log_say_errno(log, "owl-authd", "unable to use the home that owl-attest has told", TEXT_ABSENT);
    status = CHECKPASSWORD_LATER;
  }
  close(ends[0]);
  close(ends[1]);
  stralloc_free(&attest);
  return status;
}

static enum checkpassword_status run(struct checkpassword *c, const struct settings *s, const struct question *q,
                                     const struct text texts[3], struct log *log, struct reply *r) {
  struct environment e = {0};
  enum checkpassword_status status = CHECKPASSWORD_LATER;
  *c = (struct checkpassword){.pid = -1, .error = ENOMEM};
  if (fill(&e, &q->request) == 0)
    status = pass_service(q->request.service) ? run_attested(c, s, &e, texts, log, r)
                                              : checkpassword_run(c, s->words, e.list, texts, -1);
  environment_free(&e);
  return status;
}

/* A program that could not become the user leaves its own: its mailbox nobody has logged in for. */
static void answer_right(const struct settings *s, const struct question *q, struct log *log, struct reply *r) {
  if (!r->has_account || r->uid != geteuid() || s->is_private) {
    reply_right(r, q->user);
    return;
  }
  const char *what = geteuid() ? "the check program has become nobody: it may need authroot: "
                               : "the check program has remained root: it has to become the mailbox's user: ";
  log_say(log, "owl-authd", what, text_of(s->words[0]));
  reply_later(r);
}

void program_answer(const struct settings *s, const struct question *q, struct log *log, struct reply *r) {
  struct checkpassword c;
  struct text texts[3];
  stralloc stamp = {0};
  if (q->kind != CREDENTIAL_PASSWORD && q->kind != CREDENTIAL_RESPONSE) {
    reply_cannot(r);
    return;
  }
  fill_texts(texts, q, s->challenge_last, &stamp);
  switch (run(&c, s, q, texts, log, r)) {
    case CHECKPASSWORD_RIGHT: answer_right(s, q, log, r); break;
    case CHECKPASSWORD_WRONG: reply_wrong(r); break;
    case CHECKPASSWORD_LATER:
      say(log, s, &c);
      reply_later(r);
  }
  stralloc_free(&stamp);
}
