/* A whole session: octets that come in pieces of any size, and a doorkeeper
 * that grants everything.  What goes into the pipe is what a simple decoder
 * (datamodel.h) makes of the same octets, and each command has one reply. */
#include "config.h"
#include <errno.h>
#include <stddef.h>
#include "lib/fuzz.h"
#include "smtpd/talker/proxy.h"
#include "smtpd/talker/talker.h"
#pragma clang attribute push(FUZZ_UNCOUNTED, apply_to = function)
#include "smtpd/talker/datamodel.h"

enum { DATABYTES = 600, MAXHOPS = 3, MAXERRORS = 4, DATA_MAX = 64 };

/* The first two octets: what the session is like.  The other bits of the first
 * are the size of the client's pieces. */
enum choice { NORMALISES = 1, WAITS = 2, PIECES = 2 /* from this bit on */ };
enum setup { PROXIED = 1, XCLIENT = 2, FEW_RECIPIENTS = 4, FEW_ERRORS = 8, DELAYED = 16, GOES_DOWN = 32, MAY_ETRN = 64 };

struct span {
  size_t begin, end; /* end: 0, the session ended first */
};

struct client {
  struct text octets;
  size_t given, most; /* most: octets of a piece, at most */
  bool waits;         /* for 354, as it should */
  bool falls_silent;  /* at the end, and stays connected */
};

struct world {
  struct talker *t;
  struct client client;
  bool proxy_fails; /* as the doorkeeper says */
  int message;      /* the pipe's other end is a file */
  size_t begun; /* where the message begins */
  bool is_data; /* and no chunks */
  bool refuses_data;
  struct bdat first;
  struct span data[DATA_MAX];
  unsigned data_count;
  struct model model;
  struct tally tally;
};

static size_t taken(const struct world *w) {
  return w->client.given - (w->t->reader.end - w->t->reader.at);
}

/* A piece ends behind DATA, for a client that waits. */
static size_t piece(const struct client *c, size_t size) {
  struct text rest = {c->octets.s + c->given, c->octets.len - c->given};
  size_t n = rest.len < c->most ? rest.len : c->most;
  if (n > size) n = size;
  for (size_t i = 0; c->waits && i + 6 <= n; i++)
    if (memcmp(rest.s + i, "DATA\r\n", 6) == 0) return i + 6;
  return n;
}

static ssize_t give(void *context, char *to, size_t size) {
  struct world *w = context;
  size_t n = piece(&w->client, size);
  if (n == 0 && w->client.falls_silent) return errno = ETIMEDOUT, -1;
  check(channel_flush(&w->t->channel) == 0);
  if (n) memcpy(to, w->client.octets.s + w->client.given, n);
  w->client.given += n;
  return (ssize_t)n;
}

static struct text line_at(const struct world *w, size_t at) {
  struct text rest = {w->client.octets.s + at, w->client.octets.len - at};
  const char *newline = rest.len ? memchr(rest.s, '\n', rest.len) : NULL;
  if (newline) rest.len = (size_t)(newline - rest.s) + 1;
  return rest;
}

/* Whether a line without its CRLF is a BDAT that can be read. */
static bool is_bdat(struct text line, struct bdat *b) {
  *b = (struct bdat){0};
  if (line.len + 2 > COMMAND_LINE_MAX || line.len < 5 || memchr(line.s, '\r', line.len)) return false;
  if (!text_equal_nocase((struct text){line.s, 4}, text_of("BDAT"))) return false;
  struct text size = {line.s + 4, line.len - 4};
  if (size.s[0] != ' ' && size.s[0] != '\t') return false;
  while (size.len && (size.s[0] == ' ' || size.s[0] == '\t')) size = (struct text){size.s + 1, size.len - 1};
  while (size.len && (size.s[size.len - 1] == ' ' || size.s[size.len - 1] == '\t')) size.len--;
  return bdat_parse(b, size) == 0;
}

/* The same of a line with its end, which must be CRLF. */
static bool is_bdat_line(struct text line, struct bdat *b) {
  if (line.len < 2 || line.s[line.len - 2] != '\r') return false;
  return is_bdat((struct text){line.s, line.len - 2}, b);
}

/* The chunks from the first on, one behind the other; where the last one ends. */
static size_t join_chunks(const struct world *w, stralloc *all) {
  size_t at = w->begun;
  struct bdat b = w->first;
  for (;;) {
    check(b.left <= w->client.octets.len - at);
    check(stralloc_catb(all, w->client.octets.s + at, (size_t)b.left));
    at += (size_t)b.left;
    if (b.last) return at;
    struct text line;
    do {
      line = line_at(w, at);
      check(line.len > 0);
      at += line.len;
    } while (!is_bdat_line(line, &b));
  }
}

static void compare(struct world *w, const struct door_request *r) {
  size_t got = (size_t)lseek(w->message, 0, SEEK_END);
  char *octets = malloc(got + 1);
  check(octets && pread(w->message, octets, got, 0) == (ssize_t)got);
  check(got == r->octets && got == w->model.out.len);
  check(got == 0 || memcmp(octets, w->model.out.s, got) == 0);
  free(octets);
}

