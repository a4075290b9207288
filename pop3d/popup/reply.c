#include "config.h"
#include "pop3d/popup/reply.h"
#include <errno.h>
#include "lib/mailboxdoor.h"

enum popup_next reply_lost(void) { return errno = ENOMEM, POPUP_LOST; }

static enum popup_next put(struct popup *p, const char *before, struct text text) {
  bool stored = stralloc_cats(p->out, before) && text_cat(p->out, text) == 0 && stralloc_cats(p->out, "\r\n");
  return stored ? POPUP_LINE : reply_lost();
}

enum popup_next reply_line(struct popup *p, const char *line) { return put(p, "", text_of(line)); }
enum popup_next reply_ok(struct popup *p, const char *text) { return put(p, "+OK ", text_of(text)); }
enum popup_next reply_error(struct popup *p, const char *text) { return put(p, "-ERR ", text_of(text)); }

/* RFC 2449 8.1, RFC 3206 4. */
static const char *deferral_code(struct text status) {
  if (text_equals(status, MAILBOXDOOR_IN_USE)) return "-ERR [IN-USE] ";
  if (text_equals(status, MAILBOXDOOR_TOO_SOON)) return "-ERR [LOGIN-DELAY] ";
  return "-ERR [SYS/TEMP] ";
}

static enum popup_next refuse(struct popup *p, const struct logindoor_answer *a, const char *code) {
  if (a->result.class == RESULT_DEFERRAL) code = deferral_code(a->result.status);
  if (put(p, code, a->result.text) == POPUP_LOST) return POPUP_LOST;
  return a->ends_session ? POPUP_HANG_UP : POPUP_LINE;
}

enum popup_next reply_result(struct popup *p, const struct logindoor_answer *a) { return refuse(p, a, "-ERR [AUTH] "); }

enum popup_next reply_refused_session(struct popup *p, const struct logindoor_answer *a) {
  return refuse(p, a, "-ERR [SYS/PERM] ");
}
