#include "config.h"
#include "local/lookup.h"
#include "local/user.h"

int lookup_account(struct account *a, const struct settings *s, struct text local, struct verdict *v) {
  switch (user_find(a, s->passwdfile.s, local, v)) {
  case USER_FOUND: return 0;
  case USER_NONE: return verdict_fail(v, "5.1.1", "sorry, no mailbox here by that name", "");
  case USER_TROUBLE: break;
  }
  return -1;
}
