#include "config.h"
#include "pop3d/report.h"
#include <stdlib.h>

bool report_is_wanted(void) {
  const char *door = getenv("MAILBOX_DOOR");
  return door && text_equals(text_of(door), "3");
}

uint64_t report_login_delay(void) {
  const char *word = getenv("MAILBOX_LOGIN_DELAY");
  uint64_t seconds;
  return word && text_uint(text_of(word), &seconds) == 0 ? seconds : 0;
}

void report_end(struct mailboxdoor_end *e, struct text why) {
  stralloc clean = {0};
  if (!report_is_wanted()) return;
  if (why.len > MAILBOXDOOR_WHY_MAX) why.len = MAILBOXDOOR_WHY_MAX;
  if (text_cat_cleaned(&clean, why) == 0) e->why = text_of_stralloc(&clean);
  (void)mailboxdoor_send_end(MAILBOXDOOR_SESSION_FD, e);
  stralloc_free(&clean);
}
