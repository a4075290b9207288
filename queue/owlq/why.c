#include "config.h"
#include <stdio.h>
#include "lib/exitcode.h"
#include "queue/owlq/askrunner.h"
#include "queue/owlq/attempts.h"
#include "queue/owlq/describe.h"
#include "queue/owlq/owlq.h"
#include "queue/owlq/screen.h"
#include "queue/owlq/srsview.h"
#include "queue/owlq/view.h"

/* What operators have ordered (queue/msglog.h): for people, and for programs. */
enum { EVENTS = EVENT_RETURN + 1 };
static const char *const event_words[EVENTS] = {
  [EVENT_HOLD] = "held",        [EVENT_RELEASE] = "released",
  [EVENT_RETRY] = "made due",   [EVENT_EXPIRE] = "expired: the next try is the last",
  [EVENT_RETURN] = "to be returned"};
static const char *const event_names[EVENTS] = {[EVENT_HOLD] = "hold",
                                                [EVENT_RELEASE] = "release",
                                                [EVENT_RETRY] = "retry",
                                                [EVENT_EXPIRE] = "expire",
                                                [EVENT_RETURN] = "bounce"};

/* ---- for people */

/* What the other side said, in the shape "mx.b.test [192.0.2.1]: 450 try later". */
static void print_words(const struct result *r) {
  printf("%s", describe_class(r->class));
  if (r->status.len) printf(" ");
  screen_text(r->status);
  if (r->host.len || r->address.len) printf(" from ");
  screen_text(r->host);
  if (r->address.len) printf(r->host.len ? " [" : "[");
  screen_text(r->address);
  if (r->address.len) printf("]");
  printf(": ");
  if (r->reply_code) printf("%llu ", (unsigned long long)r->reply_code);
  screen_text(r->text);
  if (r->tls.len) printf("\n      by TLS: ");
  screen_text(r->tls);
  printf("\n");
}

static void print_attempts(const struct attempts *a, size_t recipient) {
  size_t first, count = attempts_of(a, recipient, &first);
  for (size_t i = first; i < first + count; i++) {
    printf("  ");
    screen_date(a->each[i].record.time_us);
    printf(": ");
    print_words(&a->each[i].record.result);
  }
}

static void print_when(uint64_t due_us, uint64_t now_us) {
  screen_date(due_us);
  printf(" (in ");
  screen_age((due_us - now_us) / 1000000u);
  printf(")");
}

static void print_next(const struct message *m, size_t i, uint64_t now_us) {
  const struct recipient_state *s = &m->states[i];
  uint64_t due_us = describe_due(m, i);
  switch (s->progress) {
    case RECIPIENT_DONE: return;
    case RECIPIENT_FAILED:
      printf(s->told ? "  next: nothing: it has failed, and the sender has been told\n"
                     : "  next: the sender is told\n");
      return;
    case RECIPIENT_WAITING: break;
  }
  printf("  next: ");
  if (m->held) printf("nothing, until it is released: it is held");
  else if (m->returned) printf("it is returned to the sender, as the operator ordered");
  else if (s->attempts == 0) printf("the first try, as soon as the runner comes to it");
  else if (due_us <= now_us)
    printf(m->expired ? "tried a last time as soon as the runner comes to it"
                      : "tried again as soon as the runner comes to it: it is due");
  else {
    printf("tried again by its schedule on ");
    print_when(due_us, now_us);
  }
  printf("\n");
}

static void print_recipient(const struct message *m, const struct attempts *a, size_t i, uint64_t now_us) {
  static const char *const names[] = {
    [RECIPIENT_WAITING] = "waiting", [RECIPIENT_DONE] = "delivered", [RECIPIENT_FAILED] = "failed"};
  const struct recipient_state *s = &m->states[i];
  printf("to <");
  screen_text(m->file.envelope.recipients[i].address);
  printf(">: %s, tried %llu time%s\n", names[s->progress], (unsigned long long)s->attempts,
         s->attempts == 1 ? "" : "s");
  print_attempts(a, i);
  print_next(m, i, now_us);
}

static void print_event(const struct logrecord *r) {
  screen_date(r->time_us);
  if (r->told) {
    printf(r->delay_told ? ": the sender has been told that it is delayed"
                         : ": the sender has been told what became of it");
    if (r->dsn.len) printf(", DSN ");
    screen_text(r->dsn);
    printf("\n");
  } else
    printf(": %s by uid %llu\n", event_words[r->event], (unsigned long long)r->by_uid);
}

static bool is_event(const struct logrecord *r) { return r->told || (r->event && r->event < EVENTS); }

static void print_events(const struct attempts *a) {
  size_t first, count = attempts_of(a, ATTEMPTS_MESSAGE, &first);
  for (size_t i = first; i < first + count; i++)
    if (is_event(&a->each[i].record)) print_event(&a->each[i].record);
}

