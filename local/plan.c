#include "config.h"
#include "local/plan.h"
#include <errno.h>
#include <unistd.h>
#include "lib/iofd.h"
#include "local/aliasplan.h"
#include "local/dotforward.h"
#include "local/dotqmail.h"

static int out_of_memory(struct verdict *v) { return verdict_defer(v, "4.3.0", "out of memory", ""); }

static int use_default(struct plan *p, const struct mailbox *box, struct verdict *v) {
  stralloc octets = {0};
  p->is_default = true;
  fact_say(v->facts, "defaultdelivery", "it counts here: ", text_of(box->default_delivery));
  if (!stralloc_copys(&octets, box->default_delivery)) return out_of_memory(v);
  return instruction_parse(&p->instructions, &octets, false, "defaultdelivery", v);
}

static int read_file(stralloc *octets, const struct dotqmail *d, struct verdict *v) {
  if (io_slurp(d->fd, octets, INSTRUCTION_FILE_MAX, IO_FOREVER) == 0) return 0;
  if (errno == EFBIG) return verdict_defer(v, "4.2.1", "too long: ", d->name.s);
  return verdict_defer_errno(v, "unable to read ", d->name.s);
}

static int use_file(struct plan *p, const struct mailbox *box, const struct dotqmail *d,
                    struct verdict *v) {
  stralloc octets = {0};
  int r = read_file(&octets, d, v);
  if (r == 0 && octets.len == 0) fact_say(v->facts, "empty", "there is nothing in ", text_of(d->name.s));
  if (r == 0 && d->forward_only)
    fact_say(v->facts, "forwardonly", "forwarding only, for it has the execute bit: ", text_of(d->name.s));
  if (r == 0 && octets.len == 0)
    r = use_default(p, box, v);
  else if (r == 0)
    r = instruction_parse(&p->instructions, &octets, d->forward_only, d->name.s, v);
  stralloc_free(&octets);
  return r;
}

static int use_forward_or_default(struct plan *p, const struct mailbox *box, struct verdict *v) {
  int r = box->dotforward ? dotforward_load(p, box, v) : 0;
  return r == 0 ? use_default(p, box, v) : r == 1 ? 0 : -1;
}

int plan_load(struct plan *p, const struct mailbox *box, bool sticky_matters, struct verdict *v) {
  struct dotqmail d = {0};
  int r = -1;
  if (box->aliases) return aliasplan_load(p, box, v);
  switch (dotqmail_find(&d, box->dash, text_of(box->ext), sticky_matters, v)) {
  case DOTQMAIL_FILE:
    p->by_default_file = d.by_default;
    p->default_at = d.default_at;
    r = use_file(p, box, &d, v);
    break;
  case DOTQMAIL_DEFAULT: r = use_forward_or_default(p, box, v); break;
  case DOTQMAIL_NONE:
  case DOTQMAIL_TROUBLE: break;
  }
  if (d.fd >= 0) close(d.fd);
  stralloc_free(&d.name);
  return r;
}

void plan_free(struct plan *p) {
  instructions_free(&p->instructions);
  *p = (struct plan){0};
}
