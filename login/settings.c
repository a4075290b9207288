#include "config.h"
#include "login/settings.h"

static int read_certificates(struct login_settings *s, struct control *c) {
  struct list l = {0};
  int r = control_list(c, CONTROL_TLSCLIENTS, &l);
  s->asks_certificate = l.count > 0;
  list_free(&l);
  return r;
}

int login_settings_load(struct login_settings *s, struct control *c) {
  *s = (struct login_settings){0};
  if (control_text(c, CONTROL_ME, &s->me) == -1 || control_text(c, CONTROL_RUNDIR, &s->rundir) == -1) return -1;
  if (control_number(c, CONTROL_ALLOWUNFENCED, &s->allowunfenced) == -1) return -1;
  if (control_number(c, CONTROL_AUTHWITHOUTTLS, &s->authwithouttls) == -1) return -1;
  if (control_number(c, CONTROL_MAXAUTHTRIES, &s->maxauthtries) == -1) return -1;
  if (control_number(c, CONTROL_MAXLOGINCOMMANDS, &s->maxcommands) == -1) return -1;
  if (control_number(c, CONTROL_POP3LOGINDELAY, &s->pop3_login_delay_s) == -1) return -1;
  if (read_certificates(s, c) == -1) return -1;
  return control_number(c, CONTROL_TIMEOUTLOGIN, &s->timeout_s);
}

void login_settings_free(struct login_settings *s) {
  stralloc_free(&s->me);
  stralloc_free(&s->rundir);
}