static void print_runner(const struct runnerview *v) {
  stralloc words = {0};
  if (askrunner_cat(&words, v) == 0) printf("runner: %.*s\n", (int)words.len, words.s);
  stralloc_free(&words);
}

static void print_srs(struct control *c, const struct envelope *e, uint64_t now_us) {
  stralloc sender = {0};
  if (srsview_sender(c, e, now_us, &sender) == 1) {
    printf("sent on by a mailbox here, to other hosts from <");
    screen_text(text_of_stralloc(&sender));
    printf(">\n");
  }
  stralloc_free(&sender);
}

static void print_client(struct text address) {
  printf(address.len ? "[" : "an unknown address");
  screen_text(address);
  if (address.len) printf("]");
}

static void print_receipt(const struct envelope *e) {
  if (!e->client_address.len && !e->tls.len) return;
  printf("received from ");
  print_client(e->client_address);
  if (e->auth_user.len) printf(", authenticated as ");
  screen_text(e->auth_user);
  printf(e->tls.len ? ", by TLS: " : ", without TLS");
  screen_text(e->tls);
  printf("\n");
}

static void print_why(struct control *c, const struct selected *s, const struct attempts *a, const struct runnerview *runner,
                      uint64_t now_us) {
  const struct message *m = s->message;
  printf("%s  %s, ", m->id.s, state_name(s->state));
  screen_age(describe_age(s->arrival_us, now_us));
  printf(" old, from <");
  screen_text(m->file.envelope.sender);
  printf(">\n");
  print_receipt(&m->file.envelope);
  print_srs(c, &m->file.envelope, now_us);
  for (size_t i = 0; i < m->file.envelope.recipient_count; i++) print_recipient(m, a, i, now_us);
  print_events(a);
  print_runner(runner);
}

static void print_bad(const struct selected *m) {
  printf("%s  bad: %s\n  next: %s\n", m->id->s, m->reason,
         m->in_bad_folder ? "nothing: it has been put into bad/" : "the runner puts it into bad/");
}

/* ---- for programs */

static void describe_attempts(struct jsonline *j, const struct message *m, const struct attempts *a, size_t i) {
  size_t first, count = attempts_of(a, i, &first);
  struct jsonline child;
  describe_recipient(j, m, i);
  jsonline_array(j, "tries");
  for (size_t n = first; n < first + count; n++) {
    jsonline_begin(&child);
    describe_result(&child, &a->each[n].record);
    jsonline_append(j, "tries", &child);
  }
}

static void describe_events(struct jsonline *j, const struct attempts *a) {
  size_t first, count = attempts_of(a, ATTEMPTS_MESSAGE, &first);
  struct jsonline child;
  for (size_t i = first; i < first + count; i++) {
    const struct logrecord *r = &a->each[i].record;
    if (!is_event(r)) continue;
    jsonline_begin(&child);
    jsonline_time(&child, "at", r->time_us);
    jsonline_string(&child, "event", r->told ? "told" : event_names[r->event]);
    if (!r->told) jsonline_number(&child, "by_uid", r->by_uid);
    jsonline_text(&child, "dsn", r->dsn);
    jsonline_append(j, "events", &child);
  }
}

static int put_json(const struct selected *s, const struct attempts *a, const struct runnerview *runner,
                    uint64_t now_us) {
  struct jsonline j, child;
  jsonline_begin(&j);
  describe_message(&j, s, now_us);
  if (s->message) describe_receipt(&j, &s->message->file.envelope);
  for (size_t i = 0; s->message && i < s->message->file.envelope.recipient_count; i++) {
    jsonline_begin(&child);
    describe_attempts(&child, s->message, a, i);
    jsonline_append(&j, "recipients", &child);
  }
  describe_events(&j, a);
  if (s->message) askrunner_describe(&j, runner);
  return jsonline_put(&j);
}

static void explain(struct view *v, const struct selected *m, const struct attempts *a) {
  struct runnerview runner;
  askrunner(&runner, v->control, m->id);
  if (v->json) {
    if (put_json(m, a, &runner, v->now_us) != TOOL_OK) v->code = TOOL_SYSTEM;
  } else if (m->message)
    print_why(v->control, m, a, &runner, v->now_us);
  else
    print_bad(m);
  askrunner_close(&runner);
}

static int why_one(void *context, const struct selected *m) {
  struct view *v = context;
  struct attempts a = {0};
  if (m->message && attempts_read(&a, m->message) == -1)
    v->code = owlq_complain(m->id->s, "out of memory");
  else
    explain(v, m, &a);
  attempts_free(&a);
  return 0;
}

int owlq_why(struct control *c, int argc, char **argv) {
  return view_messages(c, argc, argv, "why [--json] ID...", why_one);
}
