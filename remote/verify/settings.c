#include "config.h"
#include "remote/verify/settings.h"
#include "lib/address.h"
#include "lib/envelope.h"

static void unload(struct verify_settings *s) {
  route_unload(&s->routes);
  stralloc_free(&s->rundir);
  stralloc_free(&s->sender);
}

static int load_sender(struct verify_settings *s, struct control *c) {
  if (control_text(c, CONTROL_VERIFYSENDER, &s->sender) == -1) return -1;
  struct text sender = text_of_stralloc(&s->sender);
  bool good = sender.len <= ENVELOPE_ADDRESS_MAX && address_is_clean(sender) && !text_equals(sender, "#@[]");
  return good ? 0 : control_fail(c, CONTROL_VERIFYSENDER, "it is no address");
}

int verify_settings_load(struct verify_settings *s, struct control *c) {
  struct verify_settings fresh = {0};
  if (route_load(&fresh.routes, c) == 0 && control_text(c, CONTROL_RUNDIR, &fresh.rundir) == 0 &&
      load_sender(&fresh, c) == 0 && control_number(c, CONTROL_VERIFYCACHE, &fresh.yes_s) == 0 &&
      control_number(c, CONTROL_VERIFYCACHENO, &fresh.no_s) == 0) {
    unload(s);
    *s = fresh;
    return 0;
  }
  unload(&fresh);
  return -1;
}
