#include "config.h"
#include <string.h>
#include "lib/address.h"
#include "lib/unitext.h"
#include "queue/bouncepart.h"

/* The fields of a delivery status are ASCII (RFC 3464 2.1.2). */
static void make_ascii(struct page *p, size_t start) {
  for (size_t i = start; i < p->out->len; i++)
    if ((unsigned char)p->out->s[i] > 127) p->out->s[i] = '?';
}

/* As UTF-8 where the whole DSN may hold it, as printable ASCII elsewhere. */
static void add_utf8_address(struct page *p, const struct bounce *b, struct text address) {
  stralloc form = {0};
  page_add(p, "utf-8; ");
  if (!b->international && unitext_encode(&form, address) == 0) page_clean(p, text_of_stralloc(&form));
  else page_clean(p, address);
  stralloc_free(&form);
}

static void add_final_recipient(struct page *p, const struct bounce *b, struct text address) {
  page_add(p, "Final-Recipient: ");
  if (text_is_ascii(address)) {
    page_add(p, "rfc822; ");
    page_address(p, address);
  } else
    add_utf8_address(p, b, address);
  page_add(p, "\n");
}

/* ORCPT is "type;address" (RFC 3461 4.2). */
static void add_original_recipient(struct page *p, const struct bounce *b, struct text orcpt) {
  const char *semicolon = orcpt.len ? memchr(orcpt.s, ';', orcpt.len) : NULL;
  if (!semicolon || text_is_ascii(orcpt)) {
    page_field(p, "Original-Recipient: ", orcpt);
    return;
  }
  size_t before = (size_t)(semicolon - orcpt.s) + 1;
  page_add(p, "Original-Recipient: ");
  add_utf8_address(p, b, (struct text){orcpt.s + before, orcpt.len - before});
  page_add(p, "\n");
}

static const char *action_name(enum bounce_action a) {
  switch (a) {
    case BOUNCE_FAILED: return "failed";
    case BOUNCE_DELAYED: return "delayed";
    case BOUNCE_DELIVERED: return "delivered";
    case BOUNCE_RELAYED: return "relayed";
    case BOUNCE_EXPANDED: return "expanded";
    case BOUNCE_NOTHING: break;
  }
  return "";
}

static const char *default_status(enum bounce_action a) {
  return a == BOUNCE_FAILED ? "5.0.0" : a == BOUNCE_DELAYED ? "4.0.0" : "2.0.0";
}

/* Of a success nothing is to be diagnosed but what another server said. */
static void add_diagnostic(struct page *p, const struct result *r) {
  if (!r->reply_code && r->class == RESULT_SUCCESS) return;
  page_add(p, r->reply_code ? "Diagnostic-Code: smtp; " : "Diagnostic-Code: x-owlpost; ");
  if (r->reply_code) {
    page_number(p, r->reply_code);
    page_add(p, " ");
  }
  page_clean(p, r->text);
  page_add(p, "\n");
}

static void add_recipient(struct page *p, const struct bounce *b, size_t i, enum bounce_action action) {
  const struct logrecord *last = &b->m->states[i].last;
  const struct result *r = &last->result;
  const struct envelope_recipient *recipient = &b->m->file.envelope.recipients[i];
  page_add(p, "\n");
  add_original_recipient(p, b, recipient->orcpt);
  add_final_recipient(p, b, recipient->address);
  page_field(p, "Action: ", text_of(action_name(action)));
  page_field(p, "Status: ", r->status.len ? r->status : text_of(default_status(action)));
  page_field(p, "Remote-MTA: dns; ", r->host);
  add_diagnostic(p, r);
  page_add(p, "Last-Attempt-Date: ");
  page_date(p, last->time_us);
  page_add(p, "\n");
  uint64_t until_us = action == BOUNCE_DELAYED ? bounce_retry_until_us(b) : 0;
  if (!until_us) return;
  page_add(p, "Will-Retry-Until: ");
  page_date(p, until_us);
  page_add(p, "\n");
}

void bounce_add_status(struct page *p, const struct bounce *b) {
  size_t start = p->out->len;
  page_field(p, "Original-Envelope-Id: ", b->m->file.envelope.envid);
  page_add(p, "Reporting-MTA: dns; ");
  page_host(p, &b->s->me);
  page_add(p, "\nArrival-Date: ");
  page_date(p, b->m->file.envelope.arrival_us);
  page_add(p, "\n");
  for (size_t i = 0; i < b->m->file.envelope.recipient_count; i++) {
    enum bounce_action action = bounce_news(b->m, i, b->s);
    if (action != BOUNCE_NOTHING) add_recipient(p, b, i, action);
  }
  if (!b->international) make_ascii(p, start);
}
