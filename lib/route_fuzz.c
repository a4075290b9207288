/* Eight texts, each ended by a NUL: address, locals, virtualdomains,
 * percenthack, smtproutes, lmtproutes, senderroutes, sender. */
#include "config.h"
#include "lib/route.h"
#include <errno.h>
#include <string.h>
#include "lib/address.h"
#include "lib/fuzz.h"

static struct text next(struct text *input) {
  const char *end = input->len ? memchr(input->s, 0, input->len) : NULL;
  size_t len = end ? (size_t)(end - input->s) : input->len;
  struct text part = {input->s, len};
  size_t taken = end ? len + 1 : len;
  *input = (struct text){input->s + taken, input->len - taken};
  return part;
}

/* Every line is found by its own key. */
static void check_list(const struct list *l) {
  for (size_t i = 0; i < l->count; i++) check(list_find(l, l->lines[i].key) == &l->lines[i]);
}

/* The domain, or its other form. */
static bool is_form_of(struct text host, struct text domain) {
  return text_equal(host, domain) || (!text_is_ascii(domain) && text_is_ascii(host));
}

static void check_route(const struct route_table *t, struct text address, struct text sender) {
  struct route r = {0};
  if (route_find(t, sender, address, &r) == -1) check(errno == EINVAL);
  else {
    struct text local, domain;
    check(address_split(text_of_stralloc(&r.address), &local, &domain));
    if (r.protocol == PROTOCOL_LMTP) check(r.port ? r.host.len > 0 : target_is_path(text_of_stralloc(&r.host)));
    else if (r.channel == CHANNEL_REMOTE) check(r.port >= 1);
    check(r.port <= 65535);
    if (r.use_mx) check(is_form_of(text_of_stralloc(&r.host), domain));
  }
  route_free(&r);
}

/* What the parser takes is written and read as the same again. */
static void check_path(struct text path) {
  stralloc address = {0}, written = {0}, again = {0};
  if (path.len && address_parse_path(&path, &address) == ADDRESS_OK) {
    check(address_is_clean(text_of_stralloc(&address)));
    check(stralloc_cats(&written, "<") && address_cat(&written, text_of_stralloc(&address)) == 0);
    check(stralloc_cats(&written, ">"));
    struct text t = text_of_stralloc(&written);
    check(address_parse_path(&t, &again) == ADDRESS_OK && t.len == 0);
    check(text_equal(text_of_stralloc(&again), text_of_stralloc(&address)));
  }
  stralloc_free(&address);
  stralloc_free(&written);
  stralloc_free(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t size) {
  struct text input = fuzz_input(octets, size), address = next(&input);
  struct route_table t = {0};
  check(stralloc_copys(&t.envnoathost, "no.at"));
  check(list_parse(&t.locals, next(&input)) == 0);
  check(list_parse_map(&t.virtualdomains, next(&input)) == 0);
  check(list_parse(&t.percenthack, next(&input)) == 0);
  check(list_parse_map(&t.smtproutes, next(&input)) == 0);
  check(list_parse_map(&t.lmtproutes, next(&input)) == 0);
  check(list_parse_map(&t.senderroutes, next(&input)) == 0);
  check_list(&t.locals);
  check_list(&t.virtualdomains);
  check_route(&t, address, next(&input));
  check_path(address);
  route_unload(&t);
  return 0;
}
