/* input.h - the message on descriptor 0, as often as it is needed
 *
 * The message is what a seekable file has from its beginning, or what a pipe
 * brings.
 */
#ifndef OWL_LOCAL_TOOLS_INPUT_H
#define OWL_LOCAL_TOOLS_INPUT_H

#include "local/body.h"

/* input_settle(): puts an unlinked copy on descriptor 0 where that cannot be
 * rewound.  0, or -1 with errno. */
int input_settle(void);

/* input_body(): all of descriptor 0, which must be settled.  0, or -1 with
 * errno. */
int input_body(struct body *body);

#endif
