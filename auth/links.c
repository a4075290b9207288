#include "config.h"
#include "auth/links.h"
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "auth/admit.h"
#include "auth/judge.h"
#include "auth/worker.h"

enum { STEP_OCTETS = 4096, SECOND_US = 1000000, IDLE_US = 1800 * SECOND_US, ADDRESS_SHARE = 4 };

static void stop_worker(struct links *l, struct link *k) {
  if (k->worker > 0) l->running--;
  worker_end(k);
}

static void hang_up(struct links *l, struct link *k) {
  stop_worker(l, k);
  close(k->fd);
  credential_wipe(&k->in.in);
  frame_reader_free(&k->in);
  text_wipe(&k->payload);
  stralloc_free(&k->user);
  *k = (struct link){.fd = -1, .pipe = -1};
  l->count--;
}

void links_end_all(struct links *l) {
  for (size_t i = 0; i < LINKS_MAX; i++)
    if (l->list[i].fd >= 0) hang_up(l, &l->list[i]);
}

static struct link *find_place(struct links *l) {
  for (size_t i = 0; i < LINKS_MAX; i++)
    if (l->list[i].fd == -1) return &l->list[i];
  return NULL;
}

void links_accept(struct links *l, uint64_t now_us) {
  struct link *k = find_place(l);
  int fd = k ? accept4(l->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK) : -1;
  if (fd == -1) return;
  *k = (struct link){.fd = fd, .pipe = -1, .limit_us = now_us + IDLE_US};
  k->in = (struct frame_reader){.protocol = &credential_protocol, .no_descriptors = true, .step_octets = STEP_OCTETS};
  l->count++;
  /* all at once: a buffer that grows leaves secrets behind */
  bool may = peers_may_ask(&l->peers, fd);
  if (!may) log_say(l->log, "owl-authd", "a connection by who may not ask", TEXT_ABSENT);
  if (!may || !stralloc_ready(&k->in.in, CREDENTIAL_FRAME_MAX + 2 * STEP_OCTETS)) hang_up(l, k);
}

static void send_answer(struct links *l, struct link *k, uint64_t now_us) {
  /* who does not read its answers is not waited for */
  int sent = frame_send(k->fd, &credential_protocol, CREDENTIAL_ANSWER, text_of_stralloc(&k->payload), -1, 0);
  k->scram = k->question.kind == CREDENTIAL_SCRAM;
  k->state = LINK_LISTENS;
  k->limit_us = now_us + IDLE_US;
  credential_wipe(&k->payload);
  if (k->in.used) explicit_bzero(k->in.in.s, k->in.used); /* the question, and its secret */
  if (sent == -1) hang_up(l, k);
}

static void answer_at(struct links *l, struct link *k, const struct credential_answer *a, uint64_t due_us, uint64_t now_us) {
  stralloc payload = {0};
  int put = credential_put_answer(&payload, a); /* a may point into k->payload */
  text_wipe(&k->payload);
  k->payload = payload;
  k->due_us = due_us;
  k->state = LINK_DELAYED;
  if (put == -1) hang_up(l, k);
  else if (due_us <= now_us) send_answer(l, k, now_us);
}

static void answer(struct links *l, struct link *k, const struct credential_answer *a, uint64_t now_us) {
  answer_at(l, k, a, judge_answer(l, k, a, now_us), now_us);
}

static void answer_later(struct links *l, struct link *k, uint64_t now_us) {
  struct reply r = {0};
  reply_later(&r);
  answer(l, k, &r.answer, now_us);
  reply_free(&r);
}

/* ---- questions that need no back end */

static const struct list_line *find_certificate(const struct links *l, const struct credential_request *r) {
  const struct list_line *line = list_find(&l->settings->certificates, r->certificate);
  if (line || !r->certificate_name.len || credential_is_like_fingerprint(r->certificate_name)) return line;
  return list_find(&l->settings->certificates, r->certificate_name);
}

static void answer_certificate(struct links *l, struct link *k, uint64_t now_us) {
  const struct credential_request *r = &k->question.request;
  const struct list_line *line = find_certificate(l, r);
  struct reply reply = {0};
  reply_wrong(&reply);
  if (line && line->value.len && (!r->user.s || text_equal(r->user, line->value))) reply_right(&reply, line->value);
  admit(&reply, l->pass_key, r);
  answer(l, k, &reply.answer, now_us);
  reply_free(&reply);
}

static void answer_mechanisms(struct links *l, struct link *k, uint64_t now_us) {
  struct reply r = {0};
  reply_right(&r, TEXT_ABSENT);
  r.answer.user = TEXT_ABSENT;
  r.answer.mechanisms = text_of_stralloc(&l->settings->mechanisms);
  answer(l, k, &r.answer, now_us);
  reply_free(&r);
}

