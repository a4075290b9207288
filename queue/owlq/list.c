#include "config.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "lib/address.h"
#include "lib/clock.h"
#include "lib/exitcode.h"
#include "queue/message.h"
#include "queue/owlq/owlq.h"
#include "queue/schedule.h"

enum { HEADER_MAX = 16384 };

/* ---- printing what strangers wrote */

static void print_clean(struct text t) {
  stralloc clean = {0};
  if (text_cat_cleaned(&clean, t) == 0 && clean.len) fwrite(clean.s, 1, clean.len, stdout);
  stralloc_free(&clean);
}

static void print_date(uint64_t us) {
  stralloc date = {0};
  if (clock_cat_date(&date, us) == 0) print_clean(text_of_stralloc(&date));
  stralloc_free(&date);
}

static void print_text(const char *name, struct text t) {
  if (!t.len) return;
  printf("%s: ", name);
  print_clean(t);
  printf("\n");
}

static void print_number(const char *name, uint64_t n) {
  if (n) printf("%s: %llu\n", name, (unsigned long long)n);
}

/* ---- a recipient */

static void print_last(const struct recipient_state *s) {
  static const char *const names[] = {"", "success", "deferral", "failure"};
  const struct result *r = &s->last.result;
  if (r->class < RESULT_SUCCESS || r->class > RESULT_FAILURE) return;
  printf("    last, ");
  print_date(s->last.time_us);
  printf(": %s", names[r->class]);
  if (r->status.len) printf(" ");
  print_clean(r->status);
  if (r->host.len) printf(" from ");
  print_clean(r->host);
  if (r->address.len) printf(" [");
  print_clean(r->address);
  if (r->address.len) printf("]");
  printf(": ");
  if (r->reply_code) printf("%llu ", (unsigned long long)r->reply_code);
  print_clean(r->text);
  printf("\n");
}

/* When it is due by the wall clock, if the machine does not sleep until then. */
static void print_next(const struct message *m, const struct recipient_state *s) {
  uint64_t now_us = clock_wall_us(&clock_system);
  uint64_t left_s = s->next_age_s > m->last_age_s ? s->next_age_s - m->last_age_s : 0;
  uint64_t due_us = m->last_us + left_s * 1000000u;
  if (s->attempts == 0 || due_us <= now_us) {
    printf("now");
    return;
  }
  print_date(due_us);
  printf(" (in %llu s)", (unsigned long long)((due_us - now_us) / 1000000u));
}

static void print_recipient(const struct message *m, size_t i) {
  const struct recipient_state *s = &m->states[i];
  printf("  to <");
  print_clean(m->file.envelope.recipients[i].address);
  printf(">: ");
  switch (s->progress) {
    case RECIPIENT_DONE: printf("delivered"); break;
    case RECIPIENT_FAILED: printf(s->told ? "failed, sender told" : "failed"); break;
    case RECIPIENT_WAITING:
      printf("waiting, tried %llu time%s, next try ", (unsigned long long)s->attempts,
             s->attempts == 1 ? "" : "s");
      print_next(m, s);
      break;
  }
  printf("\n");
  print_last(s);
}

static void print_recipients(const struct message *m, bool all) {
  for (size_t i = 0; i < m->file.envelope.recipient_count; i++)
    if (all || m->states[i].progress == RECIPIENT_WAITING) print_recipient(m, i);
}

/* ---- list */

struct listing {
  struct store *store;
  uint64_t count;
  int code;
};

static void print_summary(const struct message *m) {
  printf("%s  ", m->id.s);
  print_date(m->file.envelope.arrival_us);
  printf("  %llu octets  from <", (unsigned long long)m->file.body_octets);
  print_clean(m->file.envelope.sender);
  printf(">\n");
  print_recipients(m, false);
}

static int list_one(void *context, const struct queueid *id) {
  struct listing *l = context;
  struct message m;
  const char *reason = "";
  switch (message_load(&m, l->store, id, &reason)) {
    case MESSAGE_OK:
      print_summary(&m);
      message_free(&m);
      l->count++;
      break;
    case MESSAGE_GONE: break; /* delivered meanwhile */
    case MESSAGE_BAD: l->code = owlq_complain(id->s, reason); break;
    case MESSAGE_FAILED: l->code = owlq_complain(id->s, strerror(errno)); break;
  }
  return 0;
}

