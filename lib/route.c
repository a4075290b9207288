#include "config.h"
#include "lib/route.h"
#include <errno.h>
#include <string.h>
#include "lib/address.h"
#include "lib/idn.h"
#include "lib/verp.h"

void route_unload(struct route_table *t) {
  list_free(&t->locals);
  list_free(&t->virtualdomains);
  list_free(&t->percenthack);
  list_free(&t->lmtproutes);
  list_free(&t->qmtproutes);
  list_free(&t->senderroutes);
  list_free(&t->smtproutes);
  stralloc_free(&t->envnoathost);
  *t = (struct route_table){0};
}

/* Notes what a control file has for the address, and what follows from it. */
static void note(struct facts *f, const char *file, const struct list_line *line, struct text domain,
                 const char *meaning) {
  if (!f) return;
  fact_begin(f, file);
  fact_s(f, line ? "it has \"" : "it has no line for ");
  fact_t(f, line ? line->key : domain);
  if (line && line->value.s) fact_s(f, ":");
  if (line && line->value.s) fact_t(f, line->value);
  fact_s(f, line ? "\": " : "");
  fact_s(f, line ? meaning : "");
  fact_detail(f, "found", text_of(line ? "yes" : "no"));
  if (line) fact_detail(f, "key", line->key);
  if (line && line->value.s) fact_detail(f, "value", line->value);
  fact_end(f);
}

/* user%host@domain with domain in percenthack becomes user@host, repeatedly. */
static void undo_percents(const struct route_table *t, stralloc *address, struct facts *f) {
  struct text local, domain;
  const struct list_line *line;
  while (address_split(text_of_stralloc(address), &local, &domain) &&
         (line = idn_find(&t->percenthack, domain))) {
    const char *percent = memrchr(local.s, '%', local.len);
    note(f, "percenthack", line, domain, percent ? "the last % becomes the @" : "there is no %");
    if (!percent) return;
    address->s[percent - address->s] = '@';
    address->len = local.len;
    if (f) fact_say(f, "rewritten", "now it is ", text_of_stralloc(address));
  }
  note(f, "percenthack", NULL, domain, "");
}

static const struct list_line *find_virtual(const struct route_table *t, struct text address,
                                            struct text domain, struct facts *f) {
  const struct list_line *line = list_find(&t->virtualdomains, address);
  if (!line) line = idn_find_domain(&t->virtualdomains, domain);
  note(f, "virtualdomains", line, domain,
       line && line->value.len ? "delivered here, that put in front" : "no virtual domain");
  return line;
}

static int prepend(stralloc *address, struct text prefix) {
  stralloc whole = {0};
  int r = -1;
  if (text_cat(&whole, prefix) == 0 && stralloc_cats(&whole, "-") &&
      stralloc_cat(&whole, address) && stralloc_copy(address, &whole))
    r = 0;
  stralloc_free(&whole);
  return r;
}

static bool are_relays(const struct list *l) {
  struct target target;
  for (size_t i = 0; i < l->count; i++)
    if (target_parse_relay(&target, l->lines[i].value) == -1 || target.user.s) return false;
  return true;
}

typedef int parse_fn(struct target *t, struct text value);

/* An empty value says that the next file decides. */
static bool are_servers(const struct list *l, parse_fn *parse) {
  struct target target;
  for (size_t i = 0; i < l->count; i++)
    if (l->lines[i].value.len && parse(&target, l->lines[i].value) == -1) return false;
  return true;
}

static int check_targets(const struct route_table *t, struct control *c) {
  static const char no_port[] = "a port is not a number from 1 to 65535, or there is a user or a password, which smtpauth is for";
  if (!are_relays(&t->smtproutes)) return control_fail(c, CONTROL_SMTPROUTES, no_port);
  if (!are_relays(&t->senderroutes)) return control_fail(c, CONTROL_SENDERROUTES, no_port);
  if (!are_servers(&t->lmtproutes, target_parse_lmtp))
    return control_fail(c, CONTROL_LMTPROUTES, "a line names no host[:port], and no path of at most 107 octets");
  if (!are_servers(&t->qmtproutes, target_parse_qmtp))
    return control_fail(c, CONTROL_QMTPROUTES, "a line names no host[:port]");
  return 0;
}

