#include "config.h"
#include "auth/settings.h"
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char dovecot[] = "dovecot:";

static int load_number(struct control *c, enum control_name name, uint64_t most, uint64_t *out) {
  if (control_number(c, name, out) == -1) return -1;
  return *out <= most ? 0 : control_fail(c, name, "the number is too great");
}

static int load_numbers(struct settings *s, struct control *c) {
  const struct {
    enum control_name name;
    uint64_t most;
    uint64_t *to;
  } numbers[] = {
    {CONTROL_AUTHCHALLENGELAST, 1, &s->challenge_last},
    {CONTROL_AUTHCONCURRENCY, SETTINGS_WORKERS_MAX, &s->workers},
    {CONTROL_TIMEOUTAUTH, SETTINGS_LIMIT_MAX_S, &s->limit_s},
    {CONTROL_AUTHDELAY, SETTINGS_DELAY_MAX_S, &s->delay_s},
    {CONTROL_AUTHDELAYMAX, SETTINGS_DELAY_MAX_S, &s->delay_max_s},
    {CONTROL_AUTHFAILURES, UINT32_MAX, &s->failures_max},
    {CONTROL_AUTHFAILURETIME, UINT32_MAX, &s->failure_s},
  };
  for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
    if (load_number(c, numbers[i].name, numbers[i].most, numbers[i].to) == -1) return -1;
  if (s->workers == 0) s->workers = 1;
  if (s->failure_s == 0) s->failure_s = 1;
  return 0;
}

/* Words with blanks between them; no quoting, as in the arguments of a service's run script. */
static int cut_words(struct settings *s, struct control *c) {
  size_t count = 0;
  bool inside = false;
  for (char *at = s->backend.s; *at; at++) {
    bool blank = *at == ' ' || *at == '\t';
    if (!blank && !inside && count == SETTINGS_WORDS_MAX)
      return control_fail(c, CONTROL_AUTHBACKEND, "the command line has too many words");
    if (!blank && !inside) s->words[count++] = at;
    if (blank) *at = 0;
    inside = !blank;
  }
  return count ? 0 : control_fail(c, CONTROL_AUTHBACKEND, "it is empty");
}

static int read_backend(struct settings *s, struct control *c) {
  if (control_text(c, CONTROL_AUTHBACKEND, &s->backend) == -1) return -1;
  struct text t = text_of_stralloc(&s->backend);
  size_t tag = sizeof dovecot - 1;
  if (text_equals(t, "checkpw")) {
    s->kind = BACKEND_PASSWORDS;
    return stralloc_copys(&s->place, c->folder.s) && stralloc_cats(&s->place, "/auth/passwords.cdb") &&
             stralloc_0(&s->place) ? 0 : control_fail(c, CONTROL_AUTHBACKEND, "out of memory");
  }
  if (t.len > tag && memcmp(t.s, dovecot, tag) == 0) {
    s->kind = BACKEND_DOVECOT;
    return stralloc_copys(&s->place, t.s + tag) && stralloc_0(&s->place) ? 0 : control_fail(c, CONTROL_AUTHBACKEND, "out of memory");
  }
  s->kind = BACKEND_PROGRAM;
  return cut_words(s, c);
}

static int read_mechanisms(struct settings *s, struct control *c) {
  if (control_text(c, CONTROL_AUTHMECHANISMS, &s->mechanisms) == -1) return -1;
  if (s->mechanisms.len > 255) return control_fail(c, CONTROL_AUTHMECHANISMS, "the list is too long");
  if (s->mechanisms.len) return 0;
  bool stored = stralloc_cats(&s->mechanisms, "PLAIN LOGIN");
  if (s->kind == BACKEND_PASSWORDS) stored = stored && stralloc_cats(&s->mechanisms, " SCRAM-SHA-256");
  if (s->certificates.count) stored = stored && stralloc_cats(&s->mechanisms, " EXTERNAL");
  return stored ? 0 : control_fail(c, CONTROL_AUTHMECHANISMS, "out of memory");
}

static int look_who_runs_it(struct settings *s, struct control *c) {
  struct stat st;
  stralloc rundir = {0};
  int r = control_text(c, CONTROL_RUNDIR, &rundir);
  s->is_private = geteuid() != 0 && r == 0 && stat(rundir.s, &st) == 0 && st.st_uid == geteuid();
  stralloc_free(&rundir);
  return r;
}

int settings_load(struct settings *s, struct control *c) {
  *s = (struct settings){0};
  if (load_numbers(s, c) == -1 || read_backend(s, c) == -1) return -1;
  if (control_list(c, CONTROL_AUTHCERTIFICATES, &s->certificates) == -1) return -1;
  return look_who_runs_it(s, c) == 0 ? read_mechanisms(s, c) : -1;
}

void settings_free(struct settings *s) {
  stralloc_free(&s->backend);
  stralloc_free(&s->place);
  stralloc_free(&s->mechanisms);
  list_free(&s->certificates);
  *s = (struct settings){0};
}
