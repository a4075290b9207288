#include "config.h"
#include "local/plan.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "lib/iofd.h"
#include "local/alias/aliasplan.h"
#include "local/alias/dotforward.h"
#include "local/dotqmail.h"
#include "local/store/folder.h"

static int out_of_memory(struct verdict *v) { return verdict_defer(v, "4.3.0", "out of memory", ""); }

static int use_default(struct plan *p, const struct mailbox *box, struct verdict *v) {
  stralloc octets = {0};
  p->is_default = true;
  fact_say(v->facts, "defaultdelivery", "it counts here: ", text_of(box->default_delivery));
  if (!stralloc_copys(&octets, box->default_delivery)) return out_of_memory(v);
  return instruction_parse(&p->instructions, &octets, false, "defaultdelivery", v);
}

static int read_file(stralloc *octets, const struct dotqmail *d, struct verdict *v) {
  if (io_slurp(d->fd, octets, INSTRUCTION_FILE_MAX, IO_FOREVER) == 0) return 0;
  if (errno == EFBIG) return verdict_defer(v, "4.2.1", "too long: ", d->name.s);
  return verdict_defer_errno(v, "unable to read ", d->name.s);
}

static int use_file(struct plan *p, const struct mailbox *box, const struct dotqmail *d,
                    struct verdict *v) {
  stralloc octets = {0};
  int r = read_file(&octets, d, v);
  if (r == 0 && octets.len == 0) fact_say(v->facts, "empty", "there is nothing in ", text_of(d->name.s));
  if (r == 0 && d->forward_only)
    fact_say(v->facts, "forwardonly", "forwarding only, for it has the execute bit: ", text_of(d->name.s));
  if (r == 0 && octets.len == 0)
    r = use_default(p, box, v);
  else if (r == 0)
    r = instruction_parse(&p->instructions, &octets, d->forward_only, d->name.s, v);
  stralloc_free(&octets);
  return r;
}

static int use_forward_or_default(struct plan *p, const struct mailbox *box, struct verdict *v) {
  int r = box->dotforward ? dotforward_load(p, box, v) : 0;
  return r == 0 ? use_default(p, box, v) : r == 1 ? 0 : -1;
}

/* The Maildir that folders lie in: the default delivery's, if that is one. */
static int cat_maildir(stralloc *out, const struct mailbox *box) {
  size_t len = strcspn(box->default_delivery, "\n");
  const char *s = box->default_delivery;
  bool is_maildir = len && (s[0] == '.' || s[0] == '/') && s[len - 1] == '/';
  struct text maildir = is_maildir ? (struct text){s, len} : text_of("./Maildir/");
  return text_cat(out, maildir) == 0 && stralloc_0(out) ? 0 : -1;
}

static stralloc *next_path(struct plan *p) {
  stralloc *paths = realloc(p->paths, (p->path_count + 1) * sizeof *paths);
  if (!paths) return NULL;
  p->paths = paths;
  paths[p->path_count] = (stralloc){0};
  return &paths[p->path_count++];
}

static int resolve_folders(struct plan *p, const struct mailbox *box, struct verdict *v) {
  stralloc maildir = {0};
  int r = cat_maildir(&maildir, box);
  for (size_t i = 0; r == 0 && i < p->instructions.count; i++) {
    struct instruction *one = &p->instructions.list[i];
    if (!one->is_folder) continue;
    stralloc *path = next_path(p);
    r = path ? folder_path(path, maildir.s, one->value) : -1;
    if (r == 0) one->value = (struct text){path->s, path->len - 1};
  }
  stralloc_free(&maildir);
  return r == 0 ? 0 : out_of_memory(v);
}

static int add_folder(struct plan *p, const stralloc *path) {
  struct instruction *one = malloc(sizeof *one);
  stralloc *kept = one ? next_path(p) : NULL;
  if (!kept || !stralloc_copy(kept, path)) return free(one), -1;
  *one = (struct instruction){INSTRUCTION_MAILDIR, {kept->s, kept->len - 1}, true};
  p->instructions.list = one;
  p->instructions.count = p->instructions.space = 1;
  return 0;
}

/* Whose local part is all extension is nobody's user: everybody could make
 * folders there by any name. */
static bool ext_may_be_folder(const struct mailbox *box) {
  return box->ext_is_folder && *box->dash && *box->ext && strlen(box->ext) < strlen(box->local);
}

/* The verdict is that there is no mailbox, and stays when there is no folder. */
static int use_folder(struct plan *p, const struct mailbox *box, struct verdict *v) {
  stralloc maildir = {0}, path = {0};
  struct verdict trouble = {0};
  int found = cat_maildir(&maildir, box) == 0
                ? folder_find(&path, maildir.s, text_of(box->ext), box->folders_max, &trouble)
                : out_of_memory(&trouble);
  struct result why = verdict_result(&trouble);
  int r = -1;
  if (found == -1) verdict_copy(v, &why);
  else if (path.len) r = add_folder(p, &path) == 0 ? 0 : out_of_memory(v);
  if (r == 0) fact_say(v->facts, "folder", "the extension is a folder: ", text_of(path.s));
  stralloc_free(&maildir);
  stralloc_free(&path);
  verdict_free(&trouble);
  return r;
}

int plan_load(struct plan *p, const struct mailbox *box, bool sticky_matters, struct verdict *v) {
  struct dotqmail d = {0};
  int r = -1;
  if (box->aliases) return aliasplan_load(p, box, v);
  switch (dotqmail_find(&d, box->dash, text_of(box->ext), sticky_matters, v)) {
  case DOTQMAIL_FILE:
    p->by_default_file = d.by_default;
    p->default_at = d.default_at;
    r = use_file(p, box, &d, v);
    break;
  case DOTQMAIL_DEFAULT: r = use_forward_or_default(p, box, v); break;
  case DOTQMAIL_NONE:
    if (ext_may_be_folder(box)) r = use_folder(p, box, v);
    break;
  case DOTQMAIL_TROUBLE: break;
  }
  if (r == 0 && p->path_count == 0) r = resolve_folders(p, box, v);
  if (d.fd >= 0) close(d.fd);
  stralloc_free(&d.name);
  return r;
}

void plan_free(struct plan *p) {
  instructions_free(&p->instructions);
  for (size_t i = 0; i < p->path_count; i++) stralloc_free(&p->paths[i]);
  free(p->paths);
  *p = (struct plan){0};
}
