#include "config.h"
#include "remote/resolve.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include "lib/clock.h"
#include "lib/idn.h"
#include "lib/iofd.h"
#include "remote/query.h"

uint32_t resolve_random(void) {
  uint32_t r = 0;
  if (getrandom(&r, sizeof r, GRND_NONBLOCK) != (ssize_t)sizeof r) r = (uint32_t)clock_boot_us(&clock_system);
  return r;
}

enum { RCODE_FORMERR = 1, RCODE_SERVFAIL = 2, RCODE_NOTIMP = 4, RCODE_REFUSED = 5 };

/* ---- questions */

/* One, and the aliases that it leads over. */
struct question {
  struct query query;
  struct name_text name; /* of an alias: what the query's name is a view of */
  struct answer answer;
  struct lookup found;
  bool open;
};

/* The DNS knows the ASCII form of a name; what has none is no name there. */
static bool take_name(struct question *q, struct text name) {
  stralloc ascii = {0};
  q->query.name = name;
  bool ok = text_is_ascii(name) || idn_to_ascii(&ascii, name) == 0;
  if (ok && ascii.len && ascii.len <= NAME_TEXT_MAX) {
    q->name.len = ascii.len;
    memcpy(q->name.s, ascii.s, ascii.len);
    q->query.name = (struct text){q->name.s, q->name.len};
  }
  stralloc_free(&ascii);
  return ok && name_is_askable(q->query.name);
}

static void question_begin(struct question *q, struct text name, enum answer_type type) {
  *q = (struct question){.query = {.type = type}};
  q->open = take_name(q, name);
  q->found = (struct lookup){.status = RESOLVE_NO_NAME, .authenticated = q->open};
}

static void close_question(struct question *q, enum resolve_status status, const char *problem) {
  q->open = false;
  q->found.status = status;
  q->found.problem = problem;
  if (status == RESOLVE_TEMPORARY) q->found.authenticated = false;
}

static void follow_alias(struct question *q) {
  q->name = q->answer.alias;
  q->query.name = (struct text){q->name.s, q->name.len};
  if (!name_is_askable(q->query.name))
    close_question(q, RESOLVE_TEMPORARY, "it is an alias of what is no name");
}

static const char *refusal(unsigned rcode) {
  switch (rcode) {
    case RCODE_FORMERR: return "the name server did not understand (FORMERR)";
    case RCODE_SERVFAIL: return "the name server failed (SERVFAIL)";
    case RCODE_NOTIMP: return "the name server does not know such questions (NOTIMP)";
    case RCODE_REFUSED: return "the name server refused to answer (REFUSED)";
    default: return "the name server has no answer and knows no other";
  }
}

static void read_answer(struct question *q) {
  if (q->query.problem) {
    close_question(q, RESOLVE_TEMPORARY, q->query.problem);
    return;
  }
  enum answer_status s = answer_read(&q->answer, text_of_stralloc(&q->query.packet), q->query.name,
                                     q->query.type);
  q->found.authenticated = q->found.authenticated && q->answer.authenticated;
  switch (s) {
    case ANSWER_FOUND: close_question(q, RESOLVE_FOUND, NULL); break;
    case ANSWER_NONE: close_question(q, RESOLVE_NONE, NULL); break;
    case ANSWER_NO_NAME: close_question(q, RESOLVE_NO_NAME, NULL); break;
    case ANSWER_ALIAS: follow_alias(q); break;
    case ANSWER_FAILED:
      close_question(q, RESOLVE_TEMPORARY, refusal(q->answer.rcode));
      break;
    case ANSWER_BAD: close_question(q, RESOLVE_TEMPORARY, "the answer is malformed"); break;
  }
}

enum { QUESTIONS_MAX = 2 * RESOLVE_HOSTS_MAX };

static size_t list_open(struct question *questions, size_t count, struct query **open) {
  size_t n = 0;
  for (size_t i = 0; i < count; i++)
    if (questions[i].open) open[n++] = &questions[i].query;
  return n;
}

static void ask(struct question *questions, size_t count, unsigned limit_s) {
  struct query *open[QUESTIONS_MAX];
  uint64_t deadline = io_deadline(io_limit_ms(limit_s));
  for (int hops = 0; hops <= ANSWER_ALIASES_MAX; hops++) {
    size_t n = list_open(questions, count, open);
    if (n == 0) return;
    query_run(open, n, deadline);
    for (size_t i = 0; i < count; i++)
      if (questions[i].open) read_answer(&questions[i]);
  }
  for (size_t i = 0; i < count; i++)
    if (questions[i].open) close_question(&questions[i], RESOLVE_TEMPORARY, "too many aliases");
}

static void question_free(struct question *q) { stralloc_free(&q->query.packet); }

/* ---- mail exchangers */

struct lookup resolve_mx(struct mx_set *set, struct text domain, unsigned limit_s) {
  struct question q;
  struct name_text host;
  unsigned preference;
  *set = (struct mx_set){0};
  question_begin(&q, domain, ANSWER_MX);
  ask(&q, 1, limit_s);
  if (q.found.status == RESOLVE_FOUND)
    while (answer_next_mx(&q.answer, &preference, &host))
      mx_add(set, preference, (struct text){host.s, host.len}, resolve_random());
  mx_sort(set);
  question_free(&q);
  return q.found;
}

/* ---- texts */

