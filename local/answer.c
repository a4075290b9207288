#include "config.h"
#include "local/answer.h"
#include <unistd.h>
#include "local/aliasdb.h"
#include "local/aliasplan.h"
#include "local/become.h"
#include "local/dotforward.h"
#include "local/dotqmail.h"
#include "local/lookup.h"

/* The answer of a home without a .qmail file. */
static void ask_forward(const struct settings *s, struct verdict *v) {
  int fd;
  int r = s->dotforward ? dotforward_open(&fd, v) : 0;
  if (r == 1) close(fd);
  if (r != -1) verdict_succeed(v, "ok");
}

static void ask_aliases(const struct settings *s, struct text local, struct verdict *v) {
  stralloc path = {0};
  if (aliasdb_path(&path, s->folder.s) == -1) verdict_defer(v, "4.3.0", "out of memory", "");
  else if (aliasplan_check(path.s, local, v) == 0) verdict_succeed(v, "ok");
  stralloc_free(&path);
}

static void ask_home(const struct account *a, const struct settings *s, struct text local, struct verdict *v) {
  struct dotqmail d = {0};
  if (chdir(a->home.s) == -1) {
    verdict_defer_errno(v, "unable to enter home ", a->home.s);
    return;
  }
  if (a->by_alias) {
    ask_aliases(s, local, v);
    return;
  }
  switch (dotqmail_find(&d, a->dash.s, text_of_stralloc(&a->ext), true, v)) {
  case DOTQMAIL_FILE: verdict_succeed(v, "ok"); break;
  case DOTQMAIL_DEFAULT: ask_forward(s, v); break;
  case DOTQMAIL_NONE:
  case DOTQMAIL_TROUBLE: break;
  }
  if (d.fd >= 0) close(d.fd);
  stralloc_free(&d.name);
}

void answer_find(struct text local, const struct settings *s, struct verdict *v) {
  struct account a = {0};
  if (lookup_account(&a, s, local, v) == 0 && become_user(&a, v) == 0)
    ask_home(&a, s, local, v);
  account_free(&a);
}
