#include "config.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "lib/exitcode.h"
#include "queue/owlq/describe.h"
#include "queue/owlq/listrow.h"
#include "queue/owlq/owlq.h"
#include "queue/owlq/screen.h"
#include "queue/owlq/srsview.h"
#include "queue/owlq/view.h"
#include "queue/schedule.h"

enum { HEADER_MAX = 16384 };

static const char *ret_name(uint64_t ret) {
  return ret == RET_FULL ? "FULL" : ret == RET_HEADERS ? "HDRS" : NULL;
}

static const char *body_name(uint64_t body) {
  static const char *const names[] = {
    [BODY_7BIT] = "7BIT", [BODY_8BITMIME] = "8BITMIME", [BODY_BINARYMIME] = "BINARYMIME"};
  return body < sizeof names / sizeof names[0] ? names[body] : NULL;
}

/* "FAILURE,DELAY", or NULL when not given (RFC 3461 4.1). */
static const char *notify_names(uint64_t notify, char words[40]) {
  static const char *const names[] = {"NEVER", "SUCCESS", "FAILURE", "DELAY"};
  words[0] = 0;
  for (unsigned i = 0; i < 4; i++)
    if (notify & 1u << i) {
      if (words[0]) strcat(words, ",");
      strcat(words, names[i]);
    }
  return words[0] ? words : NULL;
}

/* ---- where it came from, on what terms: one table for both forms */

struct fact {
  const char *label, *key;
  struct text text;
  uint64_t number; /* where text is absent; 0: not given */
};

enum { FACTS = 19 };

static size_t gather(struct fact facts[FACTS], const struct envelope *e) {
  const struct fact all[] = {
    {"about", "about", e->parent, 0},
    {"client address", "client_address", e->client_address, 0},
    {"client port", "client_port", TEXT_ABSENT, e->client_port},
    {"client name", "client_name", e->client_name, 0},
    {"HELO", "helo", e->helo, 0},
    {"protocol", "protocol", e->protocol, 0},
    {"TLS", "tls", e->tls, 0},
    {"authenticated user", "authenticated_user", e->auth_user, 0},
    {"submitted by process", "submitter_pid", TEXT_ABSENT, e->submitter_pid},
    {"taken by instance", "instance", e->instance, 0},
    {"sent on by a mailbox of", "forwarder", e->forwarder, 0},
    {"ENVID", "envid", e->envid, 0},
    {"RET", "ret", text_of(ret_name(e->ret)), 0},
    {"BODY", "body", text_of(body_name(e->body)), 0},
    {"SMTPUTF8", "smtputf8", text_of(e->smtputf8 ? "yes" : NULL), 0},
    {"REQUIRETLS", "requiretls", text_of(e->requiretls ? "yes" : NULL), 0},
  };
  memcpy(facts, all, sizeof all);
  return sizeof all / sizeof all[0];
}

/* ---- the header */

/* The next line of it, without its end; false behind the last one. */
static bool next_line(struct text *rest, struct text *line) {
  const char *end = rest->len ? memchr(rest->s, '\n', rest->len) : NULL;
  *line = (struct text){rest->s, end ? (size_t)(end - rest->s) : rest->len};
  if (line->len == 0) return false;
  size_t taken = line->len + (end ? 1 : 0);
  *rest = (struct text){rest->s + taken, rest->len - taken};
  return true;
}

/* Beginning of the message; what does not check is shown all the same. */
static void read_header(const struct message *m, stralloc *out) {
  if (message_read_body(m, out, HEADER_MAX) == -1 && errno != EBADMSG) stralloc_zero(out);
}

static void print_header(const struct message *m) {
  stralloc header = {0};
  struct text line;
  read_header(m, &header);
  printf("header:\n");
  for (struct text rest = text_of_stralloc(&header); next_line(&rest, &line);) {
    printf("  ");
    screen_text(line);
    printf("\n");
  }
  stralloc_free(&header);
}

static void describe_header(struct jsonline *j, const struct message *m) {
  stralloc header = {0};
  struct text line;
  read_header(m, &header);
  jsonline_array(j, "header");
  for (struct text rest = text_of_stralloc(&header); next_line(&rest, &line);)
    jsonline_append_text(j, "header", line);
  stralloc_free(&header);
}

/* ---- the whole */

static uint64_t schedule_age_of(const struct message *m, uint64_t now_us) {
  return schedule_age(m->last_age_s, m->last_us, now_us);
}

static void print_terms(const struct message *m) {
  char words[40];
  for (size_t i = 0; i < m->file.envelope.recipient_count; i++) {
    const struct envelope_recipient *r = &m->file.envelope.recipients[i];
    if (!r->orcpt.len && !r->notify) continue;
    printf("terms of <");
    screen_text(r->address);
    printf(">:");
    if (notify_names(r->notify, words)) printf(" NOTIFY=%s", words);
    if (r->orcpt.len) printf(" ORCPT=");
    screen_text(r->orcpt);
    printf("\n");
  }
}

