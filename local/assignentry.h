/* assignentry.h - what users/assign and users/cdb say of an address */
#ifndef OWL_LOCAL_ASSIGNENTRY_H
#define OWL_LOCAL_ASSIGNENTRY_H

#include <stdint.h>
#include "lib/text.h"

enum assign_field {
  ASSIGN_USER,
  ASSIGN_UID,
  ASSIGN_GID,
  ASSIGN_HOME,
  ASSIGN_DASH,
  ASSIGN_EXT,
  ASSIGN_FIELDS
};

/* assignentry_check(): NULL when mail may be delivered by these fields, or what
 * is wrong with them.  Never for uid 0, nor for the greatest uid and gid of
 * their type, which to the kernel mean "leave it as it is". */
const char *assignentry_check(const struct text fields[ASSIGN_FIELDS], uint64_t *uid, uint64_t *gid);

#endif
