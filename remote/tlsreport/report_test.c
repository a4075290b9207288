#include "config.h"
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <zlib.h>
#include "lib/base64.h"
#include "lib/unittest.h"
#include "remote/tlsreport/mail.h"

/* RFC 8460 appendix B; mx-host an array, as section 4.4 has it, and without
 * additional-information, which we have none of */
static const char example[] =
  "{\"organization-name\": \"Company-X\","
  " \"date-range\": {\"start-datetime\": \"2016-04-01T00:00:00Z\", \"end-datetime\": \"2016-04-01T23:59:59Z\"},"
  " \"contact-info\": \"sts-reporting@company-x.example\","
  " \"report-id\": \"5065427c-23d3-47ca-b6e0-946ea0e8c4be\","
  " \"policies\": [{"
  "  \"policy\": {\"policy-type\": \"sts\","
  "   \"policy-string\": [\"version: STSv1\", \"mode: testing\", \"mx: *.mail.company-y.example\", \"max_age: 86400\"],"
  "   \"policy-domain\": \"company-y.example\", \"mx-host\": [\"*.mail.company-y.example\"]},"
  "  \"summary\": {\"total-successful-session-count\": 5326, \"total-failure-session-count\": 303},"
  "  \"failure-details\": ["
  "   {\"result-type\": \"certificate-expired\", \"sending-mta-ip\": \"2001:db8:abcd:0012::1\","
  "    \"receiving-mx-hostname\": \"mx1.mail.company-y.example\", \"failed-session-count\": 100},"
  "   {\"result-type\": \"starttls-not-supported\", \"sending-mta-ip\": \"2001:db8:abcd:0013::1\","
  "    \"receiving-mx-hostname\": \"mx2.mail.company-y.example\", \"receiving-ip\": \"203.0.113.56\","
  "    \"failed-session-count\": 200},"
  "   {\"result-type\": \"validation-failure\", \"sending-mta-ip\": \"198.51.100.62\", \"receiving-ip\": \"203.0.113.58\","
  "    \"receiving-mx-hostname\": \"mx-backup.mail.company-y.example\", \"failed-session-count\": 3,"
  "    \"failure-reason-code\": \"X509_V_ERR_PROXY_PATH_LENGTH_EXCEEDED\"}]}]}";

static const char policy_line[] =
  "policy 1 type=sts lines=version:+20STSv1+0D+0Amode:+20testing+0D+0Amx:+20*.mail.company-y.example+0D+0Amax_age:+2086400+0D+0A\n";

static void repeat(stralloc *out, const char *line, unsigned count) {
  for (unsigned i = 0; i < count; i++) assert_true(stralloc_cats(out, line) && stralloc_cats(out, "\n"));
}

static void make_notes(stralloc *out) {
  assert_true(stralloc_copys(out, policy_line));
  repeat(out, "session 1", 5326);
  repeat(out, "session 1 result=certificate-expired from=2001:db8:abcd:0012::1 mx=mx1.mail.company-y.example", 100);
  assert_true(stralloc_cats(out, policy_line));
  repeat(out, "session 1 result=starttls-not-supported from=2001:db8:abcd:0013::1 mx=mx2.mail.company-y.example to=203.0.113.56", 200);
  repeat(out, "session 1 result=validation-failure from=198.51.100.62 mx=mx-backup.mail.company-y.example to=203.0.113.58 "
              "code=X509_V_ERR_PROXY_PATH_LENGTH_EXCEEDED", 3);
}

static const struct report_head head = {"Company-X", "sts-reporting@company-x.example", "5065427c-23d3-47ca-b6e0-946ea0e8c4be",
                                        "20160401", "company-y.example"};

static int by_count(const void *a, const void *b) {
  json_int_t m = json_integer_value(json_object_get(*(json_t *const *)a, "failed-session-count"));
  json_int_t n = json_integer_value(json_object_get(*(json_t *const *)b, "failed-session-count"));
  return (m > n) - (m < n);
}

/* The order of failures means nothing. */
static void sort_failures(json_t *report) {
  json_t *list = json_object_get(json_array_get(json_object_get(report, "policies"), 0), "failure-details");
  json_t *sorted[8];
  size_t n = json_array_size(list);
  assert_true(n <= COUNT(sorted));
  for (size_t i = 0; i < n; i++) sorted[i] = json_incref(json_array_get(list, i));
  qsort(sorted, n, sizeof *sorted, by_count);
  json_array_clear(list);
  for (size_t i = 0; i < n; i++) json_array_append_new(list, sorted[i]);
}

static json_t *report_of(const stralloc *notes) {
  static struct summary s;
  stralloc text = {0};
  assert_int_equal(summary_make(&s, text_of_stralloc(notes)), 0);
  assert_int_equal(report_json(&text, &head, &s), 0);
  json_t *made = json_loadb(text.s, text.len, 0, NULL);
  assert_non_null(made);
  stralloc_free(&text);
  summary_free(&s);
  return made;
}

static void the_example_of_the_rfc(void **state) {
  (void)state;
  stralloc notes = {0};
  make_notes(&notes);
  json_t *made = report_of(&notes), *wanted = json_loads(example, 0, NULL);
  assert_non_null(wanted);
  sort_failures(made);
  sort_failures(wanted);
  assert_true(json_equal(made, wanted));
  json_decref(made);
  json_decref(wanted);
  stralloc_free(&notes);
}

