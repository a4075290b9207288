/* claim.h - of all who hold a memory file, one may use what it says once
 *
 * The mark is the file's last seal: it stays when its holder ends, and only
 * one can set it.  The file must allow seals (MFD_ALLOW_SEALING).
 */
#ifndef OWL_CLAIM_H
#define OWL_CLAIM_H

#include <stdbool.h>

/* claim_take(): true for the first caller; false for all others, and where fd
 * cannot be marked. */
bool claim_take(int fd);

bool claim_is_taken(int fd);

#endif
