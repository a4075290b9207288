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

/* nobody's is read for everybody: the same steps for who is there and who is not */
static int read_both(struct passwords *p, struct cdbfile *c, struct text user) {
  int found = read_line(&p->nobody, c, text_of(""));
  if (found == 0) errno = EPROTO;
  if (found != 1) return -1;
  found = user.len ? read_line(&p->own, c, user) : 0;
  if (found == -1) verifier_free(&p->nobody);
  p->is_known = found == 1;
  return found == -1 ? -1 : 0;
}

int passwords_find(struct passwords *p, const char *database, struct text user) {
  struct cdbfile c;
  int opened = cdbfile_open(&c, database);
  if (opened == 0) errno = ENOENT;
  if (opened != 1) return -1;
  int found = read_both(p, &c, user), saved = errno;
  cdbfile_close(&c);
  errno = saved;
  return found;
}

const struct verifier *passwords_verifier(const struct passwords *p) { return p->is_known ? &p->own : &p->nobody; }

void passwords_free(struct passwords *p) {
  if (p->is_known) verifier_free(&p->own);
  verifier_free(&p->nobody);
}
