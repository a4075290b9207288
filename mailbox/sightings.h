/* sightings.h - which files were seen in new/ and cur/
 *
 * While a folder is read others rename files in it, and one that is can be seen
 * twice or not at all.  Of one base the last sighting counts: new/ is read
 * before cur/, the way that files go.
 */
#ifndef OWL_MAILBOX_SIGHTINGS_H
#define OWL_MAILBOX_SIGHTINGS_H

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

/* sightings_read(): adds what new/ and cur/ of a Maildir have; both must be
 * there.  *is_whole: nobody changed anything meanwhile, or shortly before, so that
 * no file was missed.  0, or -1 with errno. */
int sightings_read(struct sightings *s, int folder, bool *is_whole);

/* sightings_holds(): whether the file is still there. */
bool sightings_holds(const struct sightings *s, size_t i, int folder);

struct filename sightings_name(const struct sightings *s, size_t i);

void sightings_free(struct sightings *s);

#endif
