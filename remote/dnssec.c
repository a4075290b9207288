#include "config.h"
#include "remote/dnssec.h"
#include <stdlib.h>
#include "remote/resolve.h"

static bool cut_names(struct text names, struct text *signed_name, struct text *broken_name) {
  return text_cut(&names, ' ', signed_name) && text_cut(&names, ' ', broken_name) && !names.s &&
         name_is_askable(*signed_name) && name_is_askable(*broken_name);
}

static bool is_off(struct text names) { return text_equals(names, "off"); }

bool dnssec_names_are_valid(struct text names) {
  struct text a, b;
  return is_off(names) || cut_names(names, &a, &b);
}

static void end(struct dnssec *d, enum dnssec_state state, const char *why) {
  d->state = state;
  d->why = why;
}

static void end_elsewhere(struct dnssec *d) {
  end(d, DNSSEC_ELSEWHERE, "a name server is not on this host");
  d->is_tested = false;
}

static struct lookup look_up(struct text name, unsigned limit_s) {
  static struct host h; /* large */
  h.name = name;
  resolve_hosts(&h, 1, limit_s);
  return h.found;
}

static void ask(struct dnssec *d, struct text signed_name, struct text broken_name) {
  struct lookup l = look_up(signed_name, d->limit_s);
  if (l.status == RESOLVE_TEMPORARY) {
    end(d, DNSSEC_UNKNOWN, "the signed name of dnssectest cannot be looked up");
    return;
  }
  if (!l.authenticated) {
    end(d, DNSSEC_NO, "the name server does not vouch for the signed name of dnssectest: it does not validate");
    return;
  }
  l = look_up(broken_name, d->limit_s);
  if (l.status == RESOLVE_TEMPORARY) end(d, DNSSEC_TRUSTED, "");
  else end(d, DNSSEC_NO, "the name server resolves the broken name of dnssectest: it does not validate");
}

static void test_at(struct dnssec *d, enum query_place place) {
  struct text signed_name, broken_name;
  d->is_tested = place == QUERY_HERE;
  if (!cut_names(d->names, &signed_name, &broken_name)) end(d, DNSSEC_NO, "dnssectest does not have two names");
  else if (place == QUERY_UNKNOWN) end(d, DNSSEC_UNKNOWN, "their list cannot be read");
  else if (place == QUERY_ELSEWHERE) end_elsewhere(d);
  else ask(d, signed_name, broken_name);
}

void dnssec_test(struct dnssec *d) {
  if (is_off(d->names)) end(d, DNSSEC_OFF, "");
  else test_at(d, resolve_place());
}

/* The spawner's finding; none while it could not find out. */
static void take_finding(struct dnssec *d) {
  const char *found = getenv(DNSSEC_VARIABLE);
  if (!found || (*found != 'y' && *found != 'n')) return;
  d->is_tested = true;
  end(d, *found == 'y' ? DNSSEC_TRUSTED : DNSSEC_NO, "");
}

/* The test may be of other servers than those that resolv.conf names now. */
bool dnssec_is_trusted(struct dnssec *d) {
  if (is_off(d->names)) return end(d, DNSSEC_OFF, ""), false;
  enum query_place place = resolve_place();
  if (place == QUERY_ELSEWHERE) return end_elsewhere(d), false;
  if (!d->is_tested) take_finding(d);
  if (!d->is_tested) test_at(d, place);
  return d->state == DNSSEC_TRUSTED || d->state == DNSSEC_UNKNOWN;
}

const char *dnssec_word(const struct dnssec *d) {
  switch (d->state) {
    case DNSSEC_TRUSTED: return "yes";
    case DNSSEC_NO:
    case DNSSEC_OFF: return "no";
    case DNSSEC_ELSEWHERE: return DNSSEC_WORD_ELSEWHERE;
    case DNSSEC_UNKNOWN: break;
  }
  return "";
}

void dnssec_report(const struct dnssec *d, struct log *l) {
  if (d->state == DNSSEC_NO || d->state == DNSSEC_ELSEWHERE) log_say(l, "owl-remote", "DANE is off: ", text_of(d->why));
  if (d->state == DNSSEC_UNKNOWN) log_say(l, "owl-remote", "unable to test the name servers for DANE: ", text_of(d->why));
}
