#include "config.h"
#include "local/answer.h"
#include <unistd.h>
#include "local/alias/db.h"
#include "local/alias/aliasplan.h"
#include "local/become.h"
#include "local/alias/dotforward.h"
#include "local/dotqmail.h"
#include "local/store/quotas.h"
#include "local/lookup.h"
#include "lib/iofd.h"

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

static struct mailbox mailbox_of(const struct account *a, const struct settings *s, const char *local) {
  struct mailbox box = {.user = a->name.s, .home = a->home.s, .local = local, .dash = a->dash.s, .ext = a->ext.s, .host = ""};
  box.default_delivery = s->default_delivery.s;
  box.dotforward = s->dotforward;
  box.quota = s->quota.s;
  box.full_defers = s->full_defers;
  box.ext_is_folder = s->ext_is_folder;
  (void)text_uint(text_of(s->folders_max.s), &box.folders_max);
  return box;
}

/* Half the time that the whole answer has: a Maildir that takes longer to count
 * is what its own file says. */
static int time_to_count_ms(const struct settings *s) { return io_limit_ms(s->rcpt_s) / 2; }

/* *v is what came of the search for a .qmail file: it may be a folder that the
 * address means, and there may be no room. */
static void ask_plan(const struct mailbox *box, const struct settings *s, struct verdict *v) {
  const struct quotas_view how = {time_to_count_ms(s), true};
  struct plan plan = {0};
  struct verdict trouble = {0};
  bool found = v->class == RESULT_SUCCESS;
  if (plan_load(&plan, box, true, &trouble) == 0) {
    if (!found) verdict_succeed(v, "ok");
    (void)quotas_look(&plan, box, &how, v);
  }
  plan_free(&plan);
  verdict_free(&trouble);
}

static void ask_home(const struct account *a, const struct settings *s, const char *local, struct verdict *v) {
  struct dotqmail d = {0};
  if (chdir(a->home.s) == -1) {
    verdict_defer_errno(v, "unable to enter home ", a->home.s);
    return;
  }
  if (a->by_alias) {
    ask_aliases(s, text_of(local), v);
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
  const struct mailbox box = mailbox_of(a, s, local);
  if (v->class != RESULT_DEFERRAL) ask_plan(&box, s, v);
}

void answer_find(struct text local, const struct settings *s, struct verdict *v) {
  struct account a = {0};
  stralloc name = {0};
  if (text_cat(&name, local) == -1 || !stralloc_0(&name))
    verdict_defer(v, "4.3.0", "out of memory", "");
  else if (lookup_account(&a, s, local, v) == 0 && become_user(&a, v) == 0)
    ask_home(&a, s, name.s, v);
  account_free(&a);
  stralloc_free(&name);
}
