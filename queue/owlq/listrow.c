#include "config.h"
#include "queue/owlq/listrow.h"
#include <stdio.h>
#include "lib/exitcode.h"
#include "queue/owlq/describe.h"
#include "queue/owlq/owlq.h"
#include "queue/owlq/screen.h"

/* ---- a line: columns of fixed width, then three that share the rest */

enum { ID = 16, AGE = 7, SIZE = 5, STATE = 7, FIXED = ID + AGE + SIZE + STATE + 6, ADDRESS_WIDE = 24 };

struct widths {
  size_t sender, recipients, error;
};

/* On a terminal the error takes what is left over; else all take what they need. */
static struct widths share(size_t columns) {
  if (!columns) return (struct widths){ADDRESS_WIDE, ADDRESS_WIDE, 0};
  size_t rest = columns > FIXED + 12 ? columns - FIXED : 12, address = rest * 3 / 10;
  return (struct widths){address, address, rest - 2 * address};
}

/* Without a terminal longer texts are not cut, only shorter ones filled up. */
static int cat_cell(stralloc *out, struct text t, size_t width, size_t columns) {
  return screen_cat_column(out, t, columns || screen_width(t) < width ? width : 0);
}

static int cat_sender(stralloc *out, const struct selected *m, size_t width, size_t columns) {
  struct text sender = m->message ? m->message->file.envelope.sender : text_of("-");
  return cat_cell(out, sender.len ? sender : text_of("<>"), width, columns);
}

/* The first one that is not delivered; how many are not. */
static size_t first_open(const struct message *m, struct text *first) {
  size_t open = 0;
  for (size_t i = 0; m && i < m->file.envelope.recipient_count; i++)
    if (m->states[i].progress != RECIPIENT_DONE && open++ == 0) *first = m->file.envelope.recipients[i].address;
  return open;
}

static int cat_more(stralloc *out, size_t more) {
  return !more || (stralloc_cats(out, " +") && text_cat_uint(out, more) == 0) ? 0 : -1;
}

static int cat_recipients(stralloc *out, const struct selected *m, size_t width, size_t columns) {
  struct text first = text_of("-");
  stralloc cell = {0}, more = {0};
  size_t open = first_open(m->message, &first);
  int r = cat_more(&more, open > 1 ? open - 1 : 0);
  bool cut = columns && screen_width(first) + more.len > width && more.len + 2 < width;
  if (r == 0) r = screen_cat_column(&cell, first, cut ? width - more.len : 0);
  if (r == 0) r = text_cat(&cell, text_of_stralloc(&more));
  if (r == 0) r = cat_cell(out, text_of_stralloc(&cell), width, columns);
  stralloc_free(&cell);
  stralloc_free(&more);
  return r;
}

static int cat_words(stralloc *out, const struct selected *m) {
  const struct message *of = m->message;
  if (!of) return text_cat(out, text_of(m->reason));
  size_t latest = describe_latest(of);
  if (latest == of->file.envelope.recipient_count) return 0;
  const struct result *r = &of->states[latest].last.result;
  if (r->host.len && (text_cat(out, r->host) == -1 || !stralloc_cats(out, ": "))) return -1;
  if (r->reply_code && (text_cat_uint(out, r->reply_code) == -1 || !stralloc_cats(out, " "))) return -1;
  return text_cat(out, r->text);
}

static int cat_error(stralloc *out, const struct selected *m, size_t width) {
  stralloc words = {0};
  int r = cat_words(&words, m);
  if (r == 0) r = screen_cat_column(out, text_of_stralloc(&words), width);
  stralloc_free(&words);
  return r;
}

static int cat_right(stralloc *out, const stralloc *t, size_t width) {
  for (size_t i = t->len; i < width; i++)
    if (!stralloc_append(out, " ")) return -1;
  return stralloc_cat(out, t) && stralloc_cats(out, " ") ? 0 : -1;
}

static int cat_numbers(stralloc *out, const struct selected *m, uint64_t now_us) {
  stralloc age = {0}, size = {0};
  int r = -1;
  if (screen_cat_age(&age, describe_age(m->arrival_us, now_us)) == 0 && screen_cat_size(&size, m->octets) == 0 &&
      cat_right(out, &age, AGE) == 0)
    r = cat_right(out, &size, SIZE);
  stralloc_free(&age);
  stralloc_free(&size);
  return r;
}

static void trim(stralloc *line) {
  while (line->len && line->s[line->len - 1] == ' ') line->len--;
}

int row_cat_line(stralloc *out, const struct selected *m, uint64_t now_us, size_t columns) {
  struct widths w = share(columns);
  if (!stralloc_catb(out, m->id->s, ID) || !stralloc_cats(out, " ") || cat_numbers(out, m, now_us) == -1 ||
      screen_cat_column(out, text_of(state_name(m->state)), STATE) == -1 || !stralloc_cats(out, " ") ||
      cat_sender(out, m, w.sender, columns) == -1 || !stralloc_cats(out, " ") ||
      cat_recipients(out, m, w.recipients, columns) == -1 || !stralloc_cats(out, " ") ||
      cat_error(out, m, w.error) == -1)
    return -1;
  trim(out);
  return 0;
}