static void print_facts(const struct envelope *e) {
  struct fact facts[FACTS];
  for (size_t i = 0, n = gather(facts, e); i < n; i++) {
    if (!facts[i].text.len && !facts[i].number) continue;
    printf("%s: ", facts[i].label);
    if (facts[i].number) printf("%llu", (unsigned long long)facts[i].number);
    screen_text(facts[i].text);
    printf("\n");
  }
  printf("submitted by uid: %llu\n", (unsigned long long)e->submitter_uid);
}

static void print_place(const struct selected *m) {
  if (m->in_bad_folder) printf("place: bad\n");
  else printf("place: %s\n", m->place == PLACE_TODO ? "todo" : "wait");
}

static void print_bad(const struct selected *m) {
  printf("id: %s\nstate: bad\n", m->id->s);
  print_place(m);
  printf("reason: %s\noctets of the file: %llu\n", m->reason, (unsigned long long)m->octets);
}

static void print_srs(struct control *c, const struct envelope *e, uint64_t now_us) {
  stralloc sender = {0};
  int r = srsview_sender(c, e, now_us, &sender);
  if (r != 0) printf("sender to other hosts: %s", r == 1 ? "<" : "unknown: ");
  if (r != 0) screen_text(r == 1 ? text_of_stralloc(&sender) : text_of(c->error.s));
  if (r != 0) printf(r == 1 ? ">\n" : "\n");
  stralloc_free(&sender);
}

static void describe_srs(struct jsonline *j, struct control *c, const struct envelope *e, uint64_t now_us) {
  stralloc sender = {0};
  if (srsview_sender(c, e, now_us, &sender) == 1) jsonline_text(j, "srs_sender", text_of_stralloc(&sender));
  stralloc_free(&sender);
}

static void print_message(struct control *c, const struct selected *s, uint64_t now_us) {
  static const char *const kinds[] = {"mail", "DSN", "double bounce"};
  const struct message *m = s->message;
  const struct envelope *e = &m->file.envelope;
  printf("id: %s\nsender: <", m->id.s);
  screen_text(e->sender);
  printf(">\narrived: ");
  screen_date(e->arrival_us);
  printf("\noctets: %llu\nkind: %s\nstate: %s\n", (unsigned long long)m->file.body_octets, kinds[e->kind],
         state_name(s->state));
  print_place(s);
  printf("age: %llu s\n", (unsigned long long)schedule_age_of(m, now_us));
  print_facts(e);
  print_srs(c, e, now_us);
  print_terms(m);
  row_print_recipients(m, true, now_us);
  print_header(m);
}

static void describe_recipients(struct jsonline *j, const struct message *m) {
  char words[40];
  for (size_t i = 0; i < m->file.envelope.recipient_count; i++) {
    const struct envelope_recipient *r = &m->file.envelope.recipients[i];
    struct jsonline child;
    jsonline_begin(&child);
    describe_recipient(&child, m, i);
    jsonline_string(&child, "notify", notify_names(r->notify, words));
    if (r->orcpt.len) jsonline_text(&child, "orcpt", r->orcpt);
    describe_last(&child, m, i);
    jsonline_append(j, "recipients", &child);
  }
}

static void describe_facts(struct jsonline *j, const struct envelope *e) {
  struct fact facts[FACTS];
  for (size_t i = 0, n = gather(facts, e); i < n; i++) {
    if (facts[i].number) jsonline_number(j, facts[i].key, facts[i].number);
    if (facts[i].text.len) jsonline_text(j, facts[i].key, facts[i].text);
  }
  jsonline_number(j, "submitter_uid", e->submitter_uid);
}

static int put_json(struct control *c, const struct selected *s, bool intact, uint64_t now_us) {
  struct jsonline j;
  jsonline_begin(&j);
  describe_message(&j, s, now_us);
  if (s->message) {
    jsonline_number(&j, "schedule_age_s", schedule_age_of(s->message, now_us));
    describe_facts(&j, &s->message->file.envelope);
    describe_srs(&j, c, &s->message->file.envelope, now_us);
    describe_recipients(&j, s->message);
    describe_header(&j, s->message);
    jsonline_flag(&j, "intact", intact);
  }
  return jsonline_put(&j);
}

static int show_one(void *context, const struct selected *m) {
  struct view *v = context;
  bool intact = m->message && queuefile_check_body(&m->message->file, m->message->fd) == QUEUEFILE_OK;
  if (v->json) {
    if (put_json(v->control, m, intact, v->now_us) != TOOL_OK) v->code = TOOL_SYSTEM;
  } else if (m->message)
    print_message(v->control, m, v->now_us);
  else
    print_bad(m);
  if (m->message && !intact) v->code = owlq_complain(m->id->s, "the message's checksum does not fit");
  return 0;
}

int owlq_show(struct control *c, int argc, char **argv) {
  return view_messages(c, argc, argv, "show [--json] ID...", show_one);
}
