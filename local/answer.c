#include "config.h"
#include "local/answer.h"
#include <unistd.h>
#include "local/become.h"
#include "local/dotqmail.h"
#include "local/lookup.h"

static void ask_home(const struct account *a, struct verdict *v) {
  struct dotqmail d = {0};
  if (chdir(a->home.s) == -1) {
    verdict_defer_errno(v, "unable to enter home ", a->home.s);
    return;
  }
  switch (dotqmail_find(&d, a->dash.s, text_of_stralloc(&a->ext), true, v)) {
  case DOTQMAIL_FILE:
  case DOTQMAIL_DEFAULT: verdict_succeed(v, "ok"); break;
  case DOTQMAIL_NONE:
  case DOTQMAIL_TROUBLE: break;
  }
  if (d.fd >= 0) close(d.fd);
  stralloc_free(&d.name);
}

void answer_find(struct text local, const struct settings *s, struct verdict *v) {
  struct account a = {0};
  if (lookup_account(&a, s, local, v) == 0 && become_user(&a, v) == 0)
    ask_home(&a, v);
  account_free(&a);
}
