/* A mailbox's index, as its user could write it: the octets behind the checksum. */
#include "config.h"
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include "lib/crc32c.h"
#include "lib/fuzz.h"
#include "lib/iofd.h"
#include "lib/iowait.h"
#include "mailbox/index.h"

enum { COUNTS = 3 * sizeof(uint64_t) };

static char folder[] = "/tmp/owlpost-fuzz.XXXXXX";

static void clean_up(void) {
  char path[64];
  snprintf(path, sizeof path, "%s/" INDEX_NAME, folder);
  unlink(path);
  snprintf(path, sizeof path, "%s/tmp", folder);
  rmdir(path);
  rmdir(folder);
}

static int open_folder(void) {
  static int fd = -1;
  if (fd >= 0) return fd;
  check(mkdtemp(folder) != NULL && atexit(clean_up) == 0);
  fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  check(fd >= 0 && mkdirat(fd, "tmp", 0700) == 0);
  return fd;
}

/* How many messages, octets of names, and what is left for UIDLs, so that all of it fits. */
static void put_head(stralloc *out, struct text *rest, const struct mailbox_time *time) {
  uint64_t counts[3];
  uint32_t mark[2] = {0x01020304, 0};
  counts[0] = fuzz_choice(rest) % 8;
  counts[1] = fuzz_choice(rest);
  size_t taken = (size_t)counts[0] * 32 + (size_t)counts[1];
  counts[2] = rest->len > taken ? rest->len - taken : 0;
  check(stralloc_copyb(out, "owlindx1", 8) && stralloc_catb(out, (const char *)mark, sizeof mark) &&
        stralloc_catb(out, (const char *)counts, COUNTS) && stralloc_catb(out, (const char *)time, sizeof *time) &&
        text_cat(out, *rest) == 0);
  uint32_t crc = crc32c(0, out->s + 16, out->len - 16);
  memcpy(out->s + 12, &crc, sizeof crc);
}

static void write_index(int at, const stralloc *octets) {
  int fd = openat(at, INDEX_NAME, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  check(fd >= 0 && io_write_all(fd, octets->s, octets->len, IO_FOREVER) == 0);
  close(fd);
}

static void check_messages(const struct mailbox *m) {
  stralloc uidl = {0};
  for (size_t i = 0; i < m->count; i++) {
    const struct mailbox_message *x = &m->messages[i];
    struct text name = text_of(m->names.s + x->name_at);
    check(i == 0 || x->uid > x[-1].uid);
    check(x->base_len > 0 && x->base_len <= name.len && !memchr(name.s, '/', name.len));
    check(mailbox_uidl(m, i, &uidl) == 0);
  }
  stralloc_free(&uidl);
}

/* What was read is written, and read again. */
static void check_again(const struct mailbox *m, const struct mailbox_time *now) {
  struct mailbox again = {.folder = m->folder, .log = {.fd = -1}};
  struct sightings s = {0};
  check(index_write(m, now) == 0 && index_read(&again, now, &s) == INDEX_ALL && again.count == m->count);
  check_messages(&again);
  for (size_t i = 0; i < m->count; i++)
    check(again.messages[i].uid == m->messages[i].uid &&
          strcmp(again.names.s + again.messages[i].name_at, m->names.s + m->messages[i].name_at) == 0);
  again.folder = -1;
  mailbox_close(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t size) {
  static const struct mailbox_time time;
  struct text rest = fuzz_input(octets, size);
  struct mailbox m = {.folder = open_folder(), .log = {.fd = -1}};
  struct mailbox_time now = time;
  struct sightings s = {0};
  stralloc file = {0};
  now.log.octets = fuzz_choice(&rest) & 1;
  put_head(&file, &rest, &time);
  write_index(m.folder, &file);
  if (index_read(&m, &now, &s) == INDEX_ALL) {
    check_messages(&m);
    check_again(&m, &now);
  }
  for (size_t i = 0; i < s.count; i++) check(sightings_name(&s, i).base.len > 0);
  sightings_free(&s);
  stralloc_free(&file);
  m.folder = -1;
  mailbox_close(&m);
  return 0;
}
