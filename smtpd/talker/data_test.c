#include "config.h"
#include "smtpd/talker/data.h"
#include <stdlib.h>
#include "lib/unittest.h"
#include "smtpd/talker/datamodel.h"

#define T(LITERAL) {LITERAL, sizeof(LITERAL) - 1}

static const struct {
  const char *name;
  struct text sent, stored;
  size_t left; /* octets behind the end of the data */
  bool ended, bare_cr, bare_lf;
} cases[] = {
  {"empty message", T(".\r\n"), T(""), 0, true, false, false},
  {"one line", T("a\r\n.\r\n"), T("a\n"), 0, true, false, false},
  {"empty lines", T("\r\n\r\n.\r\n"), T("\n\n"), 0, true, false, false},
  {"pipelined command", T("a\r\n.\r\nQUIT\r\n"), T("a\n"), 6, true, false, false},
  {"stuffed dot", T("..\r\n..a\r\n.\r\n"), T(".\n.a\n"), 0, true, false, false},
  {"dot not doubled", T(".a\r\n.\r\n"), T("a\n"), 0, true, false, false},
  {"dot inside a line", T("a.\r\n.\r\n"), T("a.\n"), 0, true, false, false},
  {"NUL and 8 bit", T("a\0\xff\r\n.\r\n"), T("a\0\xff\n"), 0, true, false, false},
  {"LF . LF", T("a\n.\nMAIL\r\n"), T(""), 0, false, false, true},
  {"LF . CRLF", T("a\n.\r\nMAIL\r\n"), T(""), 0, false, false, true},
  {"CRLF . LF", T("a\r\n.\nMAIL\r\n"), T(""), 0, false, false, true},
  {"CR . CR", T("a\r.\rMAIL\r\n"), T(""), 0, false, true, false},
  {"CR . CRLF", T("a\r.\r\nMAIL\r\n"), T(""), 0, false, true, false},
  {"CRLF . CR", T("a\r\n.\rMAIL\r\n"), T(""), 0, false, true, false},
  {"CRLF . CR CRLF", T("a\r\n.\r\r\nMAIL\r\n"), T(""), 0, false, true, false},
  {"CR CRLF . CRLF", T("a\r\r\n.\r\n"), T(""), 0, true, true, false},
  {"LF CR . CR LF", T("a\n\r.\r\nMAIL\r\n"), T(""), 0, false, true, true},
  {"LF at once", T("\n.\r\nMAIL\r\n"), T(""), 0, false, false, true},
  {". LF at once", T(".\nMAIL\r\n"), T(""), 0, false, false, true},
  {". CR NUL LF", T("a\r\n.\r\0\nMAIL\r\n"), T(""), 0, false, true, true},
  {"bare LF, then the true end", T("a\nb\r\n.\r\n"), T(""), 0, true, false, true},
  {"bare CR, then the true end", T("a\rb\r\n.\r\n"), T(""), 0, true, true, false},
  {"smuggled end, then the true end", T("a\n.\r\nMAIL\r\n.\r\nQ"), T(""), 1, true, false, true},
  {"no end", T("a\r\n."), T("a\n"), 0, false, false, false},
};

/* Decodes in pieces: [0,one), [one,two), the rest. */
static size_t decode(struct data *d, struct text sent, size_t one, size_t two, char *out) {
  size_t cuts[] = {one, two, sent.len}, at = 0, stored = 0;
  for (unsigned i = 0; i < 3 && d->state != DATA_END; i++) {
    struct text in = {sent.s + at, cuts[i] - at};
    size_t room = in.len;
    size_t n = data_decode(d, &in, out + stored);
    assert_true(n <= room + DATA_HELD_OCTETS);
    stored += n;
    at = (size_t)(in.s - sent.s);
    if (d->state != DATA_END) assert_int_equal(at, cuts[i]);
  }
  return stored | at << 16;
}