static const char *type_of(const json_t *report, size_t n) {
  return json_string_value(json_object_get(json_object_get(json_array_get(json_object_get(report, "policies"), n), "policy"), "policy-type"));
}

static json_int_t sum_of(const json_t *report, size_t n, const char *name) {
  return json_integer_value(json_object_get(json_object_get(json_array_get(json_object_get(report, "policies"), n), "summary"), name));
}

static void several_policies_and_odd_lines(void **state) {
  (void)state;
  stralloc notes = {0};
  assert_true(stralloc_copys(&notes, "policy 1 type=tlsa lines=3+201+201+20ab+0A2+200+201+20cd\n"
                                     "policy 2 type=none\nsession 1\nrubbish\nsession 2 result=certificate-expired mx=a+FF\n"
                                     "session 9\nsession 1 result=dane-required\nsession 1 cut of"));
  json_t *made = report_of(&notes);
  assert_string_equal(type_of(made, 0), "tlsa");
  assert_int_equal(sum_of(made, 0, "total-successful-session-count"), 1);
  assert_int_equal(sum_of(made, 0, "total-failure-session-count"), 1);
  assert_string_equal(type_of(made, 1), "no-policy-found");
  assert_int_equal(sum_of(made, 1, "total-failure-session-count"), 1);
  assert_string_equal(type_of(made, 2), "no-policy-found");
  assert_int_equal(json_array_size(json_object_get(made, "policies")), 3);
  json_decref(made);
  stralloc_free(&notes);
}

static void rows_have_an_end(void **state) {
  (void)state;
  static struct summary s;
  stralloc notes = {0};
  char line[100];
  assert_true(stralloc_copys(&notes, policy_line));
  for (int i = 0; i < SUMMARY_ROWS_MAX + 10; i++) {
    snprintf(line, sizeof line, "session 1 result=certificate-expired to=192.0.2.%d", i);
    repeat(&notes, line, 1);
  }
  assert_int_equal(summary_make(&s, text_of_stralloc(&notes)), 0);
  assert_int_equal(s.policies[0].failures, SUMMARY_ROWS_MAX + 10);
  assert_int_equal(s.policies[0].row_count, SUMMARY_ROWS_MAX);
  summary_free(&s);
  stralloc_free(&notes);
}

/* ---- the message */

static void gunzip(struct text octets, const char *expected) {
  char out[4096] = "";
  z_stream z = {.next_in = (Bytef *)(uintptr_t)octets.s, .avail_in = (uInt)octets.len, .next_out = (Bytef *)out, .avail_out = sizeof out - 1};
  assert_int_equal(inflateInit2(&z, 15 + 16), Z_OK);
  assert_int_equal(inflate(&z, Z_FINISH), Z_STREAM_END);
  inflateEnd(&z);
  assert_string_equal(out, expected);
}

static void assert_holds(const stralloc *message, const char *part) {
  if (!strstr(message->s, part)) fail_msg("no %s in %s", part, message->s);
}

static void a_report_is_a_message(void **state) {
  (void)state;
  static const char json[] = "{\"a\": 1}\n";
  stralloc to[2] = {{0}}, out = {0}, digits = {0}, octets = {0};
  assert_true(stralloc_copys(&to[0], "a b@c.test") && stralloc_copys(&to[1], "d@e.test"));
  struct report_mail m = {head, text_of(json), "reports@company-x.example", "company-x.example", to, 2, 1459555200000000};
  assert_int_equal(report_mail(&out, &m), 0);
  assert_true(stralloc_0(&out));
  assert_holds(&out, "From: <reports@company-x.example>\nTo: <\"a b\"@c.test>,\n <d@e.test>\nDate: 2 Apr 2016 00:00:00 -0000\n");
  assert_holds(&out, "\nSubject: Report Domain: company-y.example\n Submitter: company-x.example\n Report-ID: <5065427c-");
  assert_holds(&out, "\nTLS-Report-Domain: company-y.example\nTLS-Report-Submitter: company-x.example\nTLS-Required: No\n");
  assert_holds(&out, "\nContent-Type: multipart/report; report-type=\"tlsrpt\";\n boundary=\"=_owlpost-tlsrpt_=\"\n\n");
  assert_holds(&out, "\n filename=\"company-x.example!company-y.example!1459468800!1459555199.json.gz\"\n\n");
  assert_holds(&out, "\nContent-Type: application/tlsrpt+gzip\nContent-Transfer-Encoding: base64\n");
  const char *begin = strstr(out.s, ".json.gz\"\n\n") + 11, *end = strstr(begin, "\n\n--");
  assert_non_null(end);
  for (; begin < end; begin++)
    if (*begin != '\n') assert_true(stralloc_append(&digits, begin));
  assert_int_equal(base64_decode(&octets, text_of_stralloc(&digits)), 0);
  gunzip(text_of_stralloc(&octets), json);
  stralloc_free(&to[0]);
  stralloc_free(&to[1]);
  stralloc_free(&out);
  stralloc_free(&digits);
  stralloc_free(&octets);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(the_example_of_the_rfc), cmocka_unit_test(several_policies_and_odd_lines),
                                     cmocka_unit_test(rows_have_an_end), cmocka_unit_test(a_report_is_a_message)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