/* ---- questions */

static int note_user(struct link *k) {
  if (k->question.kind != CREDENTIAL_PROOF && text_copy(&k->user, k->question.request.user) == -1) return -1;
  k->question.user = text_of_stralloc(&k->user);
  return 0;
}

static void take_question(struct links *l, struct link *k, uint64_t now_us) {
  k->limit_us = now_us + l->settings->limit_s * SECOND_US;
  judge_net(k->net, k->question.request.client_address);
  if (k->question.kind == CREDENTIAL_MECHANISMS) {
    answer_mechanisms(l, k, now_us);
  } else if (judge_refuses(l, k, now_us)) {
    struct reply r = {0};
    reply_busy(&r);
    answer_at(l, k, &r.answer, judge_refused(l, k, now_us), now_us);
  } else if (k->question.kind == CREDENTIAL_EXTERNAL) {
    answer_certificate(l, k, now_us);
  } else {
    k->state = LINK_WAITS;
    k->ticket = l->tickets++;
  }
}

void links_hear(struct links *l, struct link *k, uint64_t now_us) {
  struct frame f;
  if (k->state != LINK_LISTENS) {
    hang_up(l, k); /* its other end is gone */
    return;
  }
  enum frame_status s = frame_poll(&k->in, k->fd, &f);
  if (s == FRAME_AGAIN) return;
  if (s == FRAME_READY) k->question.kind = f.type;
  bool follows = s == FRAME_READY && (f.type != CREDENTIAL_PROOF || k->scram);
  if (!follows || credential_read_request(&k->question.request, f.type, f.payload) == -1 || note_user(k) == -1)
    hang_up(l, k);
  else
    take_question(l, k, now_us);
}

void links_worker_said(struct links *l, struct link *k, uint64_t now_us) {
  struct credential_answer a;
  int whole = worker_read(k, &a);
  if (whole == 0) return;
  stop_worker(l, k);
  if (whole == 1) {
    answer(l, k, &a, now_us);
    return;
  }
  log_say(l->log, "owl-authd", "a process that asks the back end has died", TEXT_ABSENT);
  answer_later(l, k, now_us);
}

/* ---- turns */

static struct link *next_waiting(struct links *l) {
  struct link *first = NULL;
  for (size_t i = 0; i < LINKS_MAX; i++) {
    struct link *k = &l->list[i];
    if (k->fd == -1 || k->state != LINK_WAITS || (first && first->ticket < k->ticket)) continue;
    uint64_t same = 0, share = (l->settings->workers + ADDRESS_SHARE - 1) / ADDRESS_SHARE;
    for (size_t j = 0; k->net[0] && j < LINKS_MAX; j++)
      same += l->list[j].fd >= 0 && l->list[j].state == LINK_RUNS && strcmp(l->list[j].net, k->net) == 0;
    if (same < share) first = k;
  }
  return first;
}

static void start_workers(struct links *l, uint64_t now_us) {
  struct link *k;
  while (l->running < l->settings->workers && (k = next_waiting(l))) {
    stralloc_zero(&k->payload);
    if (worker_start(l, k) == -1) {
      log_say_errno(l->log, "owl-authd", "unable to start a process", TEXT_ABSENT);
      answer_later(l, k, now_us);
      continue;
    }
    k->state = LINK_RUNS;
    l->running++;
  }
}

static void give_up(struct links *l, struct link *k, uint64_t now_us) {
  if (k->state == LINK_LISTENS) {
    hang_up(l, k);
    return;
  }
  log_say(l->log, "owl-authd", k->state == LINK_RUNS ? "the back end took too long" : "the back end has no time", TEXT_ABSENT);
  stop_worker(l, k);
  answer_later(l, k, now_us);
}

uint64_t links_turn(struct links *l, uint64_t now_us) {
  uint64_t next = UINT64_MAX;
  start_workers(l, now_us);
  for (size_t i = 0; i < LINKS_MAX; i++) {
    struct link *k = &l->list[i];
    if (k->fd == -1) continue;
    bool delayed = k->state == LINK_DELAYED;
    if (delayed && k->due_us <= now_us) send_answer(l, k, now_us);
    else if (!delayed && k->limit_us <= now_us) give_up(l, k, now_us);
    if (k->fd == -1) continue;
    /* the next question may have come with the last one */
    if (k->state == LINK_LISTENS && k->in.in.len > k->in.used) links_hear(l, k, now_us);
    if (k->fd == -1) continue;
    if (k->state == LINK_WAITS && k->limit_us == now_us + l->settings->limit_s * SECOND_US) next = now_us; /* it may start */
    uint64_t at = k->state == LINK_DELAYED ? k->due_us : k->limit_us;
    if (at < next) next = at;
  }
  return next;
}
