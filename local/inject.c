#include "config.h"
#include "local/inject.h"
#include <errno.h>
#include "lib/injector.h"
#include "lib/injectorreply.h"
#include "lib/iofd.h"

struct sink {
  int fd;
  bool write_failed;
};

static int write_piece(void *context, struct text piece) {
  struct sink *s = context;
  if (io_write_all(s->fd, piece.s, piece.len, IO_FOREVER) == 0) return 0;
  s->write_failed = true;
  return -1;
}

/* The envelope makes the message, so it is given only after the whole body; an
 * injector that has closed its input can make none of it, and says why. */
int inject_message(struct text head, const struct body *body, const struct envelope *e, struct verdict *v) {
  struct injector injector;
  if (injector_start(&injector, e) == -1) return verdict_defer_errno(v, "unable to start the injector", "");
  struct sink sink = {injector.message_fd, false};
  int r = write_piece(&sink, head);
  if (r == 0) r = body_each(body, write_piece, &sink);
  if (r == -1 && !(sink.write_failed && errno == EPIPE)) {
    verdict_defer_errno(v, "unable to forward the message", "");
    injector_abort(&injector);
  } else {
    int code = injector_finish(&injector, e);
    struct result result = injector_explain(code, text_of_stralloc(&injector.text));
    if (code != INJECTOR_OK)
      r = verdict_copy(v, &result);
    else if (r == -1)
      verdict_defer(v, "4.3.0", "the injector did not read the whole message", "");
  }
  injector_free(&injector);
  return r;
}
