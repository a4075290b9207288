#include "config.h"
#include "smtpd/doorkeeper/identify.h"
#include "lib/ip.h"
#include "smtpd/doorkeeper/event.h"
#include "smtpd/doorkeeper/request.h"
#include "smtpd/doorkeeper/trust.h"

enum { NAME_MAX_OCTETS = 255, PORT_MAX = 65535 };

/* An address, or nothing: it is not known. */
static bool is_address(struct text t) {
  struct ip ip;
  return t.len == 0 || ip_parse_literal(&ip, t, true);
}

static bool is_formed(const struct door_request *r) {
  struct door_request rest = *r;
  const struct envelope *e = &r->envelope;
  if (!is_address(e->client_address) || !is_address(r->local_address)) return false;
  if (e->client_name.len > NAME_MAX_OCTETS || e->auth_user.len > NAME_MAX_OCTETS) return false;
  if (e->client_port > PORT_MAX || r->local_port > PORT_MAX) return false;
  rest.envelope.client_address = rest.envelope.client_name = rest.envelope.auth_user = TEXT_ABSENT;
  rest.envelope.client_port = rest.local_port = 0;
  rest.local_address = TEXT_ABSENT;
  return request_is_empty(&rest);
}

static int set_address(stralloc *out, struct text t) {
  char canonical[IP_TEXT_MAX] = "";
  struct ip ip;
  if (t.len && ip_parse_literal(&ip, t, true)) ip_format(&ip, canonical);
  return stralloc_copys(out, canonical) ? 0 : -1;
}

/* Another address is another client, of whom nothing else is known. */
static int set_client(struct client *c, const struct envelope *e) {
  if (e->client_address.s) {
    if (set_address(&c->address, e->client_address) == -1) return -1;
    stralloc_zero(&c->name);
    stralloc_zero(&c->login);
    c->port = 0;
    c->hidden = c->address.len == 0;
  }
  if (e->client_name.s && text_copy(&c->name, e->client_name) == -1) return -1;
  if (e->auth_user.s && text_copy(&c->login, e->auth_user) == -1) return -1;
  if (e->client_port) c->port = e->client_port;
  return 0;
}

static int set_local(struct client *c, const struct door_request *r) {
  if (r->local_port) c->local_port = r->local_port;
  return r->local_address.s ? set_address(&c->local_address, r->local_address) : 0;
}

static int name_client(struct doorkeeper *k, const struct door_request *r) {
  if (k->client != &k->named) {
    if (client_copy(&k->named, k->client) == -1) return -1;
    k->client = &k->named;
  }
  if (set_client(&k->named, &r->envelope) == -1 || set_local(&k->named, r) == -1) return -1;
  if (!r->envelope.client_address.s) return client_publish(&k->named);
  client_forget_environment();
  struct settings fresh = *k->settings;
  fresh.relayclient = TEXT_ABSENT;
  k->settings_of_named = trust_settings(&fresh, &k->named);
  k->settings = &k->settings_of_named;
  return client_publish(&k->named);
}

static struct outcome identify(struct doorkeeper *k, const struct door_request *r, const char *how) {
  /* half of a client would be another one */
  if (name_client(k, r) == -1) {
    struct outcome o = outcome_no_memory();
    o.answer.ends_session = true;
    return o;
  }
  event_named(k, how);
  struct outcome o = outcome_grant(250, "2.0.0", "ok");
  o.answer.may_etrn = k->settings->may_etrn;
  return o;
}

static struct outcome refuse(struct doorkeeper *k, const char *what) {
  struct outcome o = outcome_refuse(550, "5.7.0", "this client may not name another");
  event_refused(k, what, TEXT_ABSENT, &o.answer.result);
  return o;
}

/* Whether the listener lets the client that is named now have this session. */
static bool may_stay(struct doorkeeper *k) {
  struct ip address;
  if (!k->place || !ip_parse_literal(&address, text_of_stralloc(&k->client->address), true)) return true;
  return k->place->move(k->place->context, &address);
}

static struct outcome send_away(struct doorkeeper *k) {
  struct outcome o = outcome_refuse(421, "4.7.0", "too many connections, please come again later");
  event_refused(k, "client", text_of_stralloc(&k->client->address), &o.answer.result);
  k->sent_away = true; /* whatever its talker asks for now */
  o.answer.ends_session = true;
  return o;
}

struct outcome identify_proxied(struct doorkeeper *k, const struct door_request *r) {
  if (!is_formed(r) || r->envelope.client_address.len == 0 || r->local_address.len == 0) return outcome_malformed;
  if (k->asked) return outcome_not_now();
  if (!trust_has(&k->settings->proxyclients, k->client)) return refuse(k, "PROXY");
  struct outcome o = identify(k, r, "PROXY");
  return o.answer.ends_session || may_stay(k) ? o : send_away(k);
}

struct outcome identify_xclient(struct doorkeeper *k, const struct door_request *r) {
  if (!is_formed(r)) return outcome_malformed;
  if (k->state != DOORKEEPER_IDLE || k->renamed) return outcome_not_now();
  if (!trust_has(&k->settings->xclients, k->client)) return refuse(k, "XCLIENT");
  k->renamed = true;
  return identify(k, r, "XCLIENT");
}
