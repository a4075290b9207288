#include "config.h"
#include "local/program/env.h"
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "lib/address.h"
#include "lib/injector.h"
#include "local/forward.h"

/* None of these is inherited. */
static const char *const names[] = {
  "SENDER", "NEWSENDER", "RECIPIENT", "USER", "HOME",    "HOST",   "HOST2",  "HOST3",  "HOST4",
  "LOCAL",  "EXT",       "EXT2",      "EXT3", "EXT4",    "DEFAULT", "DTLINE", "RPLINE", "UFLINE",
  INJECTOR_ENVELOPE_VARIABLE,
};

static int add(struct programenv *e, const char *name, struct text value, const char *end) {
  stralloc *line = &e->lines[e->count++];
  return stralloc_copys(line, name) && stralloc_cats(line, "=") && text_cat_cleaned(line, value) == 0 &&
             stralloc_cats(line, end) && stralloc_0(line)
           ? 0
           : -1;
}

/* Appends what cat() writes, as a line. */
static int add_line(struct programenv *e, const char *name, int made, stralloc *value) {
  int r = made == 0 ? add(e, name, text_of_stralloc(value), "\n") : -1;
  stralloc_free(value);
  return r;
}

static int add_lines(struct programenv *e, const struct mailbox *box, struct text sender) {
  stralloc value = {0};
  if (add_line(e, "DTLINE", mailbox_cat_delivered_to(&value, box), &value) == -1) return -1;
  if (add_line(e, "RPLINE", mailbox_cat_return_path(&value, sender), &value) == -1) return -1;
  return add_line(e, "UFLINE", mailbox_cat_from_line(&value, sender), &value);
}

/* The whole when there is no such octet. */
static struct text before_last(struct text t, char c) {
  const char *p = t.len ? memrchr(t.s, c, t.len) : NULL;
  return p ? (struct text){t.s, (size_t)(p - t.s)} : t;
}

/* Empty when there is none. */
static struct text after_first(struct text t, char c) {
  const char *p = t.len ? memchr(t.s, c, t.len) : NULL;
  return p ? (struct text){p + 1, t.len - (size_t)(p + 1 - t.s)} : text_of("");
}

typedef struct text shortener(struct text t, char c);

/* NAME, NAME2, NAME3 and NAME4, each a part of the one before. */
static int add_four(struct programenv *e, const char *const four[4], struct text value, shortener *shorten,
                    char c) {
  for (unsigned i = 0; i < 4; i++, value = shorten(value, c))
    if (add(e, four[i], value, "") == -1) return -1;
  return 0;
}

static int add_recipient(struct programenv *e, const struct mailbox *box, const struct plan *plan,
                         struct text recipient) {
  static const char *const hosts[] = {"HOST", "HOST2", "HOST3", "HOST4"};
  static const char *const exts[] = {"EXT", "EXT2", "EXT3", "EXT4"};
  struct text local, host;
  (void)address_split(recipient, &local, &host);
  struct text ext = text_of(box->ext);
  if (add(e, "RECIPIENT", recipient, "") == -1 || add(e, "LOCAL", local, "") == -1) return -1;
  if (add_four(e, hosts, host, before_last, '.') == -1) return -1;
  if (add_four(e, exts, ext, after_first, '-') == -1) return -1;
  if (!plan->by_default_file) return 0;
  return add(e, "DEFAULT", (struct text){ext.s + plan->default_at, ext.len - plan->default_at}, "");
}

static int add_all(struct programenv *e, const struct mailbox *box, const struct plan *plan,
                   const struct item *item, struct text new_sender) {
  struct text sender = item->envelope->sender;
  if (add(e, "SENDER", sender, "") == -1 || add(e, "NEWSENDER", new_sender, "") == -1) return -1;
  if (add(e, "USER", text_of(box->user), "") == -1 || add(e, "HOME", text_of(box->home), "") == -1) return -1;
  return add_recipient(e, box, plan, item->recipient->address) == -1 ? -1 : add_lines(e, box, sender);
}

static bool is_ours(const char *variable) {
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
    size_t len = strlen(names[i]);
    if (strncmp(variable, names[i], len) == 0 && variable[len] == '=') return true;
  }
  return false;
}

static int make_list(struct programenv *e) {
  size_t inherited = 0, n = 0;
  while (environ[inherited]) inherited++;
  e->list = calloc(inherited + e->count + 1, sizeof *e->list);
  if (!e->list) return -1;
  for (size_t i = 0; i < inherited; i++)
    if (!is_ours(environ[i])) e->list[n++] = environ[i];
  for (size_t i = 0; i < e->count; i++) e->list[n++] = e->lines[i].s;
  return 0;
}

int programenv_make(struct programenv *e, const struct mailbox *box, const struct plan *plan,
                    const struct item *item, struct verdict *v) {
  stralloc owner = {0};
  int r = forward_owner(&owner, item->envelope->sender, box, v);
  if (r >= 0) {
    struct text sender = r == 1 ? text_of_stralloc(&owner) : item->envelope->sender;
    r = add_all(e, box, plan, item, sender) == 0 && make_list(e) == 0
          ? 0
          : verdict_defer(v, "4.3.0", "out of memory", "");
  }
  stralloc_free(&owner);
  return r;
}

void programenv_free(struct programenv *e) {
  for (size_t i = 0; i < e->count; i++) stralloc_free(&e->lines[i]);
  free(e->list);
  *e = (struct programenv){0};
}
