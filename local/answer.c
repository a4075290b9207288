#include "config.h"
#include "local/answer.h"
#include <unistd.h>
#include "local/alias/db.h"
#include "local/alias/aliasplan.h"
#include "local/become.h"
#include "local/alias/dotforward.h"
#include "local/dotqmail.h"
#include "local/foresee.h"
#include "local/lookup.h"
#include "lib/iofd.h"

/* The answer of a home without a .qmail file. */
static void ask_forward(const struct settings *s, struct verdict *v) {
  int fd;
  int r = s->dotforward ? dotforward_open(&fd, v) : 0;
  if (r == 1) close(fd);
  if (r != -1) verdict_succeed(v, "ok");
}

static void ask_aliases(const struct mailbox *box, struct verdict *v) {
  if (aliasplan_check(box->aliases, text_of(box->local), v) == 0) verdict_succeed(v, "ok");
}

static void ask_dotqmail(const struct mailbox *box, const struct settings *s, struct verdict *v) {
  struct dotqmail d = {0};
  switch (dotqmail_find(&d, box->dash, text_of(box->ext), true, v)) {
  case DOTQMAIL_FILE: verdict_succeed(v, "ok"); break;
  case DOTQMAIL_DEFAULT: ask_forward(s, v); break;
  case DOTQMAIL_NONE:
  case DOTQMAIL_TROUBLE: break;
  }
  if (d.fd >= 0) close(d.fd);
  stralloc_free(&d.name);
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

/* In their order, as far as the end is sure: behind a program nothing is, as it
 * may have the rest left out; and what is in trouble defers mail, which is
 * better taken. */
static void ask_room(const struct plan *p, const struct mailbox *box, const struct settings *s,
                     struct verdict *v) {
  /* half the time that the whole answer has: a Maildir that takes longer to
   * count is what its own file says */
  const struct quotas_view how = {io_deadline(io_limit_ms(s->rcpt_s) / 2), true};
  struct verdict why = {0};
  enum foreseen r = FORESEEN_NOTHING;
  for (size_t i = 0; r == FORESEEN_NOTHING && i < p->instructions.count; i++) {
    const struct instruction *one = &p->instructions.list[i];
    if (one->kind == INSTRUCTION_PROGRAM) break;
    r = foresee(p, one, box, &how, &why);
  }
  const struct result full = verdict_result(&why);
  if (r == FORESEEN_FULL) verdict_copy(v, &full);
  verdict_free(&why);
}

/* *v is what came of the search for a .qmail file or an alias: it may be a
 * folder that the address means, and there may be no room. */
static void ask_plan(const struct mailbox *box, const struct settings *s, struct verdict *v) {
  struct plan plan = {0};
  struct verdict trouble = {0};
  bool found = v->class == RESULT_SUCCESS;
  if (plan_load(&plan, box, true, &trouble) == 0) {
    if (!found) verdict_succeed(v, "ok");
    ask_room(&plan, box, s, v);
  }
  plan_free(&plan);
  verdict_free(&trouble);
}

static void ask_home(const struct account *a, const struct settings *s, const char *local, struct verdict *v) {
  struct mailbox box = mailbox_of(a, s, local);
  stralloc aliases = {0};
  if (a->by_alias && aliasdb_path(&aliases, s->folder.s) == -1)
    verdict_defer(v, "4.3.0", "out of memory", "");
  else if (chdir(a->home.s) == -1)
    verdict_defer_errno(v, "unable to enter home ", a->home.s);
  else {
    box.aliases = aliases.s;
    if (box.aliases) ask_aliases(&box, v);
    else ask_dotqmail(&box, s, v);
    if (v->class != RESULT_DEFERRAL) ask_plan(&box, s, v);
  }
  stralloc_free(&aliases);
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
