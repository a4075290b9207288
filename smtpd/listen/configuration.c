#include "config.h"
#include "smtpd/listen/configuration.h"

static int load(struct configuration *c, struct control *control) {
  *c = (struct configuration){0};
  if (settings_load(&c->settings, control) == -1) return -1;
  return limits_load(&c->limits, control);
}

int configuration_load(struct configuration *c, stralloc *why) {
  struct configuration read = {0};
  struct control control;
  int r = -1;
  stralloc_zero(why);
  if (control_open(&control) == 0 && (r = load(&read, &control)) == 0) {
    configuration_free(c);
    *c = read;
  } else if (control.error.s) {
    (void)!stralloc_copys(why, control.error.s);
    configuration_free(&read);
  }
  control_free(&control);
  return r;
}

void configuration_free(struct configuration *c) { settings_free(&c->settings); }
