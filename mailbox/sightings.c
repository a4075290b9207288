#include "config.h"
#include "mailbox/sightings.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "lib/room.h"

enum { FIRST_ROOM = 256 };

static int add(struct sightings *s, const char *name, bool is_new) {
  if (room_make(&s->all, s->count, &s->space, sizeof *s->all, FIRST_ROOM) == -1) return -1;
  struct sighting seen = {s->names.len, is_new};
  if (!stralloc_catb(&s->names, name, strlen(name) + 1)) return errno = ENOMEM, -1;
  s->all[s->count++] = seen;
  return 0;
}

static bool is_file(const struct dirent *e) {
  return (e->d_type == DT_REG || e->d_type == DT_UNKNOWN) && filename_is_message(e->d_name);
}

static int read_all(struct sightings *s, DIR *d, bool is_new) {
  errno = 0;
  for (struct dirent *e; (e = readdir(d)); errno = 0)
    if (is_file(e) && add(s, e->d_name, is_new) == -1) return -1;
  return errno ? -1 : 0;
}

static int read_folder(struct sightings *s, int folder, const char *name, bool is_new) {
  int fd = openat(folder, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
  DIR *d = fd == -1 ? NULL : fdopendir(fd);
  if (!d) {
    if (fd >= 0) close(fd);
    return -1;
  }
  int r = read_all(s, d, is_new);
  int saved = errno;
  closedir(d);
  errno = saved;
  return r;
}

int sightings_read(struct sightings *s, int folder) {
  return read_folder(s, folder, "new", true) == 0 ? read_folder(s, folder, "cur", false) : -1;
}

struct filename sightings_name(const struct sightings *s, size_t i) {
  struct filename f;
  filename_read(&f, text_of(s->names.s + s->all[i].name_at));
  return f;
}

void sightings_free(struct sightings *s) {
  free(s->all);
  stralloc_free(&s->names);
  *s = (struct sightings){0};
}
