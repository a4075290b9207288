#include "config.h"
#include "lib/result.h"

/* class "." subject "." detail, RFC 3463 section 2 */
static bool is_status(struct text t, char class) {
  size_t i = 1;
  if (t.len < 5 || t.s[0] != class) return false;
  for (int part = 0; part < 2; part++) {
    size_t digits = 0;
    if (i >= t.len || t.s[i++] != '.') return false;
    while (i < t.len && t.s[i] >= '0' && t.s[i] <= '9') i++, digits++;
    if (digits < 1 || digits > 3) return false;
  }
  return i == t.len;
}

static char status_class(uint64_t class) {
  return class == RESULT_SUCCESS ? '2' : class == RESULT_DEFERRAL ? '4' : '5';
}

bool result_is_valid(const struct result *r) {
  if (r->class < RESULT_SUCCESS || r->class > RESULT_FAILURE) return false;
  if (r->status.s && !is_status(r->status, status_class(r->class))) return false;
  return text_is_clean(r->text) && text_is_clean(r->host) && text_is_clean(r->address) &&
         text_is_clean(r->tls);
}
