#include "config.h"
#include "remote/explain.h"
#include "remote/walk.h"

static void note_kind(const struct destination *d, struct facts *f) {
  struct ip literal;
  bool is_literal = ip_parse_literal(&literal, d->host, !d->use_mx);
  const char *by = is_literal  ? "an address: "
                   : d->is_lmtp ? "a mailbox server, by its name: "
                   : d->is_qmtp ? "a server of QMTP, by its name: "
                   : d->use_mx ? "by MX records: "
                               : "a relay, by its name: ";
  fact_say(f, "destination", by, d->host);
}

/* What went wrong before an address was found is told here; what stops the walk
 * is the result. */
static void note_target(struct walk *w, size_t number, const struct walk_target *t) {
  char address[IP_TEXT_MAX];
  ip_format(&t->ip, address);
  fact_begin(w->facts, "try");
  fact_u(w->facts, number);
  fact_s(w->facts, ": ");
  fact_t(w->facts, t->host);
  fact_s(w->facts, " [");
  fact_s(w->facts, address);
  fact_s(w->facts, "] port ");
  fact_u(w->facts, w->destination->port);
  fact_detail_u(w->facts, "number", number);
  fact_detail(w->facts, "host", t->host);
  fact_detail(w->facts, "address", text_of(address));
  fact_detail_u(w->facts, "port", w->destination->port);
  fact_end(w->facts);
}

static bool has_equal_hosts(const struct mx_set *hosts) {
  for (size_t i = 1; i < hosts->count; i++)
    if (hosts->hosts[i].preference == hosts->hosts[i - 1].preference) return true;
  return false;
}

/* The connector's own word for a walk that found nothing (remote/connector.c). */
static void note_result(struct walk *w, size_t count) {
  struct result would = {.class = RESULT_SUCCESS,
                         .text = text_of("it would be offered to these addresses, in this order")};
  if (count) {
    fact_outcome(w->facts, &would);
    return;
  }
  walk_end(w);
  struct result none = verdict_result(&w->trouble);
  fact_outcome(w->facts, &none);
}

static void explain_socket(const struct destination *d, struct facts *f) {
  struct result would = {.class = RESULT_SUCCESS,
                         .text = text_of("it would be offered to who listens there")};
  fact_begin(f, "try");
  fact_s(f, "Unix socket ");
  fact_s(f, d->socket_path);
  fact_detail(f, "path", text_of(d->socket_path));
  fact_end(f);
  fact_outcome(f, &would);
}

void explain_destination(const struct destination *d, const struct connector_settings *s,
                        struct facts *f) {
  static struct walk walk; /* large */
  struct walk_target *targets;
  size_t count, number = 0;
  if (d->socket_path) {
    explain_socket(d, f);
    return;
  }
  walk.facts = f;
  note_kind(d, f);
  walk_begin(&walk, d, s);
  if (has_equal_hosts(&walk.hosts))
    fact_say(f, "order", "equal preferences: the order is drawn anew for each connection",
             TEXT_ABSENT);
  while ((targets = walk_targets(&walk, &count)))
    for (size_t i = 0; i < count; i++) {
      if (targets[i].used) continue;
      targets[i].used = true;
      note_target(&walk, ++number, &targets[i]);
    }
  note_result(&walk, number);
  walk_free(&walk);
}

void explain_identity(const struct identities *identities, struct text sender, struct text destination,
                      struct facts *f) {
  struct identity i = identity_find(identities, sender, destination);
  struct sources sources;
  char address[IP_TEXT_MAX];
  fact_say(f, "helo", "the name to give is ", i.helohost);
  if (!identity_sources(identities, i.source, &sources)) return;
  if (sources.count == 0) fact_say(f, "source", "connections come from where the system chooses", TEXT_ABSENT);
  for (size_t n = 0; n < sources.count; n++) {
    ip_format(&sources.ips[n], address);
    fact_say(f, "source", "connections come from ", text_of(address));
  }
}
