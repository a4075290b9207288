#include "config.h"
#include "listen/sessions.h"
#include <limits.h>
#include <signal.h>
#include <sys/mman.h>

/* Pages behind the last row that was ever used are not there. */
struct sessions_table {
  volatile size_t used; /* up to the last row that is taken */
  struct sessions_row rows[SESSIONS_MAX];
};

int sessions_open(struct sessions *s) {
  void *table = mmap(NULL, sizeof *s->table, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (table == MAP_FAILED) return -1;
  *s = (struct sessions){.table = table};
  return 0;
}

int sessions_hide(const struct sessions *s) { return madvise(s->table, sizeof *s->table, MADV_DONTFORK); }

/* The first with that pid, or NULL. */
static struct sessions_row *find(const struct sessions *s, pid_t pid) {
  for (size_t i = 0; i < s->table->used; i++)
    if (s->table->rows[i].pid == pid) return &s->table->rows[i];
  return NULL;
}

struct sessions_row *sessions_add(struct sessions *s, const struct ip *client) {
  struct sessions_row *row = s->count < s->table->used ? find(s, 0) : NULL;
  if (!row && s->table->used == SESSIONS_MAX) return NULL;
  if (!row) row = &s->table->rows[s->table->used++];
  *row = (struct sessions_row){-1, *client};
  s->count++;
  return row;
}

/* Rows in the middle stay where they are: doorkeepers write into theirs. */
void sessions_drop(struct sessions *s, struct sessions_row *row) {
  struct sessions_table *t = s->table;
  row->pid = 0;
  s->count--;
  while (t->used && t->rows[t->used - 1].pid == 0) t->used--;
}

bool sessions_end(struct sessions *s, pid_t pid) {
  struct sessions_row *row = find(s, pid);
  if (row) sessions_drop(s, row);
  return row != NULL;
}

size_t sessions_of(const struct sessions *s, const struct ip *client) {
  const struct sessions_row *rows = s->table->rows;
  size_t n = 0;
  for (size_t i = 0; i < s->table->used; i++) n += rows[i].pid != 0 && ip_equal(&rows[i].client, client);
  return n;
}

void sessions_signal(const struct sessions *s, int signal_number) {
  for (size_t i = 0; i < s->table->used; i++)
    if (s->table->rows[i].pid > 0) kill(s->table->rows[i].pid, signal_number);
}

static int save_row(const struct sessions_row *row, stralloc *out) {
  char address[IP_TEXT_MAX];
  ip_format(&row->client, address);
  if (text_cat_uint(out, (uint64_t)row->pid) == -1) return -1;
  return stralloc_cats(out, " ") && stralloc_cats(out, address) && stralloc_cats(out, "\n") ? 0 : -1;
}

int sessions_save(const struct sessions *s, stralloc *out) {
  for (size_t i = 0; i < s->table->used; i++)
    if (s->table->rows[i].pid > 0 && save_row(&s->table->rows[i], out) == -1) return -1;
  return 0;
}

static int restore_line(struct sessions *s, struct text line) {
  struct text pid;
  struct ip client;
  uint64_t number;
  text_cut(&line, ' ', &pid);
  if (text_uint(pid, &number) == -1 || number == 0 || number > INT_MAX) return -1;
  if (!line.s || !ip_parse_literal(&client, line, true)) return -1;
  struct sessions_row *row = sessions_add(s, &client);
  if (row) row->pid = (pid_t)number;
  return row ? 0 : -1;
}

int sessions_restore(struct sessions *s, struct text lines) {
  struct text line;
  while (text_cut(&lines, '\n', &line))
    if (line.len && restore_line(s, line) == -1) return -1;
  return 0;
}

void sessions_close(struct sessions *s) {
  munmap(s->table, sizeof *s->table);
  *s = (struct sessions){0};
}
