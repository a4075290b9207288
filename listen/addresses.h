/* addresses.h - where to listen */
#ifndef OWL_ADDRESSES_H
#define OWL_ADDRESSES_H

#include "listen/sockets.h"

/* addresses_bind(): up to the NULL, or those that the service's control file names.  0, or -1: the log
 * has said why. */
int addresses_bind(struct sockets *s, char **addresses);

/* addresses_check(): those of the control file are addresses; there need be none. */
int addresses_check(void);

#endif
