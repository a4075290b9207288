#include "config.h"
#include "queue/owlq/srsview.h"
#include "lib/srsrules.h"

static int sign(const struct srsrules *rules, struct control *c, const struct envelope *e, uint64_t now_us,
                stralloc *out) {
  struct route_table routes;
  if (route_load(&routes, c) == -1) return -1;
  int r = srsrules_sign(rules, &routes, e->forwarder, e->sender, now_us, out);
  if (r == -1) control_fail(c, CONTROL_SRSDOMAINS, "out of memory");
  route_unload(&routes);
  return r;
}

int srsview_sender(struct control *c, const struct envelope *e, uint64_t now_us, stralloc *out) {
  struct srsrules rules;
  if (e->forwarder.len == 0) return 0;
  if (srsrules_load(&rules, c) == -1) return -1;
  int r = sign(&rules, c, e, now_us, out);
  srsrules_unload(&rules);
  return r;
}

static void note(struct facts *f, struct text domain, struct text sender) {
  fact_begin(f, "srsdomains");
  fact_s(f, "what is sent on to other hosts ");
  fact_s(f, sender.len ? "comes from " : "gets a sender at ");
  fact_t(f, sender.len ? sender : domain);
  fact_detail(f, "domain", domain);
  if (sender.len) fact_detail(f, "sender", sender);
  fact_end(f);
}

void srsview_note(struct facts *f, struct control *c, struct text domain, struct text sender, uint64_t now_us) {
  const struct envelope e = {.sender = sender, .forwarder = domain};
  struct srsrules rules;
  stralloc signed_sender = {0};
  if (srsrules_load(&rules, c) == -1) {
    fact_say(f, "problem", "", text_of(c->error.s));
    return;
  }
  struct text to = srsrules_domain(&rules, domain);
  int r = to.s && sender.len ? sign(&rules, c, &e, now_us, &signed_sender) : 0;
  if (to.s && (r == 1 || !sender.len)) note(f, to, text_of_stralloc(&signed_sender));
  stralloc_free(&signed_sender);
  srsrules_unload(&rules);
}