int owlq_list(struct control *c, int argc, char **argv) {
  struct store s;
  char folder[16];
  (void)argv;
  if (argc != 1) return owlq_usage("list");
  int code = owlq_open_store(c, &s);
  if (code != TOOL_OK) return code;
  struct listing l = {&s, 0, TOOL_OK};
  if (store_scan(&s, "todo", list_one, &l) == -1) l.code = owlq_unable("read", "todo");
  for (unsigned i = 0; i < QUEUEID_FOLDERS; i++) {
    store_wait_folder(folder, i);
    if (store_scan(&s, folder, list_one, &l) == -1) l.code = owlq_unable("read", folder);
  }
  printf("%llu message%s in the queue\n", (unsigned long long)l.count, l.count == 1 ? "" : "s");
  store_close(&s);
  return l.code;
}

/* ---- show */

static void print_envelope(const struct message *m) {
  const struct envelope *e = &m->file.envelope;
  static const char *const kinds[] = {"mail", "DSN", "double bounce"};
  printf("id: %s\nsender: <", m->id.s);
  print_clean(e->sender);
  printf(">\narrived: ");
  print_date(e->arrival_us);
  printf("\noctets: %llu\nkind: %s\nplace: %s\n", (unsigned long long)m->file.body_octets,
         kinds[e->kind], m->place == PLACE_TODO ? "todo" : "wait");
  printf("age: %llu s\n", (unsigned long long)schedule_age(m->last_age_s, m->last_us, clock_wall_us(&clock_system)));
  print_text("about", e->parent);
  print_text("client address", e->client_address);
  print_number("client port", e->client_port);
  print_text("client name", e->client_name);
  print_text("HELO", e->helo);
  print_text("protocol", e->protocol);
  print_text("TLS", e->tls);
  print_text("authenticated user", e->auth_user);
  printf("submitted by uid: %llu\n", (unsigned long long)e->submitter_uid);
  print_text("taken by instance", e->instance);
  print_text("ENVID", e->envid);
  print_number("RET", e->ret);
  print_number("BODY", e->body);
}

static void print_header(const struct message *m) {
  stralloc header = {0};
  printf("header:\n");
  if (message_read_body(m, &header, HEADER_MAX) == 0 || header.len)
    for (struct text rest = text_of_stralloc(&header); rest.len;) {
      const char *end = memchr(rest.s, '\n', rest.len);
      size_t len = end ? (size_t)(end - rest.s) : rest.len;
      if (len == 0) break;
      printf("  ");
      print_clean((struct text){rest.s, len});
      printf("\n");
      size_t taken = end ? len + 1 : len;
      rest = (struct text){rest.s + taken, rest.len - taken};
    }
  stralloc_free(&header);
}

static int show(struct store *s, const struct queueid *id) {
  struct message m;
  const char *reason = "";
  switch (message_load(&m, s, id, &reason)) {
    case MESSAGE_OK: break;
    case MESSAGE_GONE: return owlq_complain(id->s, "no such message in the queue");
    case MESSAGE_BAD: return owlq_complain(id->s, reason);
    case MESSAGE_FAILED: return owlq_complain(id->s, strerror(errno));
  }
  print_envelope(&m);
  print_recipients(&m, true);
  print_header(&m);
  int code = queuefile_check_body(&m.file, m.fd) == QUEUEFILE_OK
               ? TOOL_OK
               : owlq_complain(id->s, "the message's checksum does not fit");
  message_free(&m);
  return code;
}

int owlq_show(struct control *c, int argc, char **argv) {
  struct store s;
  struct queueid id;
  if (argc != 2) return owlq_usage("show ID");
  if (!queueid_parse(&id, text_of(argv[1]))) return owlq_usage("show ID: this is no queue id");
  int code = owlq_open_store(c, &s);
  if (code != TOOL_OK) return code;
  code = show(&s, &id);
  store_close(&s);
  return code;
}
