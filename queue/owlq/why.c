#include "config.h"
#include <stdio.h>
#include "lib/exitcode.h"
#include "queue/owlq/attempts.h"
#include "queue/owlq/describe.h"
#include "queue/owlq/owlq.h"
#include "queue/owlq/screen.h"
#include "queue/owlq/view.h"

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
  if (s->attempts == 0) printf("the first try, as soon as the runner comes to it");
  else if (due_us <= now_us) printf("tried again as soon as the runner comes to it: it is due");
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

static void print_events(const struct attempts *a) {
  size_t first, count = attempts_of(a, ATTEMPTS_MESSAGE, &first);
  for (size_t i = first; i < first + count; i++) {
    const struct logrecord *r = &a->each[i].record;
    if (!r->told) continue;
    screen_date(r->time_us);
    printf(": the sender has been told of the failures");
    if (r->dsn.len) printf(", DSN ");
    screen_text(r->dsn);
    printf("\n");
  }
}

static void print_why(const struct selected *s, const struct attempts *a, uint64_t now_us) {
  const struct message *m = s->message;
  printf("%s  %s, ", m->id.s, state_name(s->state));
  screen_age(describe_age(s->arrival_us, now_us));
  printf(" old, from <");
  screen_text(m->file.envelope.sender);
  printf(">\n");
  for (size_t i = 0; i < m->file.envelope.recipient_count; i++) print_recipient(m, a, i, now_us);
  print_events(a);
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
    if (!r->told) continue;
    jsonline_begin(&child);
    jsonline_time(&child, "at", r->time_us);
    jsonline_string(&child, "event", "told");
    jsonline_text(&child, "dsn", r->dsn);
    jsonline_append(j, "events", &child);
  }
}

static int put_json(const struct selected *s, const struct attempts *a, uint64_t now_us) {
  struct jsonline j, child;
  jsonline_begin(&j);
  describe_message(&j, s, now_us);
  for (size_t i = 0; s->message && i < s->message->file.envelope.recipient_count; i++) {
    jsonline_begin(&child);
    describe_attempts(&child, s->message, a, i);
    jsonline_append(&j, "recipients", &child);
  }
  describe_events(&j, a);
  return jsonline_put(&j);
}

static int why_one(void *context, const struct selected *m) {
  struct view *v = context;
  struct attempts a = {0};
  if (m->message && attempts_read(&a, m->message) == -1)
    v->code = owlq_complain(m->id->s, "out of memory");
  else if (v->json) {
    if (put_json(m, &a, v->now_us) != TOOL_OK) v->code = TOOL_SYSTEM;
  } else if (m->message)
    print_why(m, &a, v->now_us);
  else
    print_bad(m);
  attempts_free(&a);
  return 0;
}

int owlq_why(struct control *c, int argc, char **argv) {
  return view_messages(c, argc, argv, "why [--json] ID...", why_one);
}
