/* settings.h - what the control files say to owl-authd */
#ifndef OWL_AUTH_SETTINGS_H
#define OWL_AUTH_SETTINGS_H

#include "lib/control.h"

enum { SETTINGS_WORDS_MAX = 32, SETTINGS_WORKERS_MAX = 200, SETTINGS_LIMIT_MAX_S = 50, SETTINGS_DELAY_MAX_S = 60 };

enum backend_kind { BACKEND_PROGRAM, BACKEND_PASSWORDS, BACKEND_DOVECOT };

struct settings {
  enum backend_kind kind;
  stralloc backend;    /* the file's text; PROGRAM: its words, each ended by NUL */
  stralloc place;      /* DOVECOT: path of the socket; PASSWORDS: of the database.  NUL-terminated */
  char *words[SETTINGS_WORDS_MAX + 1]; /* PROGRAM: into backend, NULL at the end */
  stralloc mechanisms;
  bool is_private;     /* an instance whose mailboxes all belong to the user that it runs as: not root */
  struct list certificates;
  uint64_t challenge_last, workers, limit_s, delay_s, delay_max_s, failures_max, failure_s;
};

/* settings_load(): *s is overwritten.  0, or -1 with c->error set; free it
 * whatever comes back. */
int settings_load(struct settings *s, struct control *c);
void settings_free(struct settings *s);

#endif
