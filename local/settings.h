/* settings.h - owl-lspawn's control files, read at its start and on SIGHUP */
#ifndef OWL_LOCAL_SETTINGS_H
#define OWL_LOCAL_SETTINGS_H

#include "lib/srsrules.h"

struct settings {
  stralloc default_delivery, passwdfile, breaks, rundir; /* NUL-terminated */
  stralloc folder; /* of the control files, NUL-terminated */
  stralloc program_s; /* the time limit of programs, as a NUL-terminated number */
  bool dotforward;
  stralloc quota;     /* NUL-terminated; empty: none */
  bool full_defers;
  bool ext_is_folder;
  stralloc folders_max; /* only handed on, NUL-terminated */
  uint64_t lookup_s, rcpt_s, cache_s;
  stralloc maildir, session_idle_s; /* only handed on, NUL-terminated */
  uint64_t sessions_max, user_sessions_max, pop3_login_delay_s;
  struct srsrules srs;
};

/* settings_load(): replaces *s only when everything could be read.  A
 * default_delivery that is given and not empty takes the control file's place.
 * 0, or -1 with c->error set. */
int settings_load(struct settings *s, struct control *c, const char *default_delivery);

/* settings_load_to_explain(): does without SRS where its secret may not be read. */
int settings_load_to_explain(struct settings *s, struct control *c, const char *default_delivery);
void settings_free(struct settings *s);

#endif
