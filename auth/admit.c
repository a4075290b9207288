#include "config.h"
#include "auth/admit.h"
#include "lib/clock.h"

enum { SECOND_US = 1000000 };

void admit(struct reply *r, const uint8_t *key, const struct credential_request *q) {
  bool is_in = r->answer.result.class == RESULT_SUCCESS && r->answer.user.len;
  if (!key || !is_in || !pass_service(q->service)) return;
  struct pass p = {
    .user = r->answer.user,
    .service = q->service,
    .client_address = q->client_address,
    .expires_us = clock_boot_us(&clock_system) + (uint64_t)PASS_LIFE_S * SECOND_US,
    .has_account = r->has_account,
    .uid = r->uid,
    .gid = r->gid,
    .home = text_of_stralloc(&r->home),
  };
  stralloc_zero(&r->pass);
  if (pass_seal(&r->pass, key, &p) == 0) r->answer.pass = text_of_stralloc(&r->pass);
  else reply_later(r);
}