static void see_complete(struct world *w, const struct door_request *r) {
  stralloc chunks = {0};
  size_t end = w->begun;
  if (w->is_data) {
    model_decode(&w->model, (struct text){w->client.octets.s + end, w->client.octets.len - end}, false);
    end += w->model.used;
  } else {
    end = join_chunks(w, &chunks);
    model_decode(&w->model, text_of_stralloc(&chunks), true);
  }
  check(w->model.ended && taken(w) == end);
  check(!w->model.spoilt || (w->t->normalises && !w->t->session.binary));
  compare(w, r);
  stralloc_free(&chunks);
}

static void begin(struct world *w, int *fd) {
  static int message = -1;
  check(w->message == -1);
  w->begun = taken(w);
  w->is_data = !is_bdat(text_of_stralloc(&w->t->line), &w->first);
  if (w->is_data && w->data_count < DATA_MAX) w->data[w->data_count++] = (struct span){w->begun, 0};
  w->message = fuzz_file(&message);
  *fd = dup(w->message);
  check(*fd >= 0);
}

static void end(struct world *w) {
  if (w->is_data && w->message >= 0 && w->data_count) w->data[w->data_count - 1].end = taken(w);
  w->message = -1;
}

/* Addresses steer: "no@" is refused, "end@" ends the session, at "gone@" the
 * doorkeeper is gone, from "late@" no data is taken, and "slow@" falls silent.
 * So do the ports of a client that is named, where "f" is one too many and for "m"
 * there is no memory, and the node of ETRN. */
static int steer(struct world *w, enum door_frame what, char c, struct door_answer *a) {
  if (what == DOOR_MAIL) w->refuses_data = c == 'l';
  if (what == DOOR_MAIL) w->client.falls_silent = c == 's';
  if (c == 'n' || (what == DOOR_DATA && w->refuses_data))
    a->result = (struct result){.class = RESULT_FAILURE, .reply_code = 550};
  a->ends_session = c == 'e';
  if (what == DOOR_PROXY && c == 'f') a->result = (struct result){.class = RESULT_DEFERRAL, .reply_code = 421};
  if (what == DOOR_PROXY && c == 'm') a->result = (struct result){.class = RESULT_DEFERRAL, .reply_code = 451};
  if (what == DOOR_PROXY) w->proxy_fails = c == 'n' || c == 'g' || c == 'f' || c == 'm';
  return c == 'g' ? -1 : 0;
}

static char initial(enum door_frame what, const struct door_request *r) {
  if (what == DOOR_PROXY || what == DOOR_XCLIENT) return (char)r->envelope.client_port;
  if (what == DOOR_ETRN) return r->node.s[0];
  struct text address = what == DOOR_RCPT ? r->envelope.recipients[0].address : r->envelope.sender;
  return address.len ? address.s[0] : 0;
}

static int ask(void *context, enum door_frame what, const struct door_request *r,
               struct door_answer *a, int *fd) {
  struct world *w = context;
  *fd = -1;
  *a = (struct door_answer){.result = {.class = RESULT_SUCCESS}, .may_etrn = true};
  if (steer(w, what, initial(what, r), a) == -1) return -1;
  if (what == DOOR_DATA && a->result.class == RESULT_SUCCESS) {
    begin(w, fd);
    a->result.reply_code = 354;
  }
  if (what == DOOR_COMPLETE) see_complete(w, r);
  if (what == DOOR_COMPLETE || what == DOOR_ABORT) end(w);
  return 0;
}

static const struct span *data_at(const struct world *w, size_t at) {
  for (unsigned i = 0; i < w->data_count; i++)
    if (w->data[i].begin == at) return &w->data[i];
  return NULL;
}

/* Moves *at behind a line and what belongs to it; the replies to that.  A BDAT
 * that ends the session is answered before its chunk. */
static unsigned walk(const struct world *w, size_t *at, size_t last, bool hung_up) {
  struct text line = line_at(w, *at);
  const struct span *data = data_at(w, *at + line.len);
  struct bdat b;
  *at += line.len;
  if (line.len == 0 || line.s[line.len - 1] != '\n') return 0;
  if (is_bdat_line(line, &b)) {
    bool all = b.left <= last - *at;
    *at = all ? *at + (size_t)b.left : last;
    return all || hung_up;
  }
  if (data) *at = data->end ? data->end : last;
  return data && data->end ? 2 : 1;
}

/* Where SMTP begins; false: nowhere. */
static bool find_greeting(const struct world *w, size_t *at) {
  struct proxy p;
  *at = 0;
  if (!w->t->is_proxied) return true;
  if (proxy_parse(&p, w->client.octets) != PROXY_OK) return false;
  *at = p.octets;
  return *at <= w->client.octets.len && !w->proxy_fails;
}

