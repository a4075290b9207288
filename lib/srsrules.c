#include "config.h"
#include "lib/srsrules.h"
#include <stdlib.h>
#include <string.h>
#include "lib/address.h"
#include "lib/envelope.h"
#include "lib/verp.h"

/* SRS1 stands for an SRS0, which may be ours. */
enum { STEPS_MAX = 2 };

static int no_memory(struct control *c, enum control_name name) { return control_fail(c, name, "out of memory"); }

static bool is_domain(struct text t) {
  return t.len <= RESULT_HOST_MAX && !memchr(t.s, '@', t.len) && !memchr(t.s, ' ', t.len);
}

static int collect_ours(struct srsrules *s, struct control *c) {
  stralloc lines = {0};
  int r = 0;
  for (size_t i = 0; r == 0 && i < s->domains.count; i++) {
    struct text value = s->domains.lines[i].value;
    if (value.len == 0) continue;
    if (!is_domain(value)) r = control_fail(c, CONTROL_SRSDOMAINS, "a line names no domain for the senders");
    else if (text_cat(&lines, value) == -1 || !stralloc_cats(&lines, "\n")) r = no_memory(c, CONTROL_SRSDOMAINS);
  }
  if (r == 0 && list_parse(&s->ours, text_of_stralloc(&lines)) == -1) r = no_memory(c, CONTROL_SRSDOMAINS);
  stralloc_free(&lines);
  return r;
}

/* In the order of the file, for which no list cares. */
static int take_secrets(struct srsrules *s, struct control *c, const struct list *l) {
  if (l->count == 0) return control_fail(c, CONTROL_SRSSECRET, "srsdomains needs a secret, and there is none");
  s->secrets = calloc(l->count, sizeof *s->secrets);
  if (!s->secrets || !stralloc_copy(&s->octets, &l->octets)) return no_memory(c, CONTROL_SRSSECRET);
  for (size_t i = 0; i < l->count; i++) {
    size_t place = 0;
    for (size_t other = 0; other < l->count; other++) place += l->lines[other].key.s < l->lines[i].key.s;
    s->secrets[place] = (struct text){s->octets.s + (l->lines[i].key.s - l->octets.s), l->lines[i].key.len};
  }
  s->secret_count = l->count;
  return 0;
}

static int load_secrets(struct srsrules *s, struct control *c) {
  struct list l = {0};
  int private = control_is_private(c, CONTROL_SRSSECRET);
  if (private == 0) return control_fail(c, CONTROL_SRSSECRET, "everybody may read it; give it mode 0640");
  if (private == -1 || control_list(c, CONTROL_SRSSECRET, &l) == -1) return -1;
  int r = take_secrets(s, c, &l);
  list_free(&l);
  return r;
}

int srsrules_load(struct srsrules *s, struct control *c) {
  *s = (struct srsrules){0};
  if (control_list(c, CONTROL_SRSDOMAINS, &s->domains) == 0 && collect_ours(s, c) == 0 &&
      (s->ours.count == 0 || load_secrets(s, c) == 0) && control_number(c, CONTROL_SRSMAXAGE, &s->maxage_s) == 0)
    return 0;
  srsrules_unload(s);
  return -1;
}

void srsrules_unload(struct srsrules *s) {
  list_free(&s->domains);
  list_free(&s->ours);
  stralloc_free(&s->octets);
  free(s->secrets);
  *s = (struct srsrules){0};
}

struct text srsrules_domain(const struct srsrules *s, struct text forwarder) {
  const struct list_line *line = forwarder.len ? list_find_domain(&s->domains, forwarder) : NULL;
  return line && line->value.len ? line->value : TEXT_ABSENT;
}

bool srsrules_concern(const struct srsrules *s, struct text address) {
  struct text local, domain;
  return s->ours.count && address_split(address, &local, &domain) && srs_is(local) && list_find(&s->ours, domain);
}

/* 1, 0, or -1 without memory. */
static int is_delivered_here(const struct route_table *routes, struct text sender) {
  struct route route = {0};
  int r = route_find(routes, TEXT_ABSENT, sender, &route) == -1 ? -1 : route.channel == CHANNEL_LOCAL;
  route_free(&route);
  return r;
}

/* 1: he keeps his address. */
static int stays(const struct srsrules *s, const struct route_table *routes, struct text sender) {
  struct text local, host;
  if (!address_split(sender, &local, &host) || text_equals(sender, "#@[]") || verp_is_wanted(sender)) return 1;
  if (list_find(&s->ours, host)) return 1;
  return is_delivered_here(routes, sender);
}

int srsrules_sign(const struct srsrules *s, const struct route_table *routes, struct text forwarder, struct text sender,
                  uint64_t wall_us, stralloc *out) {
  struct text domain = srsrules_domain(s, forwarder);
  if (!domain.s) return 0;
  int r = stays(s, routes, sender);
  if (r != 0) return r == 1 ? 0 : -1;
  stralloc_zero(out);
  r = srs_sign(out, s->secrets[0], sender, domain, wall_us);
  return r == 1 && out->len > ENVELOPE_ADDRESS_MAX ? 0 : r;
}

static enum srs_status step(const struct srsrules *s, struct text address, uint64_t wall_us, stralloc *out) {
  if (!srsrules_concern(s, address)) return stralloc_zero(out), SRS_NONE;
  return srs_reverse(out, s->secrets, s->secret_count, address, wall_us, s->maxage_s);
}

enum srs_status srsrules_reverse(const struct srsrules *s, struct text address, uint64_t wall_us, stralloc *out) {
  stralloc further = {0};
  enum srs_status status = step(s, address, wall_us, out);
  for (int i = 1; status == SRS_OK && srsrules_concern(s, text_of_stralloc(out)); i++) {
    status = i < STEPS_MAX ? step(s, text_of_stralloc(out), wall_us, &further) : SRS_FORGED;
    if (status == SRS_OK && !stralloc_copy(out, &further)) status = SRS_NO_MEMORY;
  }
  if (status != SRS_OK) stralloc_zero(out);
  stralloc_free(&further);
  return status;
}

static void note(struct facts *f, enum srs_status status, struct text meant) {
  static const char *const words[] = {
    [SRS_OK] = "made by this host; it stands for ",
    [SRS_FORGED] = "not an address that this host has made",
    [SRS_EXPIRED] = "this host has made it too long ago (srsmaxage)",
    [SRS_NO_MEMORY] = "out of memory",
  };
  fact_begin(f, "srs");
  fact_s(f, words[status]);
  fact_t(f, meant);
  fact_detail(f, "valid", text_of(status == SRS_OK ? "yes" : "no"));
  if (status == SRS_OK) fact_detail(f, "address", meant);
  fact_end(f);
}

int srsrules_route(const struct srsrules *s, const struct route_table *routes, struct text sender, struct text address,
                   uint64_t wall_us, struct route *r, struct facts *f) {
  stralloc meant = {0};
  enum srs_status status = srsrules_reverse(s, address, wall_us, &meant);
  int result = -1;
  if (f && status != SRS_NONE) note(f, status, text_of_stralloc(&meant));
  if (status != SRS_NO_MEMORY)
    result = route_explain(routes, sender, status == SRS_OK ? text_of_stralloc(&meant) : address, r, f);
  stralloc_free(&meant);
  return result;
}
