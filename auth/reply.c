#include "config.h"
#include "auth/reply.h"

static void set(struct reply *r, enum result_class class, const char *status, const char *words) {
  r->answer = (struct credential_answer){
    .result = {.class = class, .status = text_of(status), .text = text_of(words)}};
}

void reply_right(struct reply *r, struct text user) {
  set(r, RESULT_SUCCESS, "2.7.0", "authenticated");
  if (text_copy(&r->user, user) == -1) reply_later(r);
  else r->answer.user = text_of_stralloc(&r->user);
}

void reply_wrong(struct reply *r) { set(r, RESULT_FAILURE, "5.7.8", "user or password is wrong"); }
void reply_later(struct reply *r) { set(r, RESULT_DEFERRAL, "4.7.0", "unable to check the password now"); }
void reply_busy(struct reply *r) { set(r, RESULT_DEFERRAL, "4.7.0", "too many failures, try later"); }
void reply_cannot(struct reply *r) { set(r, RESULT_FAILURE, "5.7.4", "this mechanism is not served here"); }

void reply_free(struct reply *r) {
  credential_wipe(&r->signature);
  stralloc_free(&r->user);
  stralloc_free(&r->salt);
  stralloc_free(&r->signature);
  stralloc_free(&r->pass);
  stralloc_free(&r->home);
  *r = (struct reply){0};
}
