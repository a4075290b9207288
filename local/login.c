#include "config.h"
#include "local/login.h"
#include <string.h>
#include "lib/address.h"
#include "local/assign.h"
#include "local/user.h"

static int no_mailbox(struct verdict *v, const char *why) { return verdict_fail(v, "5.7.0", "there is no mailbox for this log-in: ", why); }

static int attested(struct account *a, const struct pass *p, struct verdict *v) {
  a->uid = (uid_t)p->uid;
  a->gid = (gid_t)p->gid;
  return account_set(&a->name, p->user, v) == 0 ? account_set(&a->home, p->home, v) : -1;
}

/* A name without a domain is a local part whatever this host is called. */
static int find_local(stralloc *local, const struct route_table *routes, struct text user, struct verdict *v) {
  struct route r = {0};
  struct text found = user, domain;
  int done = 0;
  if (memchr(user.s, '@', user.len)) {
    if (route_find(routes, TEXT_ABSENT, user, &r) == -1) done = verdict_defer(v, "4.3.0", "out of memory", "");
    else if (r.channel != CHANNEL_LOCAL) done = no_mailbox(v, "mail for the domain is not delivered here");
    else (void)address_split(text_of_stralloc(&r.address), &found, &domain);
  }
  if (done == 0 && text_cat(local, found) == -1) done = verdict_defer(v, "4.3.0", "out of memory", "");
  route_free(&r);
  return done;
}

static int look_up(struct account *a, const struct settings *s, struct text local, struct verdict *v) {
  const struct user_rules rules = {s->passwdfile.s, s->breaks.s};
  enum user_status r = assign_find(a, s->folder.s, local, v);
  if (r == USER_NONE) r = user_find(a, &rules, local, v);
  if (r == USER_TROUBLE) return -1;
  if (r == USER_NONE) return no_mailbox(v, "there is no such user");
  bool is_extension = a->ext.len || local.len == 0 || strchr(rules.breaks, local.s[local.len - 1]);
  return is_extension ? no_mailbox(v, "the name is an extension of another user's address, or of no user with a home of his own") : 0;
}

int login_find(struct account *a, const struct settings *s, const struct route_table *routes, const struct pass *p,
               struct verdict *v) {
  stralloc local = {0};
  int r = 0;
  if (p->has_account) {
    r = attested(a, p, v);
  } else {
    r = find_local(&local, routes, p->user, v);
    if (r == 0) r = look_up(a, s, text_of_stralloc(&local), v);
  }
  stralloc_free(&local);
  return r == 0 && a->uid == 0 ? no_mailbox(v, "mailboxes of uid 0 are not opened") : r;
}
