#include "config.h"
#include "local/lookup.h"
#include "local/alias/lookup.h"
#include "local/assign.h"
#include "local/user.h"

static enum user_status ask(struct account *a, const struct settings *s, struct text local,
                            struct verdict *v) {
  const struct user_rules rules = {s->passwdfile.s, s->breaks.s};
  bool final = aliaslookup_is_final(&local);
  enum user_status r = final ? USER_NONE : aliaslookup_find(a, s->folder.s, &rules, local, v);
  if (r == USER_NONE) r = assign_find(a, s->folder.s, local, v);
  return r == USER_NONE ? user_find(a, &rules, local, v) : r;
}

int lookup_account(struct account *a, const struct settings *s, struct text local, struct verdict *v) {
  switch (ask(a, s, local, v)) {
  case USER_FOUND: return 0;
  case USER_NONE: return verdict_fail(v, "5.1.1", "sorry, no mailbox here by that name", "");
  case USER_TROUBLE: break;
  }
  return -1;
}
