#include "config.h"
#include "smtpd/qmtp/qmtptalker.h"
#include <errno.h>
#include "smtpd/qmtp/response.h"

/* A recipient's response while the verdict is open: a client that sends many
 * recipients must not cost much memory for each. */
static const char granted[] = "+", too_many[] = "-";

static int take_message(struct letter *l) {
  struct netstring n;
  struct text first;
  if (netstring_open(&n, &l->reader, NULL) == -1 || netstring_take(&n, 1, &first) == -1) return -1;
  char encoding = first.s[0];
  if (encoding != '\n' && encoding != '\r') return errno = EPROTO, -1;
  return letter_take_message(l, &n, encoding == '\r') == -1 ? -1 : netstring_close(&n);
}

static int drop_recipient(struct letter *l, struct netstring *outer, stralloc *response) {
  bool too_long;
  if (netstring_read(&l->reader, outer, 0, response, &too_long) == -1) return -1;
  return stralloc_copys(response, too_many) ? 0 : (errno = ENOMEM, -1);
}

static int take_recipient(struct letter *l, struct netstring *outer, bool many, stralloc *responses) {
  stralloc response = {0};
  int r = many ? drop_recipient(l, outer, &response) : letter_take_recipient(l, outer, &response);
  if (r == 0 && response.len == 0 && !stralloc_copys(&response, granted)) r = -1;
  /* NUL ends it: it has no control octets */
  if (r == 0 && (!stralloc_0(&response) || !stralloc_cat(responses, &response))) errno = ENOMEM, r = -1;
  stralloc_free(&response);
  return r;
}

static int take_recipients(struct letter *l, uint64_t max, stralloc *responses) {
  struct netstring all;
  if (netstring_open(&all, &l->reader, NULL) == -1) return -1;
  if (all.left > QMTP_RECIPIENTS_OCTETS_MAX) return errno = EPROTO, -1;
  for (uint64_t n = 0; all.left; n++)
    if (take_recipient(l, &all, n >= max, responses) == -1) return -1;
  return netstring_close(&all);
}

static int respond(struct letter *l, struct text responses) {
  static const char many[] = "Ztoo many recipients, send the others with another copy (#4.5.3)";
  struct text verdict = text_of_stralloc(&l->verdict), one;
  while (responses.len && text_cut(&responses, '\0', &one)) {
    if (text_equals(one, granted)) one = verdict;
    else if (text_equals(one, too_many)) one = text_of(many);
    if (text_cat_netstring(&l->channel.output, one) == -1) return errno = ENOMEM, -1;
  }
  return 0;
}

static int converse(struct letter *l, uint64_t recipients_max) {
  stralloc responses = {0};
  int r = -1;
  if (take_message(l) == 0 && letter_take_sender(l, NULL) == 0 &&
      take_recipients(l, recipients_max, &responses) == 0 && letter_close(l) == 0)
    r = respond(l, text_of_stralloc(&responses));
  int saved = errno;
  stralloc_free(&responses);
  errno = saved;
  return r;
}

enum talker_end qmtptalker_run(struct letter *l, uint64_t recipients_max) {
  int r = 1;
  letter_open(l);
  while (r == 1 && !l->ends) {
    r = netstring_begins(&l->reader);
    if (r == 1 && converse(l, recipients_max) == -1) r = -1;
  }
  return letter_part(l, r == -1 ? errno : 0);
}