int row_cat_heading(stralloc *out, size_t columns) {
  static const struct {
    const char *name;
    size_t width;
  } fixed[] = {{"ID", ID}, {"    AGE", AGE}, {" SIZE", SIZE}, {"STATE", STATE}};
  struct widths w = share(columns);
  for (size_t i = 0; i < sizeof fixed / sizeof fixed[0]; i++)
    if (screen_cat_column(out, text_of(fixed[i].name), fixed[i].width) == -1 || !stralloc_cats(out, " "))
      return -1;
  if (screen_cat_column(out, text_of("FROM"), w.sender) == -1 || !stralloc_cats(out, " ") ||
      screen_cat_column(out, text_of("TO"), w.recipients) == -1)
    return -1;
  return stralloc_cats(out, " LAST ERROR") ? 0 : -1;
}

/* ---- the long form */

static void print_last(const struct recipient_state *s) {
  const struct result *r = &s->last.result;
  if (r->class < RESULT_SUCCESS || r->class > RESULT_FAILURE) return;
  printf("    last, ");
  screen_date(s->last.time_us);
  printf(": %s", describe_class(r->class));
  if (r->status.len) printf(" ");
  screen_text(r->status);
  if (r->host.len) printf(" from ");
  screen_text(r->host);
  if (r->address.len) printf(" [");
  screen_text(r->address);
  if (r->address.len) printf("]");
  printf(": ");
  if (r->reply_code) printf("%llu ", (unsigned long long)r->reply_code);
  screen_text(r->text);
  printf("\n");
}

static void print_next(const struct message *m, size_t i, uint64_t now_us) {
  uint64_t due_us = describe_due(m, i);
  if (due_us <= now_us) {
    printf("now");
    return;
  }
  screen_date(due_us);
  printf(" (in %llu s)", (unsigned long long)((due_us - now_us) / 1000000u));
}

static void print_recipient(const struct message *m, size_t i, uint64_t now_us) {
  const struct recipient_state *s = &m->states[i];
  printf("  to <");
  screen_text(m->file.envelope.recipients[i].address);
  printf(">: ");
  switch (s->progress) {
    case RECIPIENT_DONE: printf("delivered"); break;
    case RECIPIENT_FAILED: printf(s->told ? "failed, sender told" : "failed"); break;
    case RECIPIENT_WAITING:
      printf("waiting, tried %llu time%s, next try ", (unsigned long long)s->attempts, s->attempts == 1 ? "" : "s");
      print_next(m, i, now_us);
      break;
  }
  printf("\n");
  print_last(s);
}

void row_print_recipients(const struct message *m, bool all, uint64_t now_us) {
  for (size_t i = 0; i < m->file.envelope.recipient_count; i++)
    if (all || m->states[i].progress != RECIPIENT_DONE) print_recipient(m, i, now_us);
}

static void print_long(const struct selected *m, const char *event, uint64_t now_us) {
  if (event) printf("%s ", event);
  printf("%s  ", m->id->s);
  screen_date(m->arrival_us);
  printf("  %llu octets  %s", (unsigned long long)m->octets, state_name(m->state));
  if (!m->message) {
    printf(": %s\n", m->reason);
    return;
  }
  printf("  from <");
  screen_text(m->message->file.envelope.sender);
  printf(">\n");
  row_print_recipients(m->message, false, now_us);
}

/* ---- any form */

static int print_line(const struct selected *m, const char *event, uint64_t now_us, size_t columns) {
  stralloc line = {0};
  int code = TOOL_OK;
  if (event) columns = columns ? columns - 8 : 0;
  if (event) printf("%-7s ", event);
  if (row_cat_line(&line, m, now_us, columns) == -1) code = owlq_complain("unable to list", "out of memory");
  else printf("%.*s\n", (int)line.len, line.s);
  stralloc_free(&line);
  return code;
}

static int print_json(const struct selected *m, const char *event, uint64_t now_us) {
  struct jsonline j, child;
  const struct message *of = m->message;
  uint64_t delivered = 0;
  jsonline_begin(&j);
  jsonline_string(&j, "event", event);
  describe_message(&j, m, now_us);
  for (size_t i = 0; of && i < of->file.envelope.recipient_count; i++) {
    if (of->states[i].progress == RECIPIENT_DONE) {
      delivered++;
      continue;
    }
    jsonline_begin(&child);
    describe_recipient(&child, of, i);
    describe_last(&child, of, i);
    jsonline_append(&j, "recipients", &child);
  }
  if (of) jsonline_number(&j, "delivered", delivered);
  return jsonline_put(&j);
}

int row_print(const struct selected *m, enum row_form form, const char *event, uint64_t now_us, size_t columns) {
  switch (form) {
    case ROW_LINE: return print_line(m, event, now_us, columns);
    case ROW_LONG: print_long(m, event, now_us); return TOOL_OK;
    case ROW_JSON: break;
  }
  return print_json(m, event, now_us);
}

void row_print_heading(enum row_form form, size_t columns) {
  stralloc line = {0};
  if (form == ROW_LINE && row_cat_heading(&line, columns) == 0) printf("%.*s\n", (int)line.len, line.s);
  stralloc_free(&line);
}
