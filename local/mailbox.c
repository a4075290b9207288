#include "config.h"
#include "local/mailbox.h"
#include "lib/address.h"

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
