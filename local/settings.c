#include "config.h"
#include "local/settings.h"
#include <string.h>
#include "local/breaks.h"
#include "local/store/quota.h"

enum { SECONDS_MAX = 86400 };

static int read_seconds(struct control *c, enum control_name name, uint64_t *out) {
  if (control_number(c, name, out) == -1) return -1;
  if (*out > SECONDS_MAX) *out = SECONDS_MAX;
  return 0;
}

static int read_flag(struct control *c, enum control_name name, bool *out) {
  uint64_t number;
  if (control_number(c, name, &number) == -1) return -1;
  if (number > 1) return control_fail(c, name, "it is neither 0 nor 1");
  *out = number;
  return 0;
}

static int no_memory(struct control *c) {
  (void)(stralloc_copys(&c->error, "out of memory") && stralloc_0(&c->error));
  return -1;
}

/* Only handed on. */
static int read_program_limit(struct settings *s, struct control *c) {
  uint64_t limit_s;
  if (control_number(c, CONTROL_TIMEOUTPROGRAM, &limit_s) == -1) return -1;
  if (text_cat_uint(&s->program_s, limit_s) == 0 && stralloc_0(&s->program_s)) return 0;
  return no_memory(c);
}

static int read_quota(struct settings *s, struct control *c) {
  struct quota_limits limits;
  if (control_text(c, CONTROL_MAILDIRQUOTA, &s->quota) == -1) return -1;
  if (s->quota.len == 0 || quota_parse(text_of_stralloc(&s->quota), &limits) == 0) return 0;
  return control_fail(c, CONTROL_MAILDIRQUOTA, "a quota is octets and S, files and C, or both: 10000000S,1000C");
}

/* Which of two or three words. */
static int read_word(struct control *c, enum control_name name, const char *const words[], size_t *out) {
  stralloc word = {0};
  int r = control_text(c, name, &word);
  size_t i = 0;
  while (r == 0 && words[i] && strcmp(words[i], word.s) != 0) i++;
  if (r == 0 && !words[i]) r = control_fail(c, name, "there is no such choice");
  *out = i;
  stralloc_free(&word);
  return r;
}

static int read_sessions(struct settings *s, struct control *c) {
  uint64_t idle_s;
  if (control_text(c, CONTROL_MAILBOXMAILDIR, &s->maildir) == -1) return -1;
  if (control_number(c, CONTROL_MAXMAILBOXSESSIONS, &s->sessions_max) == -1) return -1;
  if (control_number(c, CONTROL_MAXSESSIONSPERUSER, &s->user_sessions_max) == -1) return -1;
  if (read_seconds(c, CONTROL_POP3LOGINDELAY, &s->pop3_login_delay_s) == -1) return -1;
  if (read_seconds(c, CONTROL_TIMEOUTPOP3D, &idle_s) == -1) return -1;
  if (idle_s == 0) idle_s = SECONDS_MAX;
  return text_cat_uint(&s->session_idle_s, idle_s) == 0 && stralloc_0(&s->session_idle_s) ? 0 : no_memory(c);
}

static int read_folders(struct settings *s, struct control *c) {
  static const char *const words[] = {"no", "existing", "make", NULL};
  size_t choice;
  uint64_t most = 0;
  if (read_word(c, CONTROL_FOLDEREXTENSION, words, &choice) == -1) return -1;
  s->ext_is_folder = choice > 0;
  if (control_number(c, CONTROL_MAXFOLDERS, &most) == -1) return -1;
  if (choice < 2) most = 0;
  return text_cat_uint(&s->folders_max, most) == 0 && stralloc_0(&s->folders_max) ? 0 : no_memory(c);
}

static int read_full(struct settings *s, struct control *c) {
  static const char *const words[] = {"failure", "deferral", NULL};
  size_t choice;
  if (read_word(c, CONTROL_MAILDIRFULL, words, &choice) == -1) return -1;
  s->full_defers = choice == 1;
  return 0;
}

static int choose_delivery(struct settings *s, struct control *c, const char *given) {
  if (!given || !*given) return control_text(c, CONTROL_DEFAULTDELIVERY, &s->default_delivery);
  if (stralloc_copys(&s->default_delivery, given) && stralloc_0(&s->default_delivery)) return 0;
  return no_memory(c);
}

static int read_all(struct settings *s, struct control *c, const char *default_delivery) {
  if (!stralloc_copys(&s->folder, c->folder.s) || !stralloc_0(&s->folder)) return no_memory(c);
  if (choose_delivery(s, c, default_delivery) == -1) return -1;
  if (control_text(c, CONTROL_PASSWDFILE, &s->passwdfile) == -1) return -1;
  if (breaks_load(c, &s->breaks) == -1) return -1;
  if (control_text(c, CONTROL_RUNDIR, &s->rundir) == -1) return -1;
  if (read_program_limit(s, c) == -1 || read_sessions(s, c) == -1) return -1;
  if (read_flag(c, CONTROL_DOTFORWARD, &s->dotforward) == -1) return -1;
  if (read_quota(s, c) == -1 || read_full(s, c) == -1 || read_folders(s, c) == -1) return -1;
  if (read_seconds(c, CONTROL_TIMEOUTLOOKUP, &s->lookup_s) == -1) return -1;
  if (read_seconds(c, CONTROL_TIMEOUTRCPT, &s->rcpt_s) == -1) return -1;
  return read_seconds(c, CONTROL_RCPTCACHE, &s->cache_s);
}

static int replace(struct settings *s, struct settings *fresh, int r) {
  settings_free(r == 0 ? s : fresh);
  if (r == 0) *s = *fresh;
  return r;
}

int settings_load(struct settings *s, struct control *c, const char *default_delivery) {
  struct settings fresh = {0};
  int r = read_all(&fresh, c, default_delivery);
  if (r == 0) r = srsrules_load(&fresh.srs, c);
  return replace(s, &fresh, r);
}

int settings_load_to_explain(struct settings *s, struct control *c, const char *default_delivery) {
  struct settings fresh = {0};
  int r = read_all(&fresh, c, default_delivery);
  if (r == 0) (void)srsrules_load(&fresh.srs, c);
  return replace(s, &fresh, r);
}

void settings_free(struct settings *s) {
  stralloc_free(&s->default_delivery);
  stralloc_free(&s->passwdfile);
  stralloc_free(&s->breaks);
  stralloc_free(&s->folder);
  stralloc_free(&s->rundir);
  stralloc_free(&s->program_s);
  stralloc_free(&s->maildir);
  stralloc_free(&s->session_idle_s);
  stralloc_free(&s->quota);
  stralloc_free(&s->folders_max);
  srsrules_unload(&s->srs);
  *s = (struct settings){0};
}
