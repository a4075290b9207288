#include "config.h"
#include "smtpd/doorkeeper/database.h"
#include <errno.h>
#include "lib/address.h"
#include "lib/cdbfile.h"

struct database {
  struct cdbfile cdb;
  const char *name; /* for facts */
  struct facts *facts;
  stralloc key, data;
};

static int open_file(struct database *d, const char *folder) {
  stralloc path = {0};
  int r = (errno = ENOMEM, -1);
  if (stralloc_copys(&path, folder) && stralloc_cats(&path, "/") && stralloc_cats(&path, d->name) &&
      stralloc_cats(&path, ".cdb") && stralloc_0(&path))
    r = cdbfile_open(&d->cdb, path.s);
  stralloc_free(&path);
  return r;
}

static void close_file(struct database *d) {
  cdbfile_close(&d->cdb);
  stralloc_free(&d->key);
  stralloc_free(&d->data);
}

static int find(struct database *d, const char *kind, struct text what) {
  stralloc_zero(&d->key);
  if (!stralloc_cats(&d->key, kind) || text_cat_lower(&d->key, what) == -1) return errno = ENOMEM, -1;
  struct text key = text_of_stralloc(&d->key);
  int found = cdbfile_find(&d->cdb, key, &d->data);
  fact_begin(d->facts, d->name);
  fact_s(d->facts, found == 1 ? "its cdb has " : found == 0 ? "its cdb has no " : "it cannot be read for ");
  fact_t(d->facts, key);
  fact_detail(d->facts, "found", text_of(found == 1 ? "yes" : "no"));
  fact_end(d->facts);
  return found;
}

static int find_domain(struct database *d, struct text domain) {
  int found = find(d, "", domain);
  for (size_t i = 1; found == 0 && i < domain.len; i++)
    if (domain.s[i] == '.') found = find(d, "", (struct text){domain.s + i, domain.len - i});
  return found;
}

int database_has_domain(const char *folder, struct text domain, struct facts *f) {
  struct database d = {.name = "morercpthosts", .facts = f};
  int r = open_file(&d, folder);
  if (r != 1) return r;
  r = find_domain(&d, domain);
  close_file(&d);
  return r;
}

int database_refuses(const char *folder, struct text address, struct facts *f) {
  struct database d = {.name = "recipients", .facts = f};
  struct text local, domain;
  if (!address_split(address, &local, &domain)) return 0;
  int r = open_file(&d, folder);
  if (r != 1) return r;
  int known = find(&d, "@", domain);
  int taken = known != 1;
  if (!taken && local.len) taken = find(&d, "", address); /* "@domain" is no address */
  if (taken == 0) taken = find(&d, "*@", domain);
  close_file(&d);
  return known == -1 || taken == -1 ? -1 : !taken;
}
