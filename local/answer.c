#include "config.h"
#include "local/answer.h"
#include <unistd.h>
#include "local/become.h"
#include "local/dotqmail.h"

static void ask_home(const struct account *a, struct verdict *v) {
  struct dotqmail d = {0};
  if (chdir(a->home.s) == -1) {
    verdict_defer_errno(v, "unable to enter home ", a->home.s);
    return;
  }
  switch (dotqmail_find(&d, a->dash, text_of_stralloc(&a->ext), true, v)) {
  case DOTQMAIL_FILE:
  case DOTQMAIL_DEFAULT: verdict_succeed(v, "ok"); break;
  case DOTQMAIL_NONE:
  case DOTQMAIL_TROUBLE: break;
  }
  if (d.fd >= 0) close(d.fd);
  stralloc_free(&d.name);
}

void answer_find(struct text local, const char *passwdfile, struct verdict *v) {
  struct account a = {0};
  switch (user_find(&a, passwdfile, local, v)) {
  case USER_FOUND:
    if (become_user(&a, !*passwdfile, v) == 0) ask_home(&a, v);
    break;
  case USER_NONE: verdict_fail(v, "5.1.1", "sorry, no mailbox here by that name", ""); break;
  case USER_TROUBLE: break;
  }
  account_free(&a);
}
