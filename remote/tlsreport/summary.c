#include "config.h"
#include "remote/tlsreport/summary.h"
#include <stdlib.h>
#include "lib/room.h"

static struct summary_policy *find_policy(struct summary *s, struct text key) {
  for (size_t i = 0; i < s->policy_count; i++)
    if (text_equal(s->policies[i].key, key)) return &s->policies[i];
  return NULL;
}

static struct summary_policy *add_policy(struct summary *s, struct text key, struct text line) {
  struct summary_policy *p = find_policy(s, key);
  if (p) return p;
  if (s->policy_count == SUMMARY_POLICIES_MAX) return &s->policies[SUMMARY_POLICIES_MAX - 1];
  p = &s->policies[s->policy_count++];
  *p = (struct summary_policy){.line = line, .key = key};
  return p;
}

/* Rows that are noted often come first soon. */
static bool count_row(struct summary_policy *p, struct text line) {
  for (size_t i = 0; i < p->row_count; i++) {
    if (!text_equal(p->rows[i].line, line)) continue;
    p->rows[i].count++;
    if (i > 0 && p->rows[i].count > p->rows[i - 1].count) {
      struct summary_row other = p->rows[i - 1];
      p->rows[i - 1] = p->rows[i];
      p->rows[i] = other;
    }
    return true;
  }
  return false;
}

static int add_failure(struct summary_policy *p, struct text line) {
  p->failures++;
  if (count_row(p, line) || p->row_count == SUMMARY_ROWS_MAX) return 0;
  if (room_make(&p->rows, p->row_count, &p->row_space, sizeof *p->rows, 16) == -1) return -1;
  p->rows[p->row_count++] = (struct summary_row){line, 1};
  return 0;
}

static int add_line(struct summary *s, struct text line, stralloc *octets) {
  struct tlsrpt_line read;
  if (tlsrpt_read_line(&read, line, octets) == -1) return s->malformed++, 0;
  if (read.is_policy) return add_policy(s, read.key, line), 0;
  struct summary_policy *p = add_policy(s, read.key, TEXT_ABSENT);
  if (read.session.result.len) return add_failure(p, line);
  p->successes++;
  return 0;
}

/* A last line without its end is one that was cut off. */
int summary_make(struct summary *s, struct text notes) {
  stralloc octets = {0};
  struct text line;
  int r = 0;
  *s = (struct summary){0};
  while (r == 0 && text_cut(&notes, '\n', &line))
    if (notes.s) r = add_line(s, line, &octets);
  stralloc_free(&octets);
  return r;
}

void summary_free(struct summary *s) {
  for (size_t i = 0; i < s->policy_count; i++) free(s->policies[i].rows);
  *s = (struct summary){0};
}
