#include "config.h"
#include "smtpd/talker/complete.h"
#include "lib/address.h"
#include "lib/clock.h"

static bool is_name_octet(char c) { return c > ' ' && c <= '~' && c != ':'; }

static char lower(char c) { return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c; }

static void note_name(struct complete *c) {
  struct text name = {c->name, c->name_len};
  c->has_field = true;
  c->has_date |= text_equals(name, "date");
  c->has_from |= text_equals(name, "from");
  c->has_message_id |= text_equals(name, "message-id");
  c->is_left_alone |= text_equals(name, "dkim-signature");
}

/* The body begins here: nothing is to be put in front of it. */
static void break_off(struct complete *c) { c->is_over = c->is_left_alone = true; }

static void start_line(struct complete *c, char o) {
  c->name_len = 0;
  if (o == '\n') c->is_over = true;
  else if (o == ' ' || o == '\t') c->has_field ? (void)(c->line = COMPLETE_REST) : break_off(c);
  else if (!is_name_octet(o)) break_off(c);
  else c->line = COMPLETE_NAME;
}

static void take_name(struct complete *c, char o) {
  if (o == ':') {
    note_name(c);
    c->line = COMPLETE_REST;
  } else if (!is_name_octet(o)) {
    if (o != ' ' && o != '\t') break_off(c); /* blanks before the colon: RFC 5322 4.5 */
  } else if (c->name_len < sizeof c->name)
    c->name[c->name_len++] = lower(o);
}

static void take(struct complete *c, char o) {
  if (c->line == COMPLETE_START) start_line(c, o);
  if (c->line == COMPLETE_NAME) take_name(c, o);
  else if (c->line == COMPLETE_REST && o == '\n') c->line = COMPLETE_START;
}

size_t complete_scan(struct complete *c, struct text more) {
  for (size_t i = 0; c->is_wanted && !c->is_over && i < more.len; i++) {
    take(c, more.s[i]);
    if (c->is_over && !c->is_left_alone) return i;
  }
  return more.len + 1;
}

static int cat_date(const struct complete *c, stralloc *out) {
  return stralloc_cats(out, "Date: ") && clock_cat_date(out, c->wall_us) == 0 && stralloc_cats(out, "\n") ? 0 : -1;
}

/* A bounce has no sender, and whoever submits one writes its From. */
static int cat_from(const struct complete *c, stralloc *out) {
  if (c->sender.len == 0) return 0;
  if (!stralloc_cats(out, "From: <") || address_cat(out, c->sender) == -1) return -1;
  return stralloc_cats(out, ">\n") ? 0 : -1;
}

static int cat_message_id(const struct complete *c, stralloc *out) {
  if (!stralloc_cats(out, "Message-ID: <") || text_cat(out, c->message_id) == -1) return -1;
  return stralloc_cats(out, ">\n") ? 0 : -1;
}

bool complete_is_open(const struct complete *c) { return c->is_wanted && !c->is_over && c->line == COMPLETE_START; }

int complete_cat(const struct complete *c, stralloc *out) {
  if (!c->is_wanted || c->is_left_alone) return 0;
  if (!c->has_date && cat_date(c, out) == -1) return -1;
  if (!c->has_from && cat_from(c, out) == -1) return -1;
  return c->has_message_id || c->message_id.len == 0 ? 0 : cat_message_id(c, out);
}
