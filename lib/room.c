#include "config.h"
#include "lib/room.h"
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* The pointer is copied, as its own type is not known here. */
int room_make(void *items, size_t count, size_t *space, size_t octets, size_t first) {
  void *array;
  if (count < *space) return 0;
  size_t more = *space ? *space * 2 : first;
  if (more > PTRDIFF_MAX / octets) return errno = ENOMEM, -1;
  memcpy(&array, items, sizeof array);
  array = reallocarray(array, more, octets);
  if (!array) return -1;
  memcpy(items, &array, sizeof array);
  *space = more;
  return 0;
}
