#include "config.h"
#include "remote/tlsreport/deliver.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "lib/injector.h"
#include "lib/injectorreply.h"
#include "lib/iofd.h"
#include "remote/resolve.h"
#include "remote/tlsreport/mail.h"
#include "remote/tlsreport/rua.h"

/* ---- settings */

static int text_or(struct control *c, enum control_name name, stralloc *out, const char *before, const stralloc *otherwise) {
  if (control_text(c, name, out) == -1) return -1;
  if (out->len) return 0;
  return stralloc_copys(out, before) && stralloc_cats(out, otherwise->s) && stralloc_0(out) ? 0 : control_fail(c, name, "out of memory");
}

int reporter_load(struct reporter *r, struct control *c) {
  if (control_text(c, CONTROL_ME, &r->me) == -1 || control_text(c, CONTROL_TLSREPORTNAME, &r->organization) == -1 ||
      control_number(c, CONTROL_TIMEOUTDNS, &r->timeoutdns_s) == -1)
    return -1;
  if (text_or(c, CONTROL_TLSREPORTFROM, &r->from, "postmaster@", &r->me) == -1) return -1;
  return text_or(c, CONTROL_TLSREPORTCONTACT, &r->contact, "", &r->from);
}

void reporter_free(struct reporter *r) {
  stralloc_free(&r->me);
  stralloc_free(&r->from);
  stralloc_free(&r->contact);
  stralloc_free(&r->organization);
}

/* ---- saying why */

static void complain(const char *day, const char *domain, const char *reason) {
  fprintf(stderr, "owl-tlsrpt: unable to send the report of %s to %s: %s\n", day, domain, reason);
}

static enum delivered defer(const char *day, const char *domain, const char *reason) {
  char oldest[9];
  complain(day, domain, reason);
  tlsrpt_day(oldest, clock_wall_us(&clock_system) - (uint64_t)KEPT_DAYS * 86400 * 1000000);
  return strcmp(day, oldest) < 0 ? DELIVERED : DEFERRED;
}

/* ---- where it is wanted */

static void take_record(void *context, struct text record) {
  struct rua *r = context;
  if (rua_add_record(r, record) == -1) r->malformed = true;
}

static struct lookup find_rua(struct rua *r, const char *domain, unsigned limit_s) {
  stralloc name = {0};
  struct lookup l = {RESOLVE_TEMPORARY, false, "out of memory"};
  if (stralloc_copys(&name, "_smtp._tls.") && stralloc_cats(&name, domain))
    l = resolve_txt(text_of_stralloc(&name), limit_s, take_record, r);
  stralloc_free(&name);
  return l;
}

/* ---- sending */

/* What the injector says is for its operator. */
static int queue(struct text message, const struct envelope *e, stralloc *why) {
  struct injector i;
  if (injector_start(&i, e) == -1) return stralloc_copys(why, strerror(errno)), -1;
  int written = io_write_all(i.message_fd, message.s, message.len, IO_FOREVER);
  int code = injector_finish(&i, e);
  struct result result = injector_explain(code, text_of_stralloc(&i.text));
  bool ok = written == 0 && code == INJECTOR_OK;
  if (!ok) stralloc_zero(why), text_cat_cleaned(why, result.text);
  injector_free(&i);
  return ok ? 0 : -1;
}

static int submit(struct text message, const struct report_mail *m, stralloc *why) {
  struct envelope e = {.sender = text_of(m->from)};
  int r = 0;
  for (size_t i = 0; r == 0 && i < m->to_count; i++) {
    struct envelope_recipient *to = envelope_add(&e);
    if (to) to->address = text_of_stralloc(&m->to[i]);
    else r = -1;
  }
  r = r == 0 ? queue(message, &e, why) : (stralloc_copys(why, "out of memory"), -1);
  envelope_free(&e);
  return r;
}

static enum delivered send_to(const struct rua *rua, struct report_mail *m) {
  stralloc message = {0}, why = {0};
  enum delivered d = DELIVERED;
  m->to = rua->addresses;
  m->to_count = rua->count;
  m->wall_us = clock_wall_us(&clock_system);
  if (report_mail(&message, m) == -1) d = defer(m->head.day, m->head.domain, "out of memory");
  else if (submit(text_of_stralloc(&message), m, &why) == -1)
    d = defer(m->head.day, m->head.domain, stralloc_0(&why) ? why.s : "out of memory");
  stralloc_free(&message);
  stralloc_free(&why);
  return d;
}

/* Nobody is told of a domain that wants none. */
static enum delivered find_and_send(const struct reporter *r, struct report_mail *m) {
  struct rua rua = {0};
  enum delivered d = DELIVERED;
  struct lookup l = find_rua(&rua, m->head.domain, (unsigned)r->timeoutdns_s);
  if (l.status == RESOLVE_TEMPORARY) d = defer(m->head.day, m->head.domain, l.problem);
  else if (rua_counts(&rua)) d = send_to(&rua, m);
  else if (rua.records == 1 && !rua.malformed) complain(m->head.day, m->head.domain, "it wants them by HTTPS only, which is not done");
  rua_free(&rua);
  return d;
}

static enum delivered print(struct text json) {
  fwrite(json.s, 1, json.len, stdout);
  return PRINTED;
}

/* The same day and domain have the same one: who gets a report twice can tell. */
static int make_id(stralloc *out, const char *day, const char *domain, const stralloc *me) {
  return stralloc_copys(out, "tlsrpt.") && stralloc_cats(out, day) && stralloc_cats(out, ".") && stralloc_cats(out, domain) &&
             stralloc_cats(out, "@") && stralloc_cats(out, me->s) && stralloc_0(out) ? 0 : -1;
}

static enum delivered deliver(const struct reporter *r, const char *day, const char *domain, const struct summary *s) {
  stralloc json = {0}, id = {0};
  enum delivered d;
  struct report_mail m = {.from = r->from.s, .me = r->me.s};
  int made = make_id(&id, day, domain, &r->me);
  m.head = (struct report_head){r->organization.s, r->contact.s, id.s, day, domain};
  if (made == -1 || report_json(&json, &m.head, s) == -1) d = defer(day, domain, "out of memory");
  else if (r->print) d = print(text_of_stralloc(&json));
  else m.json = text_of_stralloc(&json), d = find_and_send(r, &m);
  stralloc_free(&json);
  stralloc_free(&id);
  return d;
}

enum delivered report_deliver(const struct reporter *r, const char *day, const char *domain, struct text notes) {
  static struct summary s; /* large */
  enum delivered d = DELIVERED;
  if (summary_make(&s, notes) == -1) d = defer(day, domain, "out of memory");
  else if (s.policy_count) d = deliver(r, day, domain, &s);
  else if (r->print) d = PRINTED;
  if (s.malformed) fprintf(stderr, "owl-tlsrpt: %llu malformed notes of %s about %s\n", (unsigned long long)s.malformed, day, domain);
  summary_free(&s);
  return d;
}
