/* sightings.h - which files were seen in new/ and cur/
 *
 * While a folder is read others rename files in it, and one that is can be seen
 * twice or not at all.  Of one base the last sighting counts: new/ is read
 * before cur/, the way that files go.  A reading that can have missed nobody
 * takes the place of those before it.
 */
#ifndef OWL_MAILBOX_SIGHTINGS_H
#define OWL_MAILBOX_SIGHTINGS_H

#include <time.h>
#include "lib/owfat.h"
#include "mailbox/filename.h"

struct sighting {
  size_t name_at; /* in names, NUL-terminated */
  bool is_new;
};

struct sightings { /* zeroed at first */
  struct sighting *all;
  size_t count, space;
  stralloc names;
};

/* When a folder was last changed: its files' names, and anything about it. */
struct folder_time {
  struct timespec names, status;
};

struct folder_times {
  struct folder_time of_new, of_cur;
};

/* sightings_times(): as they are now.  0, or -1 with errno. */
int sightings_times(int folder, struct folder_times *t);
bool folder_time_equal(const struct folder_time *a, const struct folder_time *b);
bool folder_times_equal(const struct folder_times *a, const struct folder_times *b);

/* folder_times_are_past(): a change at now_us, wall clock, gives another time.  File systems tell
 * the time in steps: two changes in one step look like one. */
bool folder_times_are_past(const struct folder_times *t, uint64_t now_us);

/* sightings_read(): adds what new/ and cur/ of a Maildir have; both must be
 * there.  *is_whole: nobody changed anything meanwhile, or shortly before, so that
 * no file was missed, and who finds the same times later would see the same.
 * 0, or -1 with errno.
 *
 * sightings_read_new(): the same, where what cur/ has was added before, as it was
 * at cur's time.  If it has changed since, cur/ is read too. */
int sightings_read(struct sightings *s, int folder, struct folder_times *when, bool *is_whole);
int sightings_read_new(struct sightings *s, int folder, const struct folder_time *cur, struct folder_times *when,
                       bool *is_whole);

/* sightings_add(): 0, or -1 without memory. */
int sightings_add(struct sightings *s, struct text name, bool is_new);

/* sightings_holds(): whether the file is still there. */
bool sightings_holds(const struct sightings *s, size_t i, int folder);

struct filename sightings_name(const struct sightings *s, size_t i);

void sightings_free(struct sightings *s);

#endif