struct lookup resolve_txt(struct text name, unsigned limit_s, resolve_txt_fn *take, void *context) {
  static char record[ANSWER_TXT_ROOM];
  struct question q;
  size_t len;
  question_begin(&q, name, ANSWER_TXT);
  ask(&q, 1, limit_s);
  if (q.found.status == RESOLVE_FOUND)
    while (answer_next_txt(&q.answer, record, &len)) take(context, (struct text){record, len});
  question_free(&q);
  return q.found;
}

/* ---- addresses */

static bool add_next(struct address_list *list, struct question *q) {
  if (q->found.status != RESOLVE_FOUND || list->count == RESOLVE_ADDRESSES_MAX) return false;
  if (!answer_next_ip(&q->answer, &list->ips[list->count])) return false;
  list->count++;
  return true;
}

/* No address although the one question had an answer and the other failed: it
 * may be there tomorrow. */
static struct lookup together(const struct lookup *a, const struct lookup *b, size_t count) {
  struct lookup l = {.status = RESOLVE_FOUND, .authenticated = a->authenticated && b->authenticated};
  /* who suppresses one of the two answers must not take DANE away */
  if (a->status == RESOLVE_TEMPORARY) l.authenticated = b->authenticated;
  if (b->status == RESOLVE_TEMPORARY) l.authenticated = a->authenticated;
  if (count) return l;
  if (a->status == RESOLVE_TEMPORARY) return *a;
  if (b->status == RESOLVE_TEMPORARY) return *b;
  l.status = a->status == RESOLVE_NO_NAME && b->status == RESOLVE_NO_NAME ? RESOLVE_NO_NAME
                                                                        : RESOLVE_NONE;
  return l;
}

static void gather(struct host *h, struct question *six, struct question *four) {
  bool more = true;
  while (more) {
    more = add_next(&h->list, six);
    more = add_next(&h->list, four) || more;
  }
  h->found = together(&six->found, &four->found, h->list.count);
  h->canonical = six->found.status == RESOLVE_FOUND ? six->answer.alias : four->answer.alias;
}

void resolve_hosts(struct host *hosts, size_t count, unsigned limit_s) {
  struct question *q = calloc(2 * count + 1, sizeof *q);
  for (size_t i = 0; i < count; i++) {
    hosts[i].list.count = 0;
    hosts[i].canonical.len = 0;
    hosts[i].found = (struct lookup){RESOLVE_TEMPORARY, false, "out of memory"};
    if (!q) continue;
    question_begin(&q[2 * i], hosts[i].name, ANSWER_AAAA);
    question_begin(&q[2 * i + 1], hosts[i].name, ANSWER_A);
  }
  if (q) ask(q, 2 * count, limit_s);
  for (size_t i = 0; q && i < count; i++) gather(&hosts[i], &q[2 * i], &q[2 * i + 1]);
  for (size_t i = 0; q && i < 2 * count; i++) question_free(&q[i]);
  free(q);
}

struct lookup resolve_alias(struct text name, unsigned limit_s) {
  struct question q;
  question_begin(&q, name, ANSWER_CNAME);
  ask(&q, 1, limit_s);
  question_free(&q);
  return q.found;
}

enum query_place resolve_place(void) { return query_place(); }

/* ---- TLSA records */

static size_t digest_octets(unsigned matching) { return matching == 1 ? 32 : matching == 2 ? 64 : 0; }

/* RFC 7672 3.1: certificate authorities of the web (usages 0 and 1) say nothing about a mail host. */
static bool can_be_compared(const struct answer_tlsa *t) {
  if ((t->usage != 2 && t->usage != 3) || t->selector > 1 || t->matching > 2) return false;
  return t->matching == 0 || t->data.len == digest_octets(t->matching);
}

static void add_tlsa(struct tlsa_set *set, const struct answer_tlsa *t) {
  static const char hex[] = "0123456789abcdef";
  if (!can_be_compared(t) || set->count == TLSWIRE_TLSA) return;
  char *to = set->lines[set->count];
  int head = snprintf(to, TLSWIRE_TLSA_MAX, "%u %u %u ", t->usage, t->selector, t->matching);
  if ((size_t)head + 2 * t->data.len > TLSWIRE_TLSA_MAX) return;
  to += head;
  for (size_t i = 0; i < t->data.len; i++) {
    *to++ = hex[(unsigned char)t->data.s[i] >> 4];
    *to++ = hex[(unsigned char)t->data.s[i] & 15];
  }
  *to = 0;
  set->count++;
}

static struct text tlsa_name(char *to, size_t size, struct text host, unsigned port) {
  if (host.len && host.s[host.len - 1] == '.') host.len--;
  int n = host.len > NAME_TEXT_MAX ? -1 : snprintf(to, size, "_%u._tcp.%.*s", port, (int)host.len, host.s);
  return n < 0 ? text_of("") : (struct text){to, (size_t)n};
}

struct lookup resolve_tlsa(struct tlsa_set *set, struct text host, unsigned port, unsigned limit_s) {
  struct question q;
  struct answer_tlsa t;
  char name[NAME_TEXT_MAX + 32];
  set->count = 0;
  question_begin(&q, tlsa_name(name, sizeof name, host, port), ANSWER_TLSA);
  ask(&q, 1, limit_s);
  if (q.found.status == RESOLVE_FOUND)
    while (answer_next_tlsa(&q.answer, &t)) add_tlsa(set, &t);
  question_free(&q);
  return q.found;
}
