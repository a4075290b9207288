/* foreign.h - lines of a protocol that is not SMTP
 *
 * A browser that was made to post a form to the port of SMTP would have the
 * form's lines run as commands.  Lines are hostile.
 */
#ifndef OWL_FOREIGN_H
#define OWL_FOREIGN_H

#include "lib/text.h"

/* foreign_is_http(): an HTTP/1 request (RFC 9112 3), or its Host field. */
bool foreign_is_http(struct text line);

#endif
