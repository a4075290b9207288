#include "config.h"
#include "auth/passwords.h"
#include <errno.h>
#include "lib/cdbfile.h"

static int read_line(struct verifier *v, struct cdbfile *c, struct text user) {
  stralloc fields = {0};
  int found = cdbfile_find(c, user, &fields);
  if (found == 1 && verifier_read(v, text_of_stralloc(&fields)) == -1) {
    int saved = errno;
    verifier_free(v);
    errno = saved;
    found = -1;
  }
  stralloc_free(&fields);
  return found;
}

int passwords_find(struct verifier *v, const char *database, struct text user) {
  struct cdbfile c;
  struct verifier nobody;
  int opened = cdbfile_open(&c, database);
  if (opened != 1) return opened == 0 ? (errno = ENOENT, -1) : -1;
  /* nobody's is read for everybody: the same steps for who is there and who is not */
  int found = read_line(&nobody, &c, text_of(""));
  if (found != 1) {
    cdbfile_close(&c);
    return found == 0 ? (errno = EPROTO, -1) : -1;
  }
  found = user.len ? read_line(v, &c, user) : 0;
  cdbfile_close(&c);
  if (found == 0) *v = nobody;
  else verifier_free(&nobody);
  return found;
}
