/* injectorreply.h - what the exit code of an injector means to who sent the message */
#ifndef OWL_INJECTORREPLY_H
#define OWL_INJECTORREPLY_H

#include "lib/result.h"

/* injector_explain(): the SMTP reply for an exit code: class, reply_code,
 * status and text.  custom is the refusal's own text or absent.  With 82 and 88
 * its first letter counts: D is permanent, Z temporary, and both are taken off. */
struct result injector_explain(int code, struct text custom);

#endif
