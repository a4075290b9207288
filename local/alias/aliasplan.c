#include "config.h"
#include "local/alias/aliasplan.h"
#include "local/alias/expand.h"

static int out_of_memory(struct verdict *v) { return verdict_defer(v, "4.3.0", "out of memory", ""); }

static int gone(struct verdict *v) {
  return verdict_defer(v, "4.3.0", "the aliases have changed this moment", "");
}

/* 0, or -1 with *v. */
static int open_database(struct aliasdb *db, const char *path, struct verdict *v) {
  int r = aliasdb_open(db, path, v);
  return r == 0 ? gone(v) : r == 1 ? 0 : -1;
}

/* The comment is for an alias that stands for nothing but /dev/null: an empty
 * file would mean the default delivery. */
static int cat_lines(stralloc *octets, const struct textset *lines) {
  if (!stralloc_copys(octets, "#\n")) return -1;
  for (size_t i = 0; i < lines->count; i++)
    if (text_cat(octets, textset_at(lines, i)) == -1 || !stralloc_cats(octets, "\n")) return -1;
  return 0;
}

int aliasplan_take(struct plan *p, const struct textset *lines, const char *name, struct verdict *v) {
  stralloc octets = {0};
  int r = cat_lines(&octets, lines) == -1 ? out_of_memory(v)
                                          : instruction_parse(&p->instructions, &octets, false, name, v);
  stralloc_free(&octets);
  return r;
}

int aliasplan_load(struct plan *p, const struct mailbox *box, struct verdict *v) {
  struct aliasdb db;
  if (open_database(&db, box->aliases, v) == -1) return -1;
  struct aliasexpand e = {.db = &db, .rules = db.rules, .v = v};
  int r = aliasexpand_name(&e, text_of(box->local));
  if (r == 0) r = aliasplan_take(p, &e.lines, "what the alias stands for", v);
  aliasexpand_free(&e);
  aliasdb_close(&db);
  return r;
}

int aliasplan_owner(stralloc *owner, const struct mailbox *box, struct verdict *v) {
  struct aliasdb db;
  if (open_database(&db, box->aliases, v) == -1) return -1;
  int r = aliasdb_owner(&db, text_of(box->local), owner, v);
  if (r == 1 && (!stralloc_cats(owner, "@") || !stralloc_cats(owner, box->host))) r = out_of_memory(v);
  aliasdb_close(&db);
  return r;
}

int aliasplan_check(const char *path, struct text name, struct verdict *v) {
  struct aliasdb db;
  stralloc values = {0};
  if (open_database(&db, path, v) == -1) return -1;
  int r = aliasdb_find(&db, name, &values, v);
  stralloc_free(&values);
  aliasdb_close(&db);
  return r == 0 ? gone(v) : r == 1 ? 0 : -1;
}
