/* auth.h - AUTH (RFC 5034): SASL's messages between client and doorkeeper, and the log-in's end */
#ifndef OWL_POPUP_AUTH_H
#define OWL_POPUP_AUTH_H

#include "pop3d/popup/command.h"

/* popup_begin_auth(): initial: in base64, absent: none. */
enum popup_next popup_begin_auth(struct popup *p, enum sasl_mechanism m, struct text initial);

/* popup_open(): for who has logged in. */
enum popup_next popup_open(struct popup *p);

#endif
