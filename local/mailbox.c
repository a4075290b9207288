#include "config.h"
#include "local/mailbox.h"
#include <time.h>
#include "lib/address.h"
#include "lib/clock.h"

/* Unquoted, as qmail writes it: programs in .qmail files compare it. */
int mailbox_cat_delivered_to(stralloc *out, const struct mailbox *box) {
  if (!stralloc_cats(out, "Delivered-To: ")) return -1;
  if (text_cat_cleaned(out, text_of(box->local)) == -1) return -1;
  return stralloc_cats(out, "@") ? text_cat_cleaned(out, text_of(box->host)) : -1;
}

int mailbox_cat_return_path(stralloc *out, struct text sender) {
  if (!stralloc_cats(out, "Return-Path: <")) return -1;
  if (sender.len && address_cat(out, sender) == -1) return -1;
  return stralloc_cats(out, ">") ? 0 : -1;
}

/* No blank within the sender: readers of an mbox look for the date behind it. */
static int cat_without_blanks(stralloc *out, struct text sender) {
  if (sender.len == 0) sender = text_of("MAILER-DAEMON");
  for (size_t i = 0; i < sender.len; i++) {
    unsigned char c = (unsigned char)sender.s[i];
    if (!stralloc_append(out, c <= ' ' || c == 127 ? "-" : &sender.s[i])) return -1;
  }
  return 0;
}

int mailbox_cat_from_line(stralloc *out, struct text sender) {
  time_t now = (time_t)(clock_wall_us(&clock_system) / 1000000u);
  struct tm parts;
  char date[64];
  if (!gmtime_r(&now, &parts) || strftime(date, sizeof date, " %a %b %e %H:%M:%S %Y", &parts) == 0) return -1;
  return stralloc_cats(out, "From ") && cat_without_blanks(out, sender) == 0 && stralloc_cats(out, date) ? 0 : -1;
}
