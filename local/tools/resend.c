#include "config.h"
#include "local/tools/resend.h"
#include <signal.h>
#include <stdlib.h>
#include "lib/address.h"
#include "lib/exitcode.h"
#include "lib/log.h"
#include "local/inject.h"
#include "local/tools/complaint.h"
#include "local/tools/input.h"

static int fail(const struct resend *r, const char *ours, const char *theirs) {
  complain(r->program, ours, text_of(theirs));
  return DELIVERY_FAILURE;
}

static int no_memory(const struct resend *r) {
  complain(r->program, "out of memory", TEXT_ABSENT);
  return DELIVERY_DEFERRAL;
}

static bool is_fit(struct text address) {
  return address.len <= ENVELOPE_ADDRESS_MAX && address_is_clean(address);
}

/* The domain of the mailbox whose mail this is; without it nothing is lost but
 * that (lib/srsrules.h). */
static struct text forwarder(void) {
  struct text host = text_of(getenv("HOST"));
  return host.len <= RESULT_HOST_MAX && address_is_clean(host) ? host : TEXT_ABSENT;
}

static int make_envelope(const struct resend *r, struct envelope *e) {
  const char *sender = getenv(r->sender);
  if (!sender) return fail(r, r->sender, " not set");
  if (!is_fit(text_of(sender))) return fail(r, "malformed sender: ", sender);
  e->sender = text_of(sender);
  e->forwarder = forwarder();
  for (char *const *a = r->recipients; *a; a++) {
    if (!**a || !is_fit(text_of(*a))) return fail(r, "malformed address: ", *a);
    struct envelope_recipient *added = envelope_add(e);
    if (!added) return no_memory(r);
    added->address = text_of(*a);
  }
  return 0;
}

/* One field, and whole lines of it: nothing else may get into the header. */
static int make_line(const struct resend *r, stralloc *line) {
  const char *given = getenv("DTLINE");
  if (!given) return fail(r, "DTLINE not set", "");
  struct text t = text_of(given);
  if (t.len && t.s[t.len - 1] == '\n') t.len--;
  if (t.len == 0 || !text_is_clean(t)) return fail(r, "malformed DTLINE: ", given);
  return text_cat(line, t) == 0 && stralloc_cats(line, "\n") ? 0 : no_memory(r);
}

static int inject(const struct resend *r, struct text line, const struct envelope *e) {
  struct verdict v = {0};
  struct body body;
  int code = DELIVERY_OK;
  signal(SIGPIPE, SIG_IGN);
  if (input_settle() == -1 || input_body(&body) == -1) {
    complain_errno(r->program, "unable to read message", "");
    return DELIVERY_DEFERRAL;
  }
  if (inject_message(line, &body, e, &v) == -1) {
    complain(r->program, "unable to forward message: ", text_of_stralloc(&v.text));
    code = v.class == RESULT_FAILURE ? DELIVERY_FAILURE : DELIVERY_DEFERRAL;
  }
  verdict_free(&v);
  return code;
}

static void tell(const struct resend *r) {
  struct log l = {2, {0}};
  log_s(&l, r->program);
  log_s(&l, ": the message is queued");
  log_end(&l);
  stralloc_free(&l.line);
}

int resend(const struct resend *r) {
  struct envelope e = {0};
  stralloc line = {0};
  int code = make_envelope(r, &e);
  if (code == 0) code = make_line(r, &line);
  if (code == 0) code = inject(r, text_of_stralloc(&line), &e);
  if (code == 0) tell(r);
  stralloc_free(&line);
  envelope_free(&e);
  return code;
}
