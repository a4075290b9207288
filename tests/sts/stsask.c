/* stsask - what stspolicy_find() says of a domain, for tests/system
 *
 * usage: stsask REMOTEDIR TIMEOUTSTS DOMAIN [HOST...]
 *
 * Prints lines NAME=VALUE: mode, source, result, problem, patterns, and for each host
 * allows HOST=1 or 0. */
#include "config.h"
#include <stdio.h>
#include <stdlib.h>
#include "remote/stspolicy.h"

static const char *source_name(enum stspolicy_source s) {
  switch (s) {
    case STSPOLICY_ABSENT: return "absent";
    case STSPOLICY_CACHED: return "cached";
    case STSPOLICY_FETCHED: return "fetched";
    case STSPOLICY_KEPT: return "kept";
    case STSPOLICY_FAILED: return "failed";
  }
  return "";
}

int main(int argc, char **argv) {
  static struct stspolicy p;
  if (argc < 4) return 100;
  struct stspolicy_settings s = {argv[1], 2, (unsigned)strtoul(argv[2], NULL, 10), &clock_system};
  stspolicy_find(&p, text_of(argv[3]), &s);
  printf("mode=%s\nsource=%s\nresult=%s\nproblem=%s\npatterns=%zu\n", sts_mode_name(p.mode), source_name(p.source),
         p.result, p.problem, p.policy.mx_count);
  for (int i = 4; i < argc; i++) printf("allows %s=%d\n", argv[i], stspolicy_allows(&p, text_of(argv[i])));
  return 0;
}
