#include "config.h"
#include "smtpd/qmtp/response.h"

int response_cat(stralloc *out, const struct reply *r) {
  bool good = r->code / 100 == 2;
  struct text t = r->text;
  if (t.len > RESPONSE_TEXT_MAX) t.len = RESPONSE_TEXT_MAX;
  if (!stralloc_cats(out, good ? "K" : r->code / 100 == 5 ? "D" : "Z")) return -1;
  if (text_cat_cleaned(out, t) == -1) return -1;
  if (good || !r->status.s) return 0;
  if (!stralloc_cats(out, " (#") || text_cat_cleaned(out, r->status) == -1) return -1;
  return stralloc_cats(out, ")") ? 0 : -1;
}
