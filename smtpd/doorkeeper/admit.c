#include "config.h"
#include "smtpd/doorkeeper/admit.h"
#include "lib/terms.h"
#include "smtpd/doorkeeper/authenticate.h"
#include "smtpd/doorkeeper/early.h"
#include "smtpd/doorkeeper/event.h"
#include "smtpd/doorkeeper/recipients.h"
#include "smtpd/doorkeeper/request.h"
#include "smtpd/doorkeeper/senders.h"
#include "smtpd/doorkeeper/trace.h"

void admit_client(struct envelope *e, const struct client *c) {
  if (c->address.len) e->client_address = text_of_stralloc(&c->address);
  if (c->name.len) e->client_name = text_of_stralloc(&c->name);
  if (c->login.len) e->auth_user = text_of_stralloc(&c->login);
  e->client_port = c->port;
}

static struct outcome take_sender(struct doorkeeper *k, const struct door_request *r) {
  const struct settings *s = k->settings;
  struct envelope granted = r->envelope; /* has nothing else, and no control octets */
  struct outcome refused;
  const char *why;
  if (authenticate_refuses(k, granted.sender, &refused)) return refused;
  int is_refused = senders_refuse(s, granted.helo, granted.sender, k->facts, &why);
  if (is_refused == -1) return outcome_no_memory();
  if (is_refused) return outcome_refuse(553, "5.7.1", why);
  if (s->databytes && r->octets > s->databytes)
    return outcome_refuse(552, "5.3.4", "that message is too large for this server");
  if (!early_expects_sender(k, granted.protocol)) return outcome_not_now();
  admit_client(&granted, k->client);
  if (k->secure.facts) granted.tls = text_of_stralloc(&k->secure.words);
  granted.protocol = text_of(trace_protocol(&granted));
  granted.arrival_us = k->number;
  stralloc_zero(&k->grant);
  if (envelope_encode(&k->grant, &granted) == -1) return outcome_no_memory();
  k->grant_sender_octets = k->grant.len;
  k->smtputf8 = granted.smtputf8;
  k->state = k->state == DOORKEEPER_EARLY ? DOORKEEPER_EARLY_GRANTED : DOORKEEPER_GRANTED;
  return outcome_grant(250, "2.1.0", "sender ok");
}

struct outcome admit_sender(struct doorkeeper *k, const struct door_request *r) {
  if (!request_is_mail(r)) return outcome_malformed;
  if (r->envelope.requiretls && !k->secure.facts) return outcome_malformed;
  if (k->state == DOORKEEPER_IDLE) doorkeeper_begin(k);
  struct outcome o = take_sender(k, r);
  if (o.answer.result.class != RESULT_SUCCESS)
    event_refused(k, "sender", r->envelope.sender, &o.answer.result);
  if (k->state == DOORKEEPER_IDLE) k->number = 0;
  return o;
}

static struct outcome take_recipient(struct doorkeeper *k, const struct envelope_recipient *asked) {
  struct outcome o = recipients_check(k, asked->address);
  if (o.answer.result.class != RESULT_SUCCESS) return o;
  struct envelope_recipient granted = *asked; /* has nothing but its terms */
  granted.address = text_of_stralloc(&k->address);
  size_t before = k->grant.len;
  if (envelope_put_recipient(&k->grant, &granted) == -1) {
    k->grant.len = before;
    return outcome_no_memory();
  }
  k->recipients++;
  return o;
}

struct outcome admit_recipient(struct doorkeeper *k, const struct door_request *r) {
  if (!request_is_rcpt(r)) return outcome_malformed;
  const struct envelope_recipient *recipient = &r->envelope.recipients[0];
  if (!early_expects_recipient(k)) return outcome_not_now();
  bool smtp = k->state == DOORKEEPER_GRANTED;
  if (smtp && !terms_address_is_valid(recipient->address, k->smtputf8)) return outcome_malformed;
  struct outcome o = take_recipient(k, recipient);
  if (o.answer.result.class != RESULT_SUCCESS) {
    k->refused++;
    event_refused(k, "recipient", recipient->address, &o.answer.result);
  }
  return o;
}
