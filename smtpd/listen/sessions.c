#include "config.h"
#include "smtpd/listen/sessions.h"
#include <limits.h>
#include <signal.h>
#include <stdlib.h>

enum { FIRST_ROOM = 64 };

static int make_room(struct sessions *s) {
  size_t room = s->room ? 2 * s->room : FIRST_ROOM;
  if (s->count < s->room) return 0;
  struct sessions_row *rows = reallocarray(s->rows, room, sizeof *rows);
  if (!rows) return -1;
  s->rows = rows;
  s->room = room;
  return 0;
}

int sessions_add(struct sessions *s, pid_t pid, const struct ip *client) {
  if (make_room(s) == -1) return -1;
  s->rows[s->count++] = (struct sessions_row){pid, *client};
  return 0;
}

bool sessions_end(struct sessions *s, pid_t pid) {
  for (size_t i = 0; i < s->count; i++) {
    if (s->rows[i].pid != pid) continue;
    s->rows[i] = s->rows[--s->count];
    return true;
  }
  return false;
}

size_t sessions_of(const struct sessions *s, const struct ip *client) {
  size_t n = 0;
  for (size_t i = 0; i < s->count; i++) n += ip_equal(&s->rows[i].client, client);
  return n;
}

void sessions_signal(const struct sessions *s, int signal_number) {
  for (size_t i = 0; i < s->count; i++) kill(s->rows[i].pid, signal_number);
}

int sessions_save(const struct sessions *s, stralloc *out) {
  for (size_t i = 0; i < s->count; i++) {
    char address[IP_TEXT_MAX];
    ip_format(&s->rows[i].client, address);
    if (text_cat_uint(out, (uint64_t)s->rows[i].pid) == -1) return -1;
    if (!stralloc_cats(out, " ") || !stralloc_cats(out, address) || !stralloc_cats(out, "\n")) return -1;
  }
  return 0;
}

static int restore_line(struct sessions *s, struct text line) {
  struct text pid;
  struct ip client;
  uint64_t number;
  text_cut(&line, ' ', &pid);
  if (text_uint(pid, &number) == -1 || number == 0 || number > INT_MAX) return -1;
  if (!line.s || !ip_parse_literal(&client, line, true)) return -1;
  return sessions_add(s, (pid_t)number, &client);
}

int sessions_restore(struct sessions *s, struct text lines) {
  struct text line;
  while (text_cut(&lines, '\n', &line))
    if (line.len && restore_line(s, line) == -1) return -1;
  return 0;
}

void sessions_free(struct sessions *s) {
  free(s->rows);
  *s = (struct sessions){0};
}
