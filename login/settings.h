/* settings.h - what a log-in reads of the control files before its first octet from a client */
#ifndef OWL_LOGIN_SETTINGS_H
#define OWL_LOGIN_SETTINGS_H

#include "lib/control.h"

struct login_settings {
  stralloc me, rundir; /* NUL-terminated behind their len */
  uint64_t allowunfenced, authwithouttls, maxauthtries, maxcommands, timeout_s, pop3_login_delay_s;
  bool asks_certificate; /* of clients: they may log in by it (EXTERNAL) */
};

/* login_settings_load(): 0, or -1 with c->error set. */
int login_settings_load(struct login_settings *s, struct control *c);

void login_settings_free(struct login_settings *s);

#endif
