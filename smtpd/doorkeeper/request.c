#include "config.h"
#include "smtpd/doorkeeper/request.h"
#include "lib/terms.h"
#include "smtpd/doorkeeper/early.h"

enum { HELO_MAX_OCTETS = 255 };

bool request_is_empty(const struct door_request *rest) {
  stralloc left = {0};
  bool empty = door_put_request(&left, rest) == 0 && left.len == 0;
  stralloc_free(&left);
  return empty;
}

bool request_is_mail(const struct door_request *r) {
  struct door_request rest = *r;
  const struct envelope *e = &r->envelope;
  bool esmtp = text_equals(e->protocol, "ESMTP");
  bool early = early_protocol(e->protocol);
  if (!e->sender.s || !e->helo.s || e->helo.len > HELO_MAX_OCTETS) return false;
  if (!esmtp && !early && !text_equals(e->protocol, "SMTP")) return false;
  if (!esmtp && (e->smtputf8 || e->requiretls || e->ret || e->envid.s)) return false;
  if (!early && !terms_address_is_valid(e->sender, e->smtputf8)) return false;
  if (e->envid.s && !terms_envid_is_valid(e->envid)) return false;
  rest.octets = 0; /* the declared size */
  rest.envelope.sender = rest.envelope.helo = rest.envelope.protocol = rest.envelope.envid = TEXT_ABSENT;
  rest.envelope.body = rest.envelope.ret = 0;
  rest.envelope.smtputf8 = rest.envelope.requiretls = false;
  return request_is_empty(&rest);
}

bool request_is_rcpt(const struct door_request *r) {
  struct door_request rest = *r;
  if (r->envelope.recipient_count != 1) return false;
  const struct envelope_recipient *to = &r->envelope.recipients[0];
  if (to->index || !terms_notify_is_valid(to->notify)) return false;
  if (to->orcpt.s && !terms_orcpt_is_valid(to->orcpt)) return false;
  rest.envelope.recipient_count = 0;
  return request_is_empty(&rest);
}
