#include "config.h"
#include "local/foresee.h"
#include <string.h>
#include <unistd.h>
#include "local/store/maildir.h"
#include "local/store/mbox.h"

/* A folder that is still to be made has the room of the Maildir that it will lie
 * in: MAILDIR/.folder/. */
static int look_for_room(const struct instruction *one, const struct mailbox *box,
                         const struct quotas_view *how, struct verdict *v) {
  const char *path = one->value.s;
  if (!one->is_folder || access(path, F_OK) == 0) return quotas_look(path, box, how, v);
  const char *slash = memrchr(path, '/', one->value.len - 1);
  stralloc maildir = {0};
  int r = -1;
  if (slash && stralloc_copyb(&maildir, path, (size_t)(slash + 1 - path)) && stralloc_0(&maildir))
    r = quotas_look(maildir.s, box, how, v);
  else
    verdict_defer(v, "4.3.0", "out of memory", "");
  stralloc_free(&maildir);
  return r;
}

static enum foreseen foresee_maildir(const struct plan *p, const struct instruction *one,
                                     const struct mailbox *box, const struct quotas_view *how,
                                     struct verdict *v) {
  if (maildir_look(one->value.s, p->is_default || one->is_folder, v) == -1) return FORESEEN_TROUBLE;
  int r = look_for_room(one, box, how, v);
  return r == -1 ? FORESEEN_TROUBLE : r == 1 ? FORESEEN_FULL : FORESEEN_NOTHING;
}

enum foreseen foresee(const struct plan *p, const struct instruction *one, const struct mailbox *box,
                      const struct quotas_view *how, struct verdict *v) {
  switch (one->kind) {
  case INSTRUCTION_MAILDIR: return foresee_maildir(p, one, box, how, v);
  case INSTRUCTION_MBOX: return mbox_look(one->value.s, v) == -1 ? FORESEEN_TROUBLE : FORESEEN_NOTHING;
  case INSTRUCTION_PROGRAM:
  case INSTRUCTION_FORWARD: break;
  }
  return FORESEEN_NOTHING;
}
