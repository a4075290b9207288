#include "config.h"
#include "smtpd/qmtp/qmqptalker.h"
#include <errno.h>

static int take_message(struct letter *l, struct netstring *all) {
  struct netstring n;
  if (netstring_open(&n, &l->reader, all) == -1) return -1;
  if (all->left - n.left > QMQP_ENVELOPE_OCTETS_MAX) return errno = EPROTO, -1;
  return letter_take_message(l, &n, false) == -1 ? -1 : netstring_close(&n);
}

/* The first refusal is the verdict on the whole. */
static int take_recipients(struct letter *l, struct netstring *all) {
  stralloc response = {0};
  int r = 0;
  while (r == 0 && all->left) {
    r = letter_take_recipient(l, all, &response);
    if (r == 0 && response.len) r = letter_refuse(l, text_of_stralloc(&response));
  }
  int saved = errno;
  stralloc_free(&response);
  errno = saved;
  return r;
}

static int converse(struct letter *l) {
  struct netstring all;
  if (netstring_open(&all, &l->reader, NULL) == -1 || take_message(l, &all) == -1) return -1;
  if (letter_take_sender(l, &all) == -1 || take_recipients(l, &all) == -1) return -1;
  if (netstring_close(&all) == -1 || letter_close(l) == -1) return -1;
  if (text_cat_netstring(&l->channel.output, text_of_stralloc(&l->verdict)) == 0) return 0;
  return errno = ENOMEM, -1;
}

enum talker_end qmqptalker_run(struct letter *l) {
  letter_open(l);
  int r = netstring_begins(&l->reader);
  if (r == 1) r = converse(l);
  return letter_part(l, r == -1 ? errno : 0);
}
