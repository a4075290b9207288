#include "config.h"
#include "lib/cdbfile.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include "lib/iofd.h"
#include "lib/room.h"

enum { TABLES = 256, HEADER_OCTETS = TABLES * 8, PENDING_OCTETS = 65536 };

struct cdbfile_slot {
  uint32_t hash, position; /* position 0: empty, as no entry lies in the header */
};

static const unsigned char *octets(struct text t) { return (const unsigned char *)(t.s ? t.s : ""); }

int cdbfile_open(struct cdbfile *c, const char *path) {
  struct stat st;
  c->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (c->fd == -1) return errno == ENOENT ? 0 : -1;
  int r = fstat(c->fd, &st);
  if (r == 0 && !S_ISREG(st.st_mode)) r = -1, errno = EINVAL;
  if (r == -1) {
    int saved = errno;
    close(c->fd);
    errno = saved;
    return -1;
  }
  cdb_init(&c->cdb, c->fd);
  return 1;
}

int cdbfile_find(struct cdbfile *c, struct text key, stralloc *out) {
  int r = cdb_find(&c->cdb, octets(key), key.len);
  if (r != 1) return r;
  uint32_t len = cdb_datalen(&c->cdb);
  errno = ENOMEM;
  if (!stralloc_ready(out, (size_t)len + 1)) return -1;
  if (cdb_read(&c->cdb, (unsigned char *)out->s, len, cdb_datapos(&c->cdb)) == -1) return -1;
  out->len = len;
  return 1;
}

void cdbfile_close(struct cdbfile *c) {
  cdb_free(&c->cdb);
  close(c->fd);
}

int cdbfile_make(struct cdbfile_maker *m, const char *path) {
  *m = (struct cdbfile_maker){.fd = -1, .size = HEADER_OCTETS};
  errno = ENOMEM;
  if (!stralloc_copys(&m->path, path) || !stralloc_0(&m->path)) return -1;
  if (!stralloc_copys(&m->temporary, path) || !stralloc_cats(&m->temporary, ".XXXXXX") ||
      !stralloc_0(&m->temporary))
    return -1;
  m->fd = mkostemp(m->temporary.s, O_CLOEXEC);
  if (m->fd == -1) return -1;
  return lseek(m->fd, HEADER_OCTETS, SEEK_SET) == -1 ? -1 : 0;
}

static int flush(struct cdbfile_maker *m) {
  int r = io_write_all(m->fd, m->pending.s, m->pending.len, IO_FOREVER);
  stralloc_zero(&m->pending);
  return r;
}

static int put(struct cdbfile_maker *m, struct text t) {
  if (text_cat(&m->pending, t) == -1) return errno = ENOMEM, -1;
  return m->pending.len < PENDING_OCTETS ? 0 : flush(m);
}

static void pack(char to[8], uint64_t first, uint64_t second) {
  for (unsigned i = 0; i < 4; i++) {
    to[i] = (char)(first >> 8 * i & 255);
    to[4 + i] = (char)(second >> 8 * i & 255);
  }
}

static int put_numbers(struct cdbfile_maker *m, uint64_t first, uint64_t second) {
  char both[8];
  pack(both, first, second);
  return put(m, (struct text){both, sizeof both});
}

static int note(struct cdbfile_maker *m, struct text key) {
  if (room_make(&m->slots, m->count, &m->space, sizeof *m->slots, 64) == -1) return -1;
  m->slots[m->count++] = (struct cdbfile_slot){cdb_hash(octets(key), key.len), (uint32_t)m->size};
  return 0;
}

/* Entries and the tables behind them: two slots for each entry. */
static bool has_room(const struct cdbfile_maker *m, uint64_t more) {
  return m->size + more + 16 * ((uint64_t)m->count + 1) <= UINT32_MAX;
}

int cdbfile_add(struct cdbfile_maker *m, struct text key, struct text data) {
  uint64_t more = 8 + (uint64_t)key.len + data.len;
  if (!has_room(m, more)) return errno = EFBIG, -1;
  if (note(m, key) == -1 || put_numbers(m, key.len, data.len) == -1) return -1;
  if (put(m, key) == -1 || put(m, data) == -1) return -1;
  m->size += more;
  return 0;
}

static size_t table_of(struct cdbfile_slot s) { return s.hash % TABLES; }

static int compare(const void *a, const void *b) {
  const struct cdbfile_slot *x = a, *y = b;
  if (table_of(*x) != table_of(*y)) return table_of(*x) < table_of(*y) ? -1 : 1;
  return x->position < y->position ? -1 : 1; /* the first of a key is to be found first */
}

static int put_table(struct cdbfile_maker *m, const struct cdbfile_slot *slots, size_t count) {
  size_t len = 2 * count;
  struct cdbfile_slot *table = calloc(len + 1, sizeof *table);
  int r = table ? 0 : -1;
  for (size_t i = 0; r == 0 && i < count; i++) {
    size_t at = slots[i].hash / TABLES % len;
    while (table[at].position) at = (at + 1) % len;
    table[at] = slots[i];
  }
  for (size_t i = 0; r == 0 && i < len; i++) r = put_numbers(m, table[i].hash, table[i].position);
  free(table);
  return r;
}

static int put_tables(struct cdbfile_maker *m, char header[HEADER_OCTETS]) {
  size_t first = 0;
  uint64_t at = m->size;
  if (m->count) qsort(m->slots, m->count, sizeof *m->slots, compare);
  for (size_t t = 0; t < TABLES; t++) {
    size_t end = first;
    while (end < m->count && table_of(m->slots[end]) == t) end++;
    pack(header + 8 * t, at, 2 * (uint64_t)(end - first));
    if (end > first && put_table(m, m->slots + first, end - first) == -1) return -1;
    at += 16 * (uint64_t)(end - first);
    first = end;
  }
  return 0;
}

static int write_header(struct cdbfile_maker *m, const char header[HEADER_OCTETS]) {
  if (lseek(m->fd, 0, SEEK_SET) == -1) return -1;
  return io_write_all(m->fd, header, HEADER_OCTETS, IO_FOREVER);
}

int cdbfile_commit(struct cdbfile_maker *m, unsigned mode) {
  char header[HEADER_OCTETS];
  if (put_tables(m, header) == -1 || flush(m) == -1 || write_header(m, header) == -1) return -1;
  if (fchmod(m->fd, mode) == -1 || fsync(m->fd) == -1) return -1;
  if (rename(m->temporary.s, m->path.s) == -1) return -1;
  close(m->fd);
  m->fd = -1;
  return io_sync_above(m->path.s);
}

int cdbfile_write(const char *path, unsigned mode, cdbfile_add_all *add, const void *context) {
  struct cdbfile_maker m;
  int r = cdbfile_make(&m, path);
  if (r == 0) r = add(&m, context);
  if (r == 0) r = cdbfile_commit(&m, mode);
  cdbfile_abandon(&m);
  return r;
}

void cdbfile_abandon(struct cdbfile_maker *m) {
  int saved = errno;
  if (m->fd >= 0) {
    close(m->fd);
    unlink(m->temporary.s);
  }
  free(m->slots);
  stralloc_free(&m->path);
  stralloc_free(&m->temporary);
  stralloc_free(&m->pending);
  *m = (struct cdbfile_maker){.fd = -1};
  errno = saved;
}
