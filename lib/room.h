/* room.h - room for one more in an array that grows
 *
 * room_make(): items is the address of the pointer to the array, which has
 * count items of so many octets and room for *space; *items NULL: for none.
 * When it is full its room doubles, from first on, and it may move.  0, or -1
 * with errno ENOMEM: then it is as it was.
 */
#ifndef OWL_ROOM_H
#define OWL_ROOM_H

#include <stddef.h>

int room_make(void *items, size_t count, size_t *space, size_t octets, size_t first);

#endif
