#include "config.h"
#include "pop3d/report.h"
#include <stdlib.h>

void report_end(struct mailboxdoor_end *e, struct text why) {
  const char *door = getenv("MAILBOX_DOOR");
  stralloc clean = {0};
  if (!door || !text_equals(text_of(door), "3")) return;
  if (why.len > MAILBOXDOOR_WHY_MAX) why.len = MAILBOXDOOR_WHY_MAX;
  if (text_cat_cleaned(&clean, why) == 0) e->why = text_of_stralloc(&clean);
  (void)mailboxdoor_send_end(MAILBOXDOOR_SESSION_FD, e);
  stralloc_free(&clean);
}
