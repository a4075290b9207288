#include "config.h"
#include "local/account.h"

int account_set(stralloc *field, struct text value, struct verdict *v) {
  stralloc_zero(field);
  return account_add(field, value, v);
}

int account_add(stralloc *field, struct text value, struct verdict *v) {
  if (text_cat(field, value) == -1 || !stralloc_0(field))
    return verdict_defer(v, "4.3.0", "out of memory", "");
  field->len--;
  return 0;
}

void account_note(const struct account *a, struct facts *f) {
  if (!f) return;
  fact_begin(f, "account");
  fact_s(f, "user ");
  fact_t(f, text_of_stralloc(&a->name));
  fact_s(f, ", uid ");
  fact_u(f, a->uid);
  fact_s(f, ", home ");
  fact_t(f, text_of_stralloc(&a->home));
  fact_s(f, a->dash.len ? ", extension " : ", no extension");
  if (a->dash.len) fact_t(f, text_of_stralloc(&a->ext));
  fact_detail(f, "user", text_of_stralloc(&a->name));
  fact_detail(f, "found", text_of("yes"));
  fact_detail_u(f, "uid", a->uid);
  fact_detail_u(f, "gid", a->gid);
  fact_detail(f, "home", text_of_stralloc(&a->home));
  fact_detail(f, "dash", text_of_stralloc(&a->dash));
  fact_detail(f, "extension", text_of_stralloc(&a->ext));
  fact_end(f);
}

void account_free(struct account *a) {
  stralloc_free(&a->name);
  stralloc_free(&a->home);
  stralloc_free(&a->dash);
  stralloc_free(&a->ext);
  *a = (struct account){0};
}