/* Before SMTP begins. */
static bool is_told(enum talker_end how) {
  return how == TALKER_SHUTDOWN || how == TALKER_CROWDED || how == TALKER_NO_MEMORY;
}

static unsigned expected_replies(const struct world *w, enum talker_end how) {
  unsigned n = 1; /* the greeting */
  size_t at, last = taken(w);
  if (!find_greeting(w, &at)) return is_told(how);
  if (w->t->greetdelay_ms) return how != TALKER_CLIENT_LEFT;
  while (at < last) n += walk(w, &at, last, how == TALKER_HUNG_UP);
  if (how == TALKER_TIMEOUT) n++; /* the last words */
  return how == TALKER_TOO_EARLY ? n - 1 : n;
}

static void check_end(const struct world *w, enum talker_end how) {
  size_t at;
  bool left = how == TALKER_CLIENT_LEFT, ends = how == TALKER_QUIT || how == TALKER_HUNG_UP || how == TALKER_TIMEOUT;
  if (!find_greeting(w, &at)) check(left || how == TALKER_NO_HEADER || is_told(how));
  else if (how == TALKER_SHUTDOWN) check(w->t->channel.door >= 0);
  else if (w->t->greetdelay_ms) check(how == (at < w->client.octets.len ? TALKER_UNGREETED : TALKER_CLIENT_LEFT));
  else if (how == TALKER_STARTTLS) check(w->t->reader.at == w->t->reader.end); /* nothing stood behind it */
  else if (how == TALKER_INJECTED) check(w->t->reader.at < w->t->reader.end);
  else check(left || ends || how == TALKER_FOREIGN || how == TALKER_TOO_EARLY);
}

static unsigned count_replies(int out) {
  size_t len = (size_t)lseek(out, 0, SEEK_END);
  char *octets = malloc(len + 1);
  unsigned n = 0;
  check(octets && pread(out, octets, len, 0) == (ssize_t)len);
  for (size_t at = 0; at < len;) {
    const char *lf = memchr(octets + at, '\n', len - at);
    check(lf && lf - (octets + at) >= 4 && lf[-1] == '\r');
    n += octets[at + 3] == ' ';
    check(octets[at + 3] == ' ' || octets[at + 3] == '-');
    at = (size_t)(lf - octets) + 1;
  }
  free(octets);
  return n;
}

static void choose(struct talker *t, unsigned setup) {
  static struct list xclients;
  if (xclients.count == 0) check(list_parse(&xclients, text_of("1.0.0.0/8\n")) == 0);
  t->xclients = &xclients;
  t->is_proxied = setup & PROXIED;
  t->session.may_xclient = setup & XCLIENT;
  t->session.may_etrn = setup & MAY_ETRN;
  t->session.offers_starttls = !(setup & XCLIENT);
  t->session.is_secured = setup & XCLIENT;
  t->session.maxrecipients = setup & FEW_RECIPIENTS ? 2 : 0;
  t->greetdelay_ms = setup & DELAYED ? 1000 : 0; /* the descriptor says at once that there is input */
  /* the doorkeeper ends the session where the talker lets time pass */
  if (setup & GOES_DOWN) t->channel.door = t->channel.out;
  t->session.tarpitcount = setup & GOES_DOWN ? 1 : 0;
  t->session.tarpitdelay_ms = 1000;
  t->session.maxerrors = setup & FEW_ERRORS ? MAXERRORS : UINT64_MAX;
}

static void set_up(struct world *w, struct talker *t, struct text input) {
  static int out = -1;
  unsigned choice = fuzz_choice(&input), setup = fuzz_choice(&input);
  fuzz_file(&out);
  /* not the large buffers: what they hold is never looked at */
  memset(t, 0, offsetof(struct talker, reader));
  t->reader.at = t->reader.end = 0;
  t->chunks = (struct transfer){0};
  t->channel = (struct channel){.in = out, .out = out, .door = -1};
  *w = (struct world){.t = t, .message = -1, .model.out = w->model.out};
  t->maxhops = MAXHOPS;
  t->normalises = choice & NORMALISES;
  unsigned most = choice >> PIECES;
  w->client = (struct client){.octets = input, .waits = choice & WAITS, .most = most ? most : 70000};
  t->reader.source = give;
  t->reader.context = t->session.context = w;
  t->session.ask = ask;
  t->session.me = t->session.greeting = "mx";
  t->session.databytes = DATABYTES;
  t->channel.tally = &w->tally;
  choose(t, setup);
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t size) {
  static struct talker t;
  static struct world w;
  set_up(&w, &t, fuzz_input(octets, size));
  enum talker_end how = talker_run(&t, "mx");
  check_end(&w, how);
  check(w.tally.errors <= w.tally.commands); /* of a message that is refused, DATA was none */
  check(w.data_count == DATA_MAX || count_replies(t.channel.out) == expected_replies(&w, how));
  end(&w);
  stralloc_free(&t.line);
  stralloc_free(&t.channel.output);
  session_free(&t.session);
  return 0;
}
#pragma clang attribute pop
