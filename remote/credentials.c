#include "config.h"
#include "remote/credentials.h"
#include "lib/target.h"

static bool is_for(const struct target *t, struct text host, unsigned port) {
  return t->port == port && text_equal_nocase(t->host, host);
}

static int take(struct credentials *to, const struct target *t) {
  return text_cat(&to->user, t->user) == 0 && text_cat(&to->password, t->password) == 0 ? 0 : -1;
}

static const char no_credentials[] = "it has no domain:relay[:port]|user|password";

/* All lines are looked at, so that a slip shows at once. */
static int find(struct credentials *to, struct control *c, const struct list *l, struct text host, unsigned port) {
  struct target t;
  if (l->passed_over.s) return control_fail(c, CONTROL_SMTPAUTH, "a line has no colon"); /* it may hold the password */
  for (size_t i = 0; i < l->count; i++) {
    if (target_parse_relay(&t, l->lines[i].value) == -1 || !t.user.s)
      return control_fail_line(c, CONTROL_SMTPAUTH, l->lines[i].key, no_credentials);
    if (to->user.len == 0 && is_for(&t, host, port) && take(to, &t) == -1)
      return control_fail(c, CONTROL_SMTPAUTH, "out of memory");
  }
  return 0;
}

int credentials_load(struct credentials *to, struct control *c, struct text host, unsigned port) {
  struct list l;
  *to = (struct credentials){.user = {0}};
  if (control_number(c, CONTROL_SMTPAUTHUNVERIFIED, &to->anywhere) == -1) return -1;
  int private = control_is_private(c, CONTROL_SMTPAUTH);
  if (private == -1) return -1;
  if (!private) return control_fail(c, CONTROL_SMTPAUTH, "everybody may read it");
  if (control_list(c, CONTROL_SMTPAUTH, &l) == -1) return -1;
  int r = find(to, c, &l, host, port);
  list_free(&l);
  return r;
}

void credentials_free(struct credentials *c) {
  stralloc_free(&c->user);
  stralloc_free(&c->password);
}
