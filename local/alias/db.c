#include "config.h"
#include "local/alias/db.h"
#include <errno.h>
#include <sys/stat.h>

enum { RULES_OCTETS = 3, FORM = '1' };

static int out_of_memory(struct verdict *v) { return verdict_defer(v, "4.3.0", "out of memory", ""); }

static int not_ours(struct verdict *v) {
  return verdict_defer(v, "4.3.5", "the database of aliases is broken, or not made by owl-newaliases", "");
}

int aliasdb_put_rules(struct cdbfile_maker *m, struct aliasdb_rules r) {
  char octets[RULES_OCTETS] = {FORM, (char)('0' + (int)r.programs), (char)('0' + (int)r.files)};
  return cdbfile_add(m, text_of(""), (struct text){octets, sizeof octets});
}

static int trust_of(char digit) { return digit >= '0' && digit <= '2' ? digit - '0' : -1; }

static int take_rules(struct aliasdb_rules *r, struct text octets) {
  if (octets.len != RULES_OCTETS || octets.s[0] != FORM) return -1;
  int programs = trust_of(octets.s[1]), files = trust_of(octets.s[2]);
  *r = (struct aliasdb_rules){(enum aliasdb_trust)programs, (enum aliasdb_trust)files};
  return programs == -1 || files == -1 ? -1 : 0;
}

static int read_rules(struct aliasdb *db, struct verdict *v) {
  stralloc octets = {0};
  int r = cdbfile_find(&db->file, text_of(""), &octets);
  r = r == 1 && take_rules(&db->rules, text_of_stralloc(&octets)) == 0 ? 1 : not_ours(v);
  stralloc_free(&octets);
  return r;
}

/* With an alias of his own choice anybody could run programs as their user. */
static int check_mode(const struct aliasdb *db, struct verdict *v) {
  struct stat st;
  if (fstat(db->file.fd, &st) == -1) return verdict_defer_errno(v, "unable to look at the database of aliases", "");
  if (!(st.st_mode & S_IWOTH)) return 0;
  return verdict_defer(v, "4.3.5", "the database of aliases can be written by others", "");
}

int aliasdb_path(stralloc *out, const char *folder) {
  return stralloc_copys(out, folder) && stralloc_cats(out, "/aliases.cdb") && stralloc_0(out) ? 0 : -1;
}

int aliasdb_open(struct aliasdb *db, const char *path, struct verdict *v) {
  int r = cdbfile_open(&db->file, path);
  if (r == -1) return verdict_defer_errno(v, "unable to open the database of aliases", "");
  if (r != 1) return r;
  r = check_mode(db, v) == 0 ? read_rules(db, v) : -1;
  if (r == -1) aliasdb_close(db);
  return r;
}

static bool is_well_formed(struct text values) {
  struct aliasvalue value;
  int r;
  while ((r = aliasvalue_next(&values, &value)) == 1)
    ;
  return r == 0;
}

static int find(struct aliasdb *db, struct text name, stralloc *values, struct verdict *v) {
  int r = cdbfile_find(&db->file, name, values);
  if (r == 1 && !is_well_formed(text_of_stralloc(values))) return not_ours(v);
  if (r == -1 && errno == ENOMEM) return out_of_memory(v);
  return r == -1 ? not_ours(v) : r;
}

int aliasdb_find(struct aliasdb *db, struct text name, stralloc *values, struct verdict *v) {
  stralloc key = {0};
  int r = name.len ? text_cat(&key, name) : 1;
  if (r == 1) return 0;
  if (r == 0) aliasvalue_lower(key.s, key.len);
  r = r == 0 ? find(db, text_of_stralloc(&key), values, v) : out_of_memory(v);
  stralloc_free(&key);
  return r;
}

static bool starts_with(struct text t, const char *start) {
  size_t len = text_of(start).len;
  return t.len >= len && text_equal_nocase((struct text){t.s, len}, text_of(start));
}

static bool ends_with(struct text t, const char *end) {
  size_t len = text_of(end).len;
  return t.len >= len && text_equal_nocase((struct text){t.s + t.len - len, len}, text_of(end));
}

int aliasdb_owner(struct aliasdb *db, struct text name, stralloc *owner, struct verdict *v) {
  stralloc values = {0};
  bool special = starts_with(name, "owner-") || ends_with(name, "-request");
  if (!stralloc_copys(owner, "owner-") || text_cat(owner, special ? text_of("owner") : name) == -1)
    return out_of_memory(v);
  int r = aliasdb_find(db, text_of_stralloc(owner), &values, v);
  stralloc_free(&values);
  return r;
}

void aliasdb_close(struct aliasdb *db) { cdbfile_close(&db->file); }
