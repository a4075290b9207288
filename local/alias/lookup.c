#include "config.h"
#include "local/alias/lookup.h"
#include "local/alias/db.h"

static void note(struct facts *f, struct text local, bool found) {
  if (!f) return;
  fact_begin(f, "alias");
  fact_s(f, found ? "there is an alias " : "there is no alias ");
  fact_t(f, local);
  fact_detail(f, "name", local);
  fact_detail(f, "found", text_of(found ? "yes" : "no"));
  fact_end(f);
}

/* 1, 0, or -1 with *v. */
static int is_alias(const char *path, struct text local, struct verdict *v) {
  struct aliasdb db;
  stralloc values = {0};
  int r = aliasdb_open(&db, path, v);
  if (r != 1) return r;
  r = aliasdb_find(&db, local, &values, v);
  if (r != -1) note(v->facts, local, r == 1);
  stralloc_free(&values);
  aliasdb_close(&db);
  return r;
}

static enum user_status find_account(struct account *a, const struct user_rules *rules, struct text local,
                                     struct verdict *v) {
  enum user_status r = user_find_alias(a, rules, local, v);
  a->by_alias = true;
  if (r != USER_NONE) return r;
  verdict_defer(v, "4.3.5", "there are aliases, but no user to deliver for them: ", ALIAS_USER);
  return USER_TROUBLE;
}

enum user_status aliaslookup_find(struct account *a, const char *folder, const struct user_rules *rules,
                                  struct text local, struct verdict *v) {
  stralloc path = {0};
  int r = aliasdb_path(&path, folder) == 0 ? is_alias(path.s, local, v)
                                           : verdict_defer(v, "4.3.0", "out of memory", "");
  stralloc_free(&path);
  if (r == 0) return USER_NONE;
  return r == 1 ? find_account(a, rules, local, v) : USER_TROUBLE;
}

bool aliaslookup_is_final(struct text *local) {
  if (local->len == 0 || local->s[0] != '\\') return false;
  *local = (struct text){local->s + 1, local->len - 1};
  return true;
}