int route_load(struct route_table *t, struct control *c) {
  *t = (struct route_table){0};
  if (control_list(c, CONTROL_LOCALS, &t->locals) == 0 &&
      control_list(c, CONTROL_VIRTUALDOMAINS, &t->virtualdomains) == 0 &&
      control_list(c, CONTROL_PERCENTHACK, &t->percenthack) == 0 &&
      control_list(c, CONTROL_LMTPROUTES, &t->lmtproutes) == 0 &&
      control_list(c, CONTROL_QMTPROUTES, &t->qmtproutes) == 0 &&
      control_list(c, CONTROL_SENDERROUTES, &t->senderroutes) == 0 &&
      control_list(c, CONTROL_SMTPROUTES, &t->smtproutes) == 0 &&
      control_text(c, CONTROL_ENVNOATHOST, &t->envnoathost) == 0 && check_targets(t, c) == 0)
    return 0;
  route_unload(t);
  return -1;
}

static int take_target(struct route *r, const struct target *t) {
  r->port = t->port;
  return stralloc_copyb(&r->host, t->host.s, t->host.len) ? 0 : -1;
}

/* The form that the DNS knows, so that both forms of a domain are one
 * destination; what has none is for the sender to refuse. */
static int take_domain(struct route *r, struct text domain, uint64_t port) {
  struct target as_given = {.host = domain, .port = port};
  r->port = port;
  return idn_to_ascii(&r->host, domain) == 0 ? 0 : take_target(r, &as_given);
}

/* An empty relay asks for the domain's MX, perhaps on another port. */
static int take_relay(struct route *r, struct text domain, const struct target *to) {
  r->use_mx = to->host.len == 0;
  return r->use_mx ? take_domain(r, domain, to->port) : take_target(r, to);
}

static int route_smtp(const struct route_table *t, struct text domain, struct route *r,
                      struct facts *f) {
  const struct list_line *line = idn_find_domain(&t->smtproutes, domain);
  struct target to = {.port = PORT_SMTP};
  if (line && target_parse_relay(&to, line->value) == -1) return errno = EINVAL, -1;
  r->is_named = line && line->key.len;
  note(f, "smtproutes", line, domain, to.host.len ? "to this relay" : "by MX records");
  return take_relay(r, domain, &to);
}

/* A protocol's own file. */
static const struct own_file {
  const char *name;
  enum route_protocol protocol;
  parse_fn *parse;
  const char *yes, *no;
} lmtp_file = {"lmtproutes", PROTOCOL_LMTP, target_parse_lmtp, "by LMTP to this server", "not by LMTP"},
  qmtp_file = {"qmtproutes", PROTOCOL_QMTP, target_parse_qmtp, "by QMTP to this server", "not by QMTP"};

/* 1: it names a server, 0: it does not, -1 with errno. */
static int route_by(const struct own_file *x, const struct list *l, struct text domain, struct route *r,
                    struct facts *f) {
  const struct list_line *line = idn_find_domain(l, domain);
  struct target to;
  bool is_named = line && line->value.len;
  if (l->count) note(f, x->name, line, domain, is_named ? x->yes : x->no);
  if (!is_named) return 0;
  if (x->parse(&to, line->value) == -1) return errno = EINVAL, -1;
  r->protocol = x->protocol;
  r->is_named = true;
  return take_target(r, &to) == 0 ? 1 : -1;
}

static int route_remote(const struct route_table *t, struct text domain, struct route *r,
                        struct facts *f) {
  r->channel = CHANNEL_REMOTE;
  int found = route_by(&lmtp_file, &t->lmtproutes, domain, r, f);
  if (found == 0) found = route_by(&qmtp_file, &t->qmtproutes, domain, r, f);
  if (found == 0) return route_smtp(t, domain, r, f);
  return found == 1 ? 0 : -1;
}

static int cat_host(const struct route_table *t, stralloc *address, struct facts *f) {
  if (!stralloc_cats(address, "@") || !stralloc_cat(address, &t->envnoathost)) return -1;
  if (f) fact_say(f, "envnoathost", "there is no @; now it is ", text_of_stralloc(address));
  return 0;
}

/* What is delivered here never gets as far as lmtproutes. */
static void note_passed_over(const struct route_table *t, struct text domain, struct facts *f) {
  const struct list_line *line = idn_find(&t->lmtproutes, domain);
  if (line && line->value.len)
    note(f, "lmtproutes", line, domain, "passed over, as the domain is delivered here");
}

