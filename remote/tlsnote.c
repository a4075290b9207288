#include "config.h"
#include "remote/tlsnote.h"
#include <sys/socket.h>
#include "lib/clock.h"
#include "remote/tlsrpt.h"

static bool put_tlsa(stralloc *to, const struct tlscase *c) {
  for (unsigned i = 0; i < c->tlsa.count; i++)
    if ((i && !stralloc_cats(to, "\n")) || !stralloc_cats(to, c->tlsa.lines[i])) return false;
  return true;
}

/* The one that was applied: DANE wins. */
static void put_policy(struct tlsrpt_session *s, stralloc *space, const struct tlscase *c) {
  if (c->facts.tlsa != TLSA_ABSENT) {
    s->policy = TLSRPT_TLSA;
    if (put_tlsa(space, c)) s->policy_lines = text_of_stralloc(space);
  } else if (c->facts.sts != STS_NONE || c->sts->source == STSPOLICY_FAILED) {
    s->policy = TLSRPT_STS;
    s->policy_lines = (struct text){c->sts->policy.text, c->sts->policy.len};
  }
}

static void put_own_address(char to[IP_TEXT_MAX], int fd) {
  struct sockaddr_storage a;
  socklen_t len = sizeof a;
  struct ip ip;
  to[0] = 0;
  if (fd >= 0 && getsockname(fd, (struct sockaddr *)&a, &len) == 0 && ip_from_sockaddr(&ip, (struct sockaddr *)&a))
    ip_format(&ip, to);
}

void tlsnote_session(const struct tlscase *c, const struct walk *w, const struct walk_target *t, int fd,
                     struct text helo, const char *result, const char *why) {
  struct tlsrpt_session s = {.domain = w->destination->host, .mx = t->host, .helo = helo, .result = text_of(result), .code = text_of(why)};
  char address[IP_TEXT_MAX], own[IP_TEXT_MAX];
  stralloc lines = {0};
  /* such messages bring reports, of which there shall be none (RFC 8460 5.3) */
  if (c->facts.tls_optional || c->facts.level == LEVEL_NONE || !w->settings->notes_tls) return;
  ip_format(&t->ip, address);
  put_own_address(own, fd);
  s.receiving_ip = text_of(address);
  s.sending_ip = text_of(own);
  put_policy(&s, &lines, c);
  (void)tlsrpt_note(w->settings->sts.remotedir, &s, &clock_system);
  stralloc_free(&lines);
}