static void assert_case(size_t i, size_t one, size_t two) {
  struct data d = {0};
  char out[256];
  size_t r = decode(&d, cases[i].sent, one, two, out);
  size_t stored = r & 0xffff, left = cases[i].sent.len - (r >> 16);
  if ((d.state == DATA_END) != cases[i].ended || d.bare_cr != cases[i].bare_cr ||
      d.bare_lf != cases[i].bare_lf || left != cases[i].left)
    fail_msg("%s, cut at %zu and %zu: state %d, cr %d, lf %d, left %zu", cases[i].name, one, two,
             d.state, d.bare_cr, d.bare_lf, left);
  if (!d.bare_cr && !d.bare_lf && !text_equal((struct text){out, stored}, cases[i].stored))
    fail_msg("%s, cut at %zu and %zu: wrong octets", cases[i].name, one, two);
}

static void terminators_are_told_apart_at_every_split(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
    for (size_t one = 0; one <= cases[i].sent.len; one++)
      for (size_t two = one; two <= cases[i].sent.len; two++) assert_case(i, one, two);
}

static const struct {
  struct text sent;
  uint64_t hops;
} headers[] = {
  {T("Received: a\r\nRECEIVED:b\r\nDelivered-To: c\r\n\r\n.\r\n"), 3},
  {T("Subject: a\r\n Received: folded\r\n\r\n.\r\n"), 0},
  {T("Received-SPF: a\r\nX-Received: b\r\nReceive: c\r\n\r\n.\r\n"), 0},
  {T("Received: a\r\n\r\nReceived: in the body\r\n.\r\n"), 1},
  {T("\r\nReceived: in the body\r\n.\r\n"), 0},
  {T("..\r\n.Received: unstuffed\r\n.\r\n"), 1},
};

static void hops_are_header_fields(void **state) {
  char out[256];
  (void)state;
  for (size_t i = 0; i < sizeof headers / sizeof headers[0]; i++)
    for (size_t cut = 0; cut <= headers[i].sent.len; cut++) {
      struct data d = {0};
      decode(&d, headers[i].sent, cut, cut, out);
      assert_int_equal(d.state, DATA_END);
      if (d.hops != headers[i].hops) fail_msg("case %zu, cut at %zu: %d", i, cut, (int)d.hops);
    }
}

static void size_counts_line_ends_as_two(void **state) {
  struct data d = {0};
  char out[64];
  (void)state;
  decode(&d, (struct text)T("..ab\r\n\r\n.\r\n"), 3, 7, out);
  assert_int_equal(d.size, 7);
}

/* One of all the messages of these octets: number is written to their base. */
static struct text spell(char *to, size_t len, unsigned number) {
  static const char alphabet[] = "\r\n.a";
  for (size_t i = 0; i < len; i++, number /= 4) to[i] = alphabet[number % 4];
  return (struct text){to, len};
}

static void assert_as_model(const struct model *m, struct text sent, size_t one, size_t two,
                            struct data d) {
  char out[64];
  size_t r = decode(&d, sent, one, two, out), stored = r & 0xffff, used = r >> 16;
  bool ended = d.state == DATA_END;
  if (d.chunked) {
    stored += data_finish(&d, out + stored);
    ended = true;
  }
  if (ended != m->ended || (ended && (used != m->used || (d.bare_cr || d.bare_lf) != m->spoilt)))
    fail_msg("%.*s, cut at %zu and %zu: used %zu", (int)sent.len, sent.s, one, two, used);
  if (ended && !data_is_spoilt(&d) &&
      (stored != m->out.len || memcmp(out, m->out.s ? m->out.s : "", stored)))
    fail_msg("%.*s, cut at %zu and %zu: stored %.*s", (int)sent.len, sent.s, one, two, (int)stored, out);
}

