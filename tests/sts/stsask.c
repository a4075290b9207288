/* stsask - what stspolicy_find() says of a domain, for tests/system; and notes
 * for TLS reports
 *
 * usage: stsask REMOTEDIR TIMEOUTSTS DOMAIN [HOST...]
 *        stsask REMOTEDIR note SECONDS COUNT DOMAIN none|tlsa|sts LINES RESULT MX
 *
 * The second notes COUNT sessions at that time of the wall clock.
 * Prints lines NAME=VALUE: mode, source, result, problem, patterns, and for each host
 * allows HOST=1 or 0. */
#include "config.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "remote/stspolicy.h"
#include "remote/tlsrpt.h"

static const char *source_name(enum stspolicy_source s) {
  switch (s) {
    case STSPOLICY_ABSENT: return "absent";
    case STSPOLICY_CACHED: return "cached";
    case STSPOLICY_FETCHED: return "fetched";
    case STSPOLICY_KEPT: return "kept";
    case STSPOLICY_FAILED: return "failed";
    case STSPOLICY_UNKNOWN: return "unknown";
    case STSPOLICY_UNREADABLE: return "unreadable";
  }
  return "";
}

static uint64_t wall_us(void *context) { return strtoull(context, NULL, 10) * 1000000; }

static int note(char **argv) {
  const struct clock c = {wall_us, wall_us, argv[3]};
  struct tlsrpt_session s = {.domain = text_of(argv[5]), .policy_lines = text_of(argv[7]), .result = text_of(argv[8]),
                             .mx = text_of(argv[9]), .sending_ip = text_of("192.0.2.1"), .receiving_ip = text_of("192.0.2.2")};
  s.policy = strcmp(argv[6], "tlsa") == 0 ? TLSRPT_TLSA : strcmp(argv[6], "sts") == 0 ? TLSRPT_STS : TLSRPT_NO_POLICY;
  for (unsigned long n = strtoul(argv[4], NULL, 10); n; n--)
    if (tlsrpt_note(argv[1], &s, &c) == -1) return perror("stsask"), 111;
  return 0;
}

int main(int argc, char **argv) {
  static struct stspolicy p;
  if (argc == 10 && strcmp(argv[2], "note") == 0) return note(argv);
  if (argc < 4) return 100;
  struct stspolicy_settings s = {argv[1], 2, (unsigned)strtoul(argv[2], NULL, 10), &clock_system};
  stspolicy_find(&p, text_of(argv[3]), &s);
  printf("mode=%s\nsource=%s\nresult=%s\nproblem=%s\npatterns=%zu\n", sts_mode_name(p.mode), source_name(p.source),
         p.result, p.problem, p.policy.mx_count);
  for (int i = 4; i < argc; i++) printf("allows %s=%d\n", argv[i], stspolicy_allows(&p, text_of(argv[i])));
  return 0;
}
