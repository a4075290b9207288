#include "config.h"
#include "smtpd/doorkeeper/authsettings.h"
#include <stdlib.h>
#include "lib/sasl.h"

static int fail(struct control *c) {
  (void)!(stralloc_copys(&c->error, "unable to read SMTPAUTH: it is none of '', -, cram, +cram, with or without ! before it") &&
          stralloc_0(&c->error));
  return -1;
}

static int read_variable(struct settings *s, struct control *c, struct text word) {
  const unsigned cram = 1u << SASL_CRAM_MD5;
  if (!word.s) return 0;
  if (text_equals(word, "-")) return s->mechanisms = 0, 0;
  s->needs_auth = word.len && word.s[0] == '!';
  if (s->needs_auth) word = (struct text){word.s + 1, word.len - 1};
  s->offers_auth = true;
  if (text_equals(word, "+cram")) return 0;
  s->mechanisms = word.len ? cram : SASL_ALL & ~cram;
  return word.len == 0 || text_equals(word, "cram") ? 0 : fail(c);
}

int authsettings_load(struct settings *s, struct control *c) {
  const char *submission = getenv("SUBMISSION");
  s->mechanisms = SASL_ALL;
  int r = read_variable(s, c, text_of(getenv("SMTPAUTH")));
  if (r == 0) r = control_list(c, CONTROL_SENDERMAP, &s->sendermap);
  s->auth_host = getenv("SMTPAUTHHOST");
  if (r == 0 && submission && *submission && !text_equals(text_of(submission), "0")) authsettings_submit(s);
  return r;
}

int authsettings_check_program(struct control *c, char **words) {
  int r = control_is_line(c, CONTROL_AUTHBACKEND, words);
  if (r == 0) return control_fail(c, CONTROL_AUTHBACKEND, "the program in the arguments is another one, and owl-authd runs this one");
  return r == 1 ? 0 : -1;
}

void authsettings_submit(struct settings *s) {
  s->is_submission = s->offers_auth = s->needs_auth = true;
  if (s->submissionrecipients) s->maxrecipients = s->submissionrecipients;
}

bool authsettings_offer(const struct settings *s) {
  return s->offers_auth && s->mechanisms && (s->is_secured || s->authwithouttls);
}
