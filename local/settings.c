#include "config.h"
#include "local/settings.h"
#include "local/breaks.h"

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
  if (read_program_limit(s, c) == -1) return -1;
  if (read_flag(c, CONTROL_DOTFORWARD, &s->dotforward) == -1) return -1;
  if (read_seconds(c, CONTROL_TIMEOUTLOOKUP, &s->lookup_s) == -1) return -1;
  if (read_seconds(c, CONTROL_TIMEOUTRCPT, &s->rcpt_s) == -1) return -1;
  return read_seconds(c, CONTROL_RCPTCACHE, &s->cache_s);
}

int settings_load(struct settings *s, struct control *c, const char *default_delivery) {
  struct settings fresh = {0};
  int r = read_all(&fresh, c, default_delivery);
  settings_free(r == 0 ? s : &fresh);
  if (r == 0) *s = fresh;
  return r;
}

void settings_free(struct settings *s) {
  stralloc_free(&s->default_delivery);
  stralloc_free(&s->passwdfile);
  stralloc_free(&s->breaks);
  stralloc_free(&s->folder);
  stralloc_free(&s->rundir);
  stralloc_free(&s->program_s);
  *s = (struct settings){0};
}
