#include "config.h"
#include "remote/tlsreport/mail.h"
#include <string.h>
#include <time.h>
#include <zlib.h>
#include "lib/address.h"
#include "lib/base64.h"
#include "lib/clock.h"

enum { GZIP = 15 + 16, MEMORY_LEVEL = 8, LINE_DIGITS = 76 };

int report_gzip(stralloc *out, struct text octets) {
  z_stream z = {0};
  if (deflateInit2(&z, Z_DEFAULT_COMPRESSION, Z_DEFLATED, GZIP, MEMORY_LEVEL, Z_DEFAULT_STRATEGY) != Z_OK) return -1;
  size_t bound = deflateBound(&z, octets.len);
  int r = stralloc_ready(out, bound) ? 0 : -1;
  z.next_in = (Bytef *)(uintptr_t)octets.s;
  z.avail_in = (uInt)octets.len;
  z.next_out = (Bytef *)out->s;
  z.avail_out = (uInt)bound;
  if (r == 0 && deflate(&z, Z_FINISH) != Z_STREAM_END) r = -1;
  if (r == 0) out->len = z.total_out;
  deflateEnd(&z);
  return r;
}

static bool cat_base64(stralloc *out, struct text octets) {
  stralloc digits = {0};
  bool ok = base64_cat(&digits, octets) == 0;
  for (size_t at = 0; ok && at < digits.len; at += LINE_DIGITS) {
    size_t n = digits.len - at < LINE_DIGITS ? digits.len - at : LINE_DIGITS;
    ok = stralloc_catb(out, digits.s + at, n) && stralloc_cats(out, "\n");
  }
  stralloc_free(&digits);
  return ok;
}

static bool cat(stralloc *out, const char *const *parts) {
  for (; *parts; parts++)
    if (!stralloc_cats(out, *parts)) return false;
  return true;
}

#define CAT(OUT, ...) cat(OUT, (const char *const[]){__VA_ARGS__, NULL})

static bool cat_addresses(stralloc *out, const struct report_mail *m) {
  for (size_t i = 0; i < m->to_count; i++)
    if (!stralloc_cats(out, i ? ",\n <" : " <") || address_cat(out, text_of_stralloc(&m->to[i])) == -1 || !stralloc_cats(out, ">"))
      return false;
  return true;
}

/* No blank can stand in a boundary or in names of domains. */
static bool cat_header(stralloc *out, const struct report_mail *m, const char *boundary) {
  const struct report_head *h = &m->head;
  return CAT(out, "From: <") && address_cat(out, text_of(m->from)) == 0 && CAT(out, ">\nTo:") && cat_addresses(out, m) &&
         CAT(out, "\nDate: ") && clock_cat_date(out, m->wall_us) == 0 &&
         CAT(out, "\nMessage-ID: <", h->id, ">\n", "Subject: Report Domain: ", h->domain, "\n Submitter: ", m->me,
             "\n Report-ID: <", h->id, ">\n", "TLS-Report-Domain: ", h->domain, "\nTLS-Report-Submitter: ", m->me,
             "\nTLS-Required: No\nAuto-Submitted: auto-generated\nMIME-Version: 1.0\n",
             "Content-Type: multipart/report; report-type=\"tlsrpt\";\n boundary=\"", boundary, "\"\n\n");
}

static bool cat_words(stralloc *out, const struct report_mail *m, const char *boundary) {
  return CAT(out, "--", boundary, "\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n",
             "This is a report of how TLS went when ", m->head.organization, " sent mail to ", m->head.domain,
             " on ", m->head.day, "\n(UTC), as RFC 8460 describes. The record at _smtp._tls.", m->head.domain,
             "\nasks for it. The report itself is attached: JSON, compressed by gzip.\n");
}

/* The first and last second of the day, for the file's name (RFC 8460 5.1). */
static void seconds_of(const char *day, char first[24], char last[24]) {
  struct tm t = {.tm_year = (day[0] - '0') * 1000 + (day[1] - '0') * 100 + (day[2] - '0') * 10 + (day[3] - '0') - 1900,
                 .tm_mon = (day[4] - '0') * 10 + (day[5] - '0') - 1,
                 .tm_mday = (day[6] - '0') * 10 + (day[7] - '0')};
  uint64_t begin = (uint64_t)timegm(&t);
  first[fmt_ulonglong(first, begin)] = 0;
  last[fmt_ulonglong(last, begin + 86399)] = 0;
}

static bool cat_report(stralloc *out, const struct report_mail *m, const char *boundary) {
  char first[24], last[24];
  stralloc compressed = {0};
  seconds_of(m->head.day, first, last);
  bool ok = report_gzip(&compressed, m->json) == 0 &&
            CAT(out, "\n--", boundary, "\nContent-Type: application/tlsrpt+gzip\nContent-Transfer-Encoding: base64\n",
                "Content-Disposition: attachment;\n filename=\"", m->me, "!", m->head.domain, "!", first, "!", last,
                ".json.gz\"\n\n") &&
            cat_base64(out, text_of_stralloc(&compressed)) && CAT(out, "\n--", boundary, "--\n");
  stralloc_free(&compressed);
  return ok;
}

/* The boundary: base64 has no such line, and the words are ours but for names. */
int report_mail(stralloc *out, const struct report_mail *m) {
  static const char boundary[] = "=_owlpost-tlsrpt_=";
  stralloc_zero(out);
  return cat_header(out, m, boundary) && cat_words(out, m, boundary) && cat_report(out, m, boundary) ? 0 : -1;
}
