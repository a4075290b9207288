/* The head of a connection: what is decided from more octets is decided no
 * otherwise than from as many as were needed. */
#include "config.h"
#include <stdlib.h>
#include "smtpd/talker/proxy.h"

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t size) {
  struct proxy whole, p;
  const char *in = (const char *)octets;
  enum proxy_status s = PROXY_MORE, all = proxy_parse(&whole, (struct text){in, size});
  size_t n = 0;
  while (s == PROXY_MORE && n < size) s = proxy_parse(&p, (struct text){in, ++n});
  if (size && s != all) abort();
  if (s == PROXY_MORE && size >= PROXY_HEAD_MAX) abort();
  if (s == PROXY_OK && (n > PROXY_HEAD_MAX || p.octets < n || p.octets != whole.octets)) abort();
  if (s == PROXY_OK && p.named && (!ip_equal(&p.remote, &whole.remote) || p.remote_port > 65535)) abort();
  return 0;
}
