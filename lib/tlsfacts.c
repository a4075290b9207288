#include "config.h"
#include "lib/tlsfacts.h"
#include <string.h>
#include "lib/credential.h"

int tlsfacts_describe(stralloc *out, const struct tls_facts *f) {
  const struct {
    const char *before, *value;
  } parts[] = {{" sni ", f->sni}, {" client ", f->peer}, {" verified ", f->verified}, {" sha256 ", f->fingerprint}};
  if (!stralloc_cats(out, f->version) || !stralloc_cats(out, " ") || !stralloc_cats(out, f->cipher)) return -1;
  if (!stralloc_cats(out, " ") || text_cat_uint(out, f->bits) == -1) return -1;
  if (f->resumed && !stralloc_cats(out, " resumed")) return -1;
  for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
    if (*parts[i].value && (!stralloc_cats(out, parts[i].before) || !stralloc_cats(out, parts[i].value))) return -1;
  return 0;
}

const char *tlsfacts_name(const struct tls_facts *f) {
  if (strcmp(f->verified, "authority") != 0 || credential_is_like_fingerprint(text_of(f->peer))) return "";
  return f->peer;
}
