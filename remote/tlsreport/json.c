#include "config.h"
#include "remote/tlsreport/json.h"
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include "lib/sts.h"

/* Octets that are no UTF-8 are given as '?', so that the rest can be read. */
static json_t *string_of(struct text t) {
  json_t *s = json_stringn(t.s ? t.s : "", t.len);
  if (s) return s;
  stralloc ascii = {0};
  if (text_cat(&ascii, t) == -1) return NULL;
  for (size_t i = 0; i < ascii.len; i++)
    if ((unsigned char)ascii.s[i] > 126) ascii.s[i] = '?';
  s = json_stringn(ascii.s, ascii.len);
  stralloc_free(&ascii);
  return s;
}

/* References are taken; NULL makes it fail. */
static int set(json_t *o, const char *name, json_t *value) { return json_object_set_new(o, name, value); }

static int set_text(json_t *o, const char *name, struct text t) { return t.len ? set(o, name, string_of(t)) : 0; }

/* ---- policies */

static json_t *lines_of(struct text lines) {
  json_t *list = json_array();
  struct sts_policy all = {.text = lines.s ? lines.s : "", .len = lines.len};
  struct text line;
  for (size_t at = 0; list && sts_policy_next_line(&all, &at, &line.s, &line.len);)
    if (json_array_append_new(list, string_of(line)) == -1) return json_decref(list), NULL;
  return list;
}

static json_t *patterns_of(struct text lines) {
  json_t *list = json_array();
  struct sts_policy all = {.text = lines.s ? lines.s : "", .len = lines.len};
  struct text mx;
  for (size_t at = 0; list && sts_policy_next_mx(&all, &at, &mx.s, &mx.len);)
    if (json_array_append_new(list, string_of(mx)) == -1) return json_decref(list), NULL;
  return list;
}

static int describe(json_t *o, const struct tlsrpt_session *policy, const char *domain) {
  static const char *const types[] = {"no-policy-found", "tlsa", "sts"};
  int r = set(o, "policy-type", json_string(types[policy->policy]));
  if (policy->policy != TLSRPT_NO_POLICY && policy->policy_lines.len) r |= set(o, "policy-string", lines_of(policy->policy_lines));
  r |= set(o, "policy-domain", json_string(domain));
  if (policy->policy == TLSRPT_STS && policy->policy_lines.len) r |= set(o, "mx-host", patterns_of(policy->policy_lines));
  return r;
}

static json_t *policy_of(const struct summary_policy *p, const char *domain) {
  json_t *o = json_object();
  struct tlsrpt_line line = {0};
  stralloc octets = {0};
  if (p->line.s && tlsrpt_read_line(&line, p->line, &octets) == -1) line = (struct tlsrpt_line){0};
  if (o && describe(o, &line.session, domain) != 0) json_decref(o), o = NULL;
  stralloc_free(&octets);
  return o;
}

/* ---- what went wrong */

static int describe_row(json_t *o, const struct tlsrpt_session *s, uint64_t count) {
  int r = set_text(o, "result-type", s->result);
  r |= set_text(o, "sending-mta-ip", s->sending_ip);
  r |= set_text(o, "receiving-mx-hostname", s->mx);
  r |= set_text(o, "receiving-mx-helo", s->helo);
  r |= set_text(o, "receiving-ip", s->receiving_ip);
  r |= set(o, "failed-session-count", json_integer((json_int_t)count));
  return r | set_text(o, "failure-reason-code", s->code);
}

static json_t *row_of(const struct summary_row *row) {
  json_t *o = json_object();
  struct tlsrpt_line line;
  stralloc octets = {0};
  if (tlsrpt_read_line(&line, row->line, &octets) == -1 || (o && describe_row(o, &line.session, row->count) != 0))
    json_decref(o), o = NULL;
  stralloc_free(&octets);
  return o;
}

static json_t *rows_of(const struct summary_policy *p) {
  json_t *list = json_array();
  for (size_t i = 0; list && i < p->row_count; i++)
    if (json_array_append_new(list, row_of(&p->rows[i])) == -1) return json_decref(list), NULL;
  return list;
}

static json_t *entry_of(const struct summary_policy *p, const char *domain) {
  json_t *o = json_object();
  json_t *summary = json_pack("{sIsI}", "total-successful-session-count", (json_int_t)p->successes,
                              "total-failure-session-count", (json_int_t)p->failures);
  int r = set(o, "policy", policy_of(p, domain)) | set(o, "summary", summary);
  if (p->row_count) r |= set(o, "failure-details", rows_of(p));
  if (r != 0) json_decref(o), o = NULL;
  return o;
}

/* ---- the whole */

static json_t *range_of(const char *day) {
  char start[32], end[32];
  snprintf(start, sizeof start, "%.4s-%.2s-%.2sT00:00:00Z", day, day + 4, day + 6);
  snprintf(end, sizeof end, "%.4s-%.2s-%.2sT23:59:59Z", day, day + 4, day + 6);
  return json_pack("{ssss}", "start-datetime", start, "end-datetime", end);
}

static json_t *whole(const struct report_head *h, const struct summary *s) {
  json_t *o = json_object(), *policies = json_array();
  int r = 0;
  for (size_t i = 0; i < s->policy_count; i++)
    if (s->policies[i].successes || s->policies[i].failures)
      r |= json_array_append_new(policies, entry_of(&s->policies[i], h->domain));
  r |= set(o, "organization-name", string_of(text_of(h->organization)));
  r |= set(o, "date-range", range_of(h->day));
  r |= set(o, "contact-info", string_of(text_of(h->contact)));
  r |= set(o, "report-id", string_of(text_of(h->id)));
  r |= set(o, "policies", policies);
  if (r != 0) json_decref(o), o = NULL;
  return o;
}

int report_json(stralloc *out, const struct report_head *h, const struct summary *s) {
  json_t *o = whole(h, s);
  char *text = o ? json_dumps(o, JSON_INDENT(1) | JSON_PRESERVE_ORDER) : NULL;
  int r = text && stralloc_copys(out, text) && stralloc_cats(out, "\n") ? 0 : -1;
  free(text);
  json_decref(o);
  return r;
}
