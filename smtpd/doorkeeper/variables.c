#include "config.h"
#include "smtpd/doorkeeper/variables.h"
#include <stdlib.h>

static int fail(struct control *c, const char *name) {
  (void)!(stralloc_copys(&c->error, "unable to read ") && stralloc_cats(&c->error, name) &&
          stralloc_cats(&c->error, ": it is not a number, or too great") && stralloc_0(&c->error));
  return -1;
}

static int load_number(struct control *c, const char *name, uint64_t greatest, uint64_t *to) {
  struct text value = text_of(getenv(name));
  if (!value.s) return 0;
  return text_uint(value, to) == 0 && *to <= greatest ? 0 : fail(c, name);
}

/* As in qmail's patches: set means yes, but for "0". */
static bool is_set(const char *name, bool otherwise) {
  const char *value = getenv(name);
  return value ? !text_equals(text_of(value), "0") : otherwise;
}

int variables_load(struct settings *s, struct control *c) {
  const struct {
    const char *name;
    uint64_t greatest;
    uint64_t *to;
  } numbers[] = {
    {"DATABYTES", INT64_MAX, &s->databytes},
    {"GREETDELAY", UINT32_MAX, &s->greetdelay_s},
    {"MAXRECIPIENTS", UINT32_MAX, &s->maxrecipients},
    {"TARPITCOUNT", UINT32_MAX, &s->tarpitcount},
    {"TARPITDELAY", UINT32_MAX, &s->tarpitdelay_s},
  };
  const char *program = getenv("RCPTCHECK");
  s->rcptcheck = program && *program ? program : NULL;
  s->begins_with_tls = is_set("SMTPS", false);
  s->needs_tls = is_set("FORCETLS", s->needs_tls);
  s->relayclient = text_of(getenv("RELAYCLIENT"));
  for (unsigned i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
    if (load_number(c, numbers[i].name, numbers[i].greatest, numbers[i].to) == -1) return -1;
  return 0;
}