/* Behind envnoathost and percenthack. */
static int choose(const struct route_table *t, struct route *r, struct facts *f) {
  struct text local, domain;
  address_split(text_of_stralloc(&r->address), &local, &domain);
  const struct list_line *line = idn_find(&t->locals, domain);
  note(f, "locals", line, domain, "delivered here");
  if (line) return note_passed_over(t, domain, f), 0;
  line = find_virtual(t, text_of_stralloc(&r->address), domain, f);
  if (line && line->value.len)
    return note_passed_over(t, domain, f), prepend(&r->address, line->value);
  return route_remote(t, domain, r, f);
}

/* The address, its domain, the domain's suffixes. */
static const struct list_line *find_sender(const struct route_table *t, struct text sender, struct text domain) {
  const struct list_line *line = list_find(&t->senderroutes, sender);
  if (!line) line = idn_find_domain(&t->senderroutes, domain);
  return line && line->key.len ? line : NULL;
}

static int take_route_of_sender(const struct route_table *t, struct text sender, struct route *r, struct facts *f) {
  struct text local, domain;
  struct target to;
  if (t->senderroutes.count == 0 || !sender.len || r->channel != CHANNEL_REMOTE || r->is_named) return 0;
  sender = verp_plain(sender);
  if (!address_split(sender, &local, &domain)) return 0;
  const struct list_line *line = find_sender(t, sender, domain);
  note(f, "senderroutes", line, domain, "the sender's route, as smtproutes names none for the recipient's domain");
  if (!line) return 0;
  if (target_parse_relay(&to, line->value) == -1) return errno = EINVAL, -1;
  address_split(text_of_stralloc(&r->address), &local, &domain);
  return take_relay(r, domain, &to);
}

const char *route_way(enum route_protocol protocol, bool use_mx) {
  switch (protocol) {
    case PROTOCOL_LMTP: return "lmtp";
    case PROTOCOL_QMTP: return "qmtp";
    case PROTOCOL_SMTP: break;
  }
  return use_mx ? "mx" : "relay";
}

static void note_remote(struct facts *f, const struct route *r) {
  fact_s(f, r->protocol == PROTOCOL_LMTP ? "by LMTP, to "
            : r->protocol == PROTOCOL_QMTP ? "by QMTP, to "
            : r->use_mx                  ? "remote, to the mail exchangers of "
                                         : "remote, to ");
  fact_t(f, text_of_stralloc(&r->host));
  if (r->port != PORT_NONE) {
    fact_s(f, ", port ");
    fact_u(f, r->port);
  }
  fact_detail(f, "channel", text_of("remote"));
  fact_detail(f, "address", text_of_stralloc(&r->address));
  fact_detail(f, "host", text_of_stralloc(&r->host));
  if (r->port != PORT_NONE) fact_detail_u(f, "port", r->port);
  fact_detail(f, "by", text_of(route_way(r->protocol, r->use_mx)));
}

static void note_local(struct facts *f, const struct route *r) {
  fact_s(f, "local, to ");
  fact_t(f, text_of_stralloc(&r->address));
  fact_detail(f, "channel", text_of("local"));
  fact_detail(f, "address", text_of_stralloc(&r->address));
}

static void note_route(struct facts *f, const struct route *r) {
  fact_begin(f, "route");
  if (r->channel == CHANNEL_REMOTE) note_remote(f, r);
  else note_local(f, r);
  fact_end(f);
}

static void begin(struct route *r) {
  r->channel = CHANNEL_LOCAL;
  r->protocol = PROTOCOL_SMTP;
  r->port = PORT_SMTP;
  r->use_mx = r->is_named = false;
  stralloc_zero(&r->host);
  stralloc_zero(&r->address);
}

int route_domain(const struct route_table *t, struct text domain, struct route *r) {
  begin(r);
  return route_remote(t, domain, r, NULL);
}

int route_explain(const struct route_table *t, struct text sender, struct text address, struct route *r,
                  struct facts *f) {
  struct text local, domain;
  begin(r);
  if (text_cat(&r->address, address) == -1) return -1;
  if (!address_split(address, &local, &domain) && cat_host(t, &r->address, f) == -1) return -1;
  undo_percents(t, &r->address, f);
  if (choose(t, r, f) == -1 || take_route_of_sender(t, sender, r, f) == -1) return -1;
  if (f) note_route(f, r);
  return 0;
}

int route_find(const struct route_table *t, struct text sender, struct text address, struct route *r) {
  return route_explain(t, sender, address, r, NULL);
}

bool route_leads_nowhere(const struct route *r) {
  return r->channel == CHANNEL_REMOTE && (r->host.len == 0 || r->host.len > RESULT_HOST_MAX);
}

void route_free(struct route *r) {
  stralloc_free(&r->address);
  stralloc_free(&r->host);
}
