#include "config.h"
#include "queue/simulate/recording.h"
#include <stdlib.h>
#include <string.h>
#include "lib/room.h"

enum { STAMP_WORDS_MAX = 8, FIRST_ROOM = 256 };

/* ---- arrays that grow */

static int add_message(struct recording *r, const struct recorded *m) {
  if (room_make(&r->messages, r->count, &r->space, sizeof *r->messages, FIRST_ROOM) == -1) return -1;
  r->messages[r->count++] = *m;
  return 0;
}

static int add_recipient(struct recording *r, uint64_t message, struct text address) {
  if (room_make(&r->recipients, r->recipient_count, &r->recipient_space, sizeof *r->recipients, FIRST_ROOM) == -1) return -1;
  r->recipients[r->recipient_count++] = (struct recorded_recipient){message, address};
  return 0;
}

static int add_pid(struct recording *r, uint64_t pid) {
  for (size_t i = 0; i < r->own_count; i++)
    if (r->own_pids[i] == pid) return 0;
  if (room_make(&r->own_pids, r->own_count, &r->own_space, sizeof *r->own_pids, FIRST_ROOM) == -1) return -1;
  r->own_pids[r->own_count++] = pid;
  return 0;
}

/* ---- lines */

static bool take(struct text *line, const char *literal) {
  size_t len = strlen(literal);
  if (line->len < len || memcmp(line->s, literal, len) != 0) return false;
  line->s += len;
  line->len -= len;
  return true;
}

/* A number and what must follow it. */
static bool take_number(struct text *line, uint64_t *number, const char *then) {
  size_t len = 0;
  while (len < line->len && line->s[len] >= '0' && line->s[len] <= '9') len++;
  if (text_uint((struct text){line->s, len}, number) == -1) return false;
  line->s += len;
  line->len -= len;
  return take(line, then);
}

static bool take_word(struct text *line) {
  const char *blank = line->len ? memchr(line->s, ' ', line->len) : NULL;
  if (!blank) return false;
  line->len -= (size_t)(blank - line->s) + 1;
  line->s = blank + 1;
  return true;
}

/* "N: bytes B from <S> qp Q uid U".  A sender can hold anything: what is behind
 * him counts from the end. */
static int take_info(struct recording *r, struct text line) {
  struct recorded m = {0};
  uint64_t pid;
  if (!take_number(&line, &m.arrival_us, ": bytes ") || !take_number(&line, &m.size, " from <")) return 0;
  for (size_t len = line.len; len-- > 0;) {
    struct text end = {line.s + len, line.len - len};
    if (!take(&end, "> qp ") || !take_number(&end, &pid, " uid ")) continue;
    m.sender = (struct text){line.s, len};
    m.first = pid; /* until recipients are counted */
    return add_message(r, &m);
  }
  return 0;
}

/* "D: msg N to local|remote R" */
static int take_start(struct recording *r, struct text line) {
  uint64_t delivery, message;
  if (!take_number(&line, &delivery, ": msg ") || !take_number(&line, &message, " to ") || !take_word(&line)) return 0;
  return line.len ? add_recipient(r, message, line) : 0;
}

/* "N qp Q" */
static int take_bounce(struct recording *r, struct text line) {
  uint64_t message, pid;
  return take_number(&line, &message, " qp ") && text_uint(line, &pid) == 0 ? add_pid(r, pid) : 0;
}

/* Words of a time-stamp, and of what syslog puts before a line, are passed
 * over; what follows the first words of ours cannot begin another line. */
static int take_line(struct recording *r, struct text line) {
  for (int i = 0; i <= STAMP_WORDS_MAX; i++) {
    if (take(&line, "info msg ")) return take_info(r, line);
    if (take(&line, "starting delivery ")) return take_start(r, line);
    if (take(&line, "bounce msg ")) return take_bounce(r, line);
    if (take(&line, "delivery ") || take(&line, "status: ") || take(&line, "alarm: ") || !take_word(&line)) return 0;
  }
  return 0;
}

static int take_lines(struct recording *r) {
  for (struct text rest = text_of_stralloc(&r->octets); rest.len;) {
    const char *newline = memchr(rest.s, '\n', rest.len);
    size_t len = newline ? (size_t)(newline - rest.s) : rest.len;
    if (take_line(r, (struct text){rest.s, len}) == -1) return -1;
    if (newline) len++;
    rest.s += len;
    rest.len -= len;
  }
  return 0;
}

/* ---- from lines to messages */

static int compare_messages(const void *a, const void *b) {
  const struct recorded *x = a, *y = b;
  return (x->arrival_us > y->arrival_us) - (x->arrival_us < y->arrival_us);
}

static int compare_recipients(const void *a, const void *b) {
  const struct recorded_recipient *x = a, *y = b;
  if (x->message != y->message) return x->message > y->message ? 1 : -1;
  size_t len = x->address.len < y->address.len ? x->address.len : y->address.len;
  int r = memcmp(x->address.s, y->address.s, len);
  return r ? r : (x->address.len > y->address.len) - (x->address.len < y->address.len);
}

/* Each recipient was tried once or often. */
static void sort_recipients(struct recording *r) {
  size_t kept = 0;
  if (r->recipient_count) qsort(r->recipients, r->recipient_count, sizeof *r->recipients, compare_recipients);
  for (size_t i = 0; i < r->recipient_count; i++)
    if (!kept || compare_recipients(&r->recipients[kept - 1], &r->recipients[i]) != 0)
      r->recipients[kept++] = r->recipients[i];
  r->recipient_count = kept;
}

static bool is_our_dsn(const struct recording *r, const struct recorded *m) {
  if (m->sender.len && !text_equals(m->sender, "#@[]")) return false;
  for (size_t i = 0; i < r->own_count; i++)
    if (r->own_pids[i] == m->first) return true;
  return false;
}

/* Both are in order; a message can be named again after a restart. */
static void join(struct recording *r) {
  size_t kept = 0, at = 0;
  if (r->count) qsort(r->messages, r->count, sizeof *r->messages, compare_messages);
  for (size_t i = 0; i < r->count; i++) {
    struct recorded m = r->messages[i];
    if ((i && r->messages[i - 1].arrival_us == m.arrival_us) || is_our_dsn(r, &m)) continue;
    while (at < r->recipient_count && r->recipients[at].message < m.arrival_us) at++;
    for (m.first = at; at < r->recipient_count && r->recipients[at].message == m.arrival_us; at++) m.count++;
    if (m.count == 0) r->incomplete++;
    else r->messages[kept++] = m;
  }
  r->count = kept;
}

int recording_read(struct recording *r, stralloc *octets) {
  *r = (struct recording){.octets = *octets};
  *octets = (stralloc){0};
  if (take_lines(r) == -1) return -1;
  sort_recipients(r);
  join(r);
  return 0;
}

void recording_free(struct recording *r) {
  stralloc_free(&r->octets);
  free(r->messages);
  free(r->recipients);
  free(r->own_pids);
  *r = (struct recording){0};
}