static void assert_at_every_split(struct model *m, struct text sent, struct data how) {
  model_decode(m, sent, how.chunked);
  for (size_t one = 0; one <= sent.len; one++)
    for (size_t two = one; two <= sent.len; two++) assert_as_model(m, sent, one, two, how);
}

/* Every terminator there can be, in 7 octets and fewer, is one of these. */
static void every_short_message_is_decoded(void **state) {
  struct model m = {0};
  char octets[7];
  (void)state;
  for (size_t len = 0; len <= sizeof octets; len++)
    for (unsigned number = 0; number < 1u << 2 * len; number++)
      for (unsigned how = 0; how < 4; how++)
        assert_at_every_split(&m, spell(octets, len, number),
                              (struct data){.chunked = how & 1, .normalises = how & 2});
  stralloc_free(&m.out);
}

enum { LONGEST = 1 << 20 };

static uint64_t next_random(uint64_t *seed) {
  *seed = *seed * 6364136223846793005u + 1442695040888963407u;
  return *seed >> 33;
}

/* Line ends as they should be: the message that is stored says what was sent. */
static void generate(stralloc *message, uint64_t *seed, bool chunked) {
  stralloc_zero(message);
  for (uint64_t lines = next_random(seed) % 40; lines--;) {
    size_t len = next_random(seed) % 100, dots = next_random(seed) % 4;
    if (next_random(seed) % 200 == 0) len = LONGEST;
    while (dots--) assert_true(stralloc_append(message, "."));
    assert_true(stralloc_readyplus(message, len));
    for (; len; len--) {
      char c = (char)next_random(seed);
      message->s[message->len++] = c == '\r' || c == '\n' ? '.' : c;
    }
    if (lines || !chunked) assert_true(stralloc_append(message, "\n"));
  }
}

static void encode(stralloc *sent, const stralloc *message, bool chunked) {
  bool at_start = true;
  stralloc_zero(sent);
  for (size_t i = 0; i < message->len; i++) {
    char c = message->s[i];
    if (c == '.' && at_start && !chunked) assert_true(stralloc_append(sent, "."));
    at_start = c == '\n';
    assert_true(at_start ? stralloc_cats(sent, "\r\n") : stralloc_append(sent, &c));
  }
  if (!chunked) assert_true(stralloc_cats(sent, ".\r\n"));
}

static void assert_kept(const stralloc *message, const stralloc *sent, uint64_t *seed, bool chunked) {
  struct data d = {.chunked = chunked};
  struct text rest = text_of_stralloc(sent);
  char *out = malloc(sent->len + 1);
  size_t stored = 0, most = next_random(seed) % 2 ? 7 : 70000;
  assert_non_null(out);
  while (rest.len) {
    struct text in = {rest.s, 1 + next_random(seed) % most};
    if (in.len > rest.len) in.len = rest.len;
    size_t given = in.len;
    stored += data_decode(&d, &in, out + stored);
    rest = (struct text){rest.s + given - in.len, rest.len - given + in.len};
  }
  stored += data_finish(&d, out + stored);
  assert_int_equal(d.state == DATA_END, !chunked);
  assert_false(data_is_spoilt(&d));
  assert_int_equal(stored, message->len);
  assert_memory_equal(out, message->s, stored);
  free(out);
}

static void generated_messages_are_kept(void **state) {
  stralloc message = {0}, sent = {0};
  (void)state;
  for (uint64_t i = 0; i < 400; i++) {
    uint64_t seed = i;
    bool chunked = i % 2;
    generate(&message, &seed, chunked);
    encode(&sent, &message, chunked);
    if (sent.len) assert_kept(&message, &sent, &seed, chunked);
  }
  stralloc_free(&message);
  stralloc_free(&sent);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(terminators_are_told_apart_at_every_split),
    cmocka_unit_test(every_short_message_is_decoded),
    cmocka_unit_test(generated_messages_are_kept),
    cmocka_unit_test(hops_are_header_fields),
    cmocka_unit_test(size_counts_line_ends_as_two),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
