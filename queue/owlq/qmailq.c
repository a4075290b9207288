#include "config.h"
#include "queue/owlq/qmailq.h"
#include <stdio.h>
#include <string.h>
#include "lib/clock.h"
#include "lib/exitcode.h"
#include "queue/owlq/owlq.h"

/* ---- formats */

static int cat_printable(stralloc *out, struct text t) {
  size_t start = out->len;
  if (text_cat(out, t) == -1) return -1;
  for (size_t i = start; i < out->len; i++)
    if (out->s[i] < 32 || out->s[i] > 126) out->s[i] = '_';
  return 0;
}

/* "23 Nov 2026 12:30:00 GMT": qmail's date, whose zone has a name here. */
static int cat_date(stralloc *out, uint64_t wall_us) {
  if (clock_cat_date(out, wall_us) == -1) return -1;
  out->len -= strlen(" -0000");
  return stralloc_cats(out, " GMT") ? 0 : -1;
}

static bool is_bouncing(const struct message *m) {
  for (size_t i = 0; i < m->file.envelope.recipient_count; i++)
    if (m->states[i].progress == RECIPIENT_FAILED && !m->states[i].told) return true;
  return false;
}

static int cat_head(stralloc *out, const struct message *m) {
  if (cat_date(out, m->file.envelope.arrival_us) == -1 || !stralloc_cats(out, "  #") ||
      !stralloc_catb(out, m->id.s, QUEUEID_DIGITS) || !stralloc_cats(out, "  ") ||
      text_cat_uint(out, m->file.body_octets) == -1 || !stralloc_cats(out, "  <") ||
      cat_printable(out, m->file.envelope.sender) == -1 || !stralloc_cats(out, "> "))
    return -1;
  if (is_bouncing(m) && !stralloc_cats(out, " bouncing")) return -1;
  return stralloc_cats(out, "\n") ? 0 : -1;
}

static int cat_recipient(stralloc *out, const struct message *m, size_t i, enum route_channel channel) {
  bool done = m->states[i].progress != RECIPIENT_WAITING;
  if (done && !stralloc_cats(out, "  done")) return -1;
  if (!stralloc_cats(out, channel == CHANNEL_LOCAL ? "\tlocal\t" : "\tremote\t")) return -1;
  if (cat_printable(out, m->file.envelope.recipients[i].address) == -1) return -1;
  return stralloc_cats(out, "\n") ? 0 : -1;
}

static int cat_channel(stralloc *out, const struct message *m, const struct route_table *routes,
                       enum route_channel channel) {
  struct route route = {0};
  int r = 0;
  for (size_t i = 0; r == 0 && i < m->file.envelope.recipient_count; i++) {
    r = route_find(routes, m->file.envelope.sender, m->file.envelope.recipients[i].address, &route);
    if (r == 0 && route.channel == channel) r = cat_recipient(out, m, i, channel);
  }
  route_free(&route);
  return r;
}

int qmailq_cat_message(stralloc *out, const struct message *m, const struct route_table *routes) {
  if (cat_head(out, m) == -1 || cat_channel(out, m, routes, CHANNEL_LOCAL) == -1) return -1;
  return cat_channel(out, m, routes, CHANNEL_REMOTE);
}

int qmailq_cat_counts(stralloc *out, size_t queue, size_t todo) {
  if (!stralloc_cats(out, "messages in queue: ") || text_cat_uint(out, queue) == -1 ||
      !stralloc_cats(out, "\nmessages in queue but not yet preprocessed: ") || text_cat_uint(out, todo) == -1)
    return -1;
  return stralloc_cats(out, "\n") ? 0 : -1;
}

/* ---- the commands */

static int print(stralloc *text, int r) {
  if (r == 0) fwrite(text->s, 1, text->len, stdout);
  stralloc_free(text);
  return r == 0 ? TOOL_OK : owlq_complain("unable to list", "out of memory");
}

struct qread {
  struct route_table routes;
  int code;
};

static int read_one(void *context, const struct selected *m) {
  struct qread *q = context;
  stralloc text = {0};
  if (!m->message) printf("warning: trouble with #%.*s: %s\n", QUEUEID_DIGITS, m->id->s, m->reason);
  else if (print(&text, qmailq_cat_message(&text, m->message, &q->routes)) != TOOL_OK) q->code = TOOL_SYSTEM;
  return q->code == TOOL_OK ? 0 : -1;
}

int owlq_qread(struct control *c, int argc, char **argv) {
  struct qread q = {.code = TOOL_OK};
  struct filter all = {0};
  struct store s;
  (void)argv;
  if (argc != 1) return owlq_complain("usage", "qmail-qread"), TOOL_USAGE;
  if (route_load(&q.routes, c) == -1) return owlq_complain("configuration", c->error.s);
  int code = owlq_open_store(c, &s);
  if (code == TOOL_OK) {
    code = select_messages(&(struct selection){
      .store = &s, .filter = &all, .now_us = clock_wall_us(&clock_system), .found = read_one, .context = &q});
    store_close(&s);
  }
  route_unload(&q.routes);
  return code != TOOL_OK ? code : q.code;
}

static int count_one(void *context, const struct queueid *id) {
  (void)id;
  ++*(size_t *)context;
  return 0;
}

int owlq_qstat(struct control *c, int argc, char **argv) {
  struct ids all = {0};
  struct store s;
  stralloc text = {0};
  size_t todo = 0;
  (void)argv;
  if (argc != 1) return owlq_complain("usage", "qmail-qstat"), TOOL_USAGE;
  int code = owlq_open_store(c, &s);
  if (code != TOOL_OK) return code;
  if (store_scan(&s, "todo", count_one, &todo) == -1) code = owlq_unable("read", "todo");
  else if ((code = ids_scan(&all, &s)) == TOOL_OK)
    code = print(&text, qmailq_cat_counts(&text, all.count, todo < all.count ? todo : all.count));
  ids_free(&all);
  store_close(&s);
  return code;
}
