#include "config.h"
#include <stdlib.h>
#include <string.h>
#include "lib/address.h"
#include "lib/exitcode.h"
#include "lib/clock.h"
#include "lib/srsrules.h"
#include "queue/owlq/askprogram.h"
#include "queue/owlq/limitfacts.h"
#include "queue/owlq/livefacts.h"
#include "queue/owlq/owlq.h"
#include "queue/owlq/showfacts.h"
#include "queue/owlq/srsview.h"

/* What would happen to mail for an address.  Each program is asked for its own
 * part; the routing is the library's, which receiver and runner use as well. */

static const char test_usage[] = "send-test [--json] [--sender ADDRESS] ADDRESS";
static const char usage[] = "explain [--json] [--relay] [--sender ADDRESS] ADDRESS";

struct wish {
  const char *address, *sender;
  bool json, relay;
  bool test; /* connect, and ask the next hop */
};

enum { ADDRESS, SMTP, ROUTE, DELIVERY, LIMITS, NOW, SECTIONS };

struct explanation {
  struct section sections[SECTIONS];
  struct route route;
  stralloc address; /* as it stands in the envelope */
  bool is_routed;
};

/* ---- the address */

/* As a client writes it; what no client could write is taken as it is, as
 * envelopes can have it all the same. */
static int read_address(struct explanation *e, const struct wish *w) {
  struct facts f = {.fd = -1};
  stralloc path = {0};
  struct text local, domain;
  if (!stralloc_cats(&path, "<") || !stralloc_cats(&path, w->address) || !stralloc_cats(&path, ">"))
    return -1;
  struct text rest = text_of_stralloc(&path);
  if (address_parse_path(&rest, &e->address) != ADDRESS_OK || rest.len || e->address.len == 0) {
    fact_say(&f, "syntax", "no address of RFC 5321; taken as an envelope's address as it is",
             TEXT_ABSENT);
    if (!stralloc_copys(&e->address, w->address)) return -1;
  }
  bool at = address_split(text_of_stralloc(&e->address), &local, &domain);
  fact_begin(&f, "parts");
  fact_s(&f, "local part \"");
  fact_t(&f, local);
  fact_s(&f, at ? "\", domain \"" : "\", no domain");
  if (at) fact_t(&f, domain);
  if (at) fact_s(&f, "\"");
  fact_detail(&f, "envelope", text_of_stralloc(&e->address));
  fact_detail(&f, "local", local);
  if (at) fact_detail(&f, "domain", domain);
  fact_end(&f);
  e->sections[ADDRESS].lines = f.lines;
  stralloc_free(&path);
  return 0;
}

/* ---- asking the programs */

/* As for a client that may not relay, unless that is wished. */
static void ask_receiver(struct explanation *e, const struct wish *w) {
  const char *arguments[] = {"owl-smtpd", "--explain", w->address, w->sender, NULL};
  if (w->relay) setenv("RELAYCLIENT", "", 1);
  else unsetenv("RELAYCLIENT");
  (void)askprogram(arguments, SMTPD_USER, &e->sections[SMTP].lines);
}

static void find_route(struct explanation *e, struct control *c, const struct wish *w) {
  struct facts f = {.fd = -1};
  struct route_table t;
  struct srsrules srs;
  if (route_load(&t, c) == -1) fact_say(&f, "problem", "", text_of(c->error.s));
  else {
    if (srsrules_load(&srs, c) == -1) fact_say(&f, "problem", "", text_of(c->error.s));
    e->is_routed = srsrules_route(&srs, &t, text_of(w->sender), text_of_stralloc(&e->address), clock_wall_us(&clock_system), &e->route, &f) == 0;
    if (!e->is_routed) fact_say(&f, "problem", "no route can be found", TEXT_ABSENT);
    srsrules_unload(&srs);
    route_unload(&t);
  }
  e->sections[ROUTE].lines = f.lines;
}

/* What the mailbox sends on is routed as any, so this is all that differs. */
static void note_forwards(struct explanation *e, struct control *c, const struct wish *w) {
  struct facts f = {.fd = -1};
  struct text local, domain;
  if (address_split(text_of_stralloc(&e->route.address), &local, &domain))
    srsview_note(&f, c, domain, text_of(w->sender), clock_wall_us(&clock_system));
  if (f.lines.len) (void)stralloc_cat(&f.lines, &e->sections[DELIVERY].lines);
  if (f.lines.len) (void)stralloc_copy(&e->sections[DELIVERY].lines, &f.lines);
  stralloc_free(&f.lines);
}

static void ask_local(struct explanation *e, struct control *c, const struct wish *w) {
  const char *arguments[] = {"owl-lspawn", "--explain", e->route.address.s, NULL};
  e->sections[DELIVERY].title = "delivered here by owl-lspawn and owl-local";
  (void)askprogram(arguments, NULL, &e->sections[DELIVERY].lines);
  note_forwards(e, c, w);
}

static void put_title(struct explanation *e, const struct wish *w) {
  bool is_lmtp = e->route.protocol == PROTOCOL_LMTP;
  const char *tested = is_lmtp ? "asked of a mailbox server by owl-remote; nothing is sent"
                               : "asked of the next hop by owl-remote; nothing is sent";
  const char *told = is_lmtp ? "handed to a mailbox server by owl-remote" : "sent on by owl-remote";
  e->sections[DELIVERY].title = w->test ? tested : told;
}

static void ask_remote(struct explanation *e, const struct wish *w) {
  const char *arguments[8] = {"owl-remote", w->test ? "--test" : "--explain", route_way(e->route.protocol, e->route.use_mx), e->route.host.s};
  char port[FMT_ULONG + 1];
  size_t n = 4;
  port[fmt_ulong(port, (unsigned long)e->route.port)] = 0;
  if (e->route.port != PORT_NONE) arguments[n++] = port;
  if (w->test) arguments[n++] = w->sender;
  if (w->test) arguments[n++] = e->route.address.s;
  put_title(e, w);
  (void)askprogram(arguments, REMOTE_USER, &e->sections[DELIVERY].lines);
}

/* The runner fails it by itself. */
static void note_nowhere(struct explanation *e) {
  struct facts f = {.fd = -1};
  struct result r = {.class = RESULT_FAILURE,
                     .status = text_of("5.1.2"),
                     .text = text_of("this address has no host that mail could be sent to")};
  e->sections[DELIVERY].title = "nobody is asked";
  fact_outcome(&f, &r);
  e->sections[DELIVERY].lines = f.lines;
}

static void ask_delivery(struct explanation *e, struct control *c, const struct wish *w) {
  if (!e->is_routed) return;
  if (!stralloc_0(&e->route.address) || !stralloc_0(&e->route.host)) return;
  e->route.address.len--;
  e->route.host.len--;
  if (route_leads_nowhere(&e->route)) note_nowhere(e);
  else if (e->route.channel == CHANNEL_LOCAL) ask_local(e, c, w);
  else ask_remote(e, w);
}

/* ---- what holds for all that goes there */

static void note_destination(struct explanation *e, struct control *c, const struct wish *w) {
  struct facts limits = {.fd = -1}, now = {.fd = -1};
  if (!e->is_routed || route_leads_nowhere(&e->route)) return;
  limitfacts(&limits, c, &e->route);
  livefacts(&now, c, text_of(w->sender), text_of_stralloc(&e->address));
  e->sections[LIMITS].title = "limits and times (owlpost-control(5))";
  e->sections[LIMITS].lines = limits.lines;
  e->sections[NOW].title = "its destination now, by owl-send";
  e->sections[NOW].lines = now.lines;
}

/* ---- the command */

static int read_wish(struct wish *w, int argc, char **argv) {
  *w = (struct wish){.sender = "", .test = strcmp(argv[0], "send-test") == 0};
  for (int i = 1; i < argc; i++) {
    if (strcmp(argv[i], "--json") == 0) w->json = true;
    else if (strcmp(argv[i], "--relay") == 0 && !w->test) w->relay = true;
    else if (strcmp(argv[i], "--sender") == 0 && argv[i + 1]) w->sender = argv[++i];
    else if (argv[i][0] == '-' || w->address) return -1;
    else w->address = argv[i];
  }
  return w->address ? 0 : -1;
}

static int show_json(const struct explanation *e) {
  struct jsonline line;
  jsonline_begin(&line);
  for (size_t i = 0; i < SECTIONS; i++)
    if (e->sections[i].title) showfacts_json(&line, &e->sections[i]);
  return jsonline_put(&line);
}

static int show(const struct explanation *e, bool json) {
  if (json) return show_json(e);
  for (size_t i = 0; i < SECTIONS; i++)
    if (e->sections[i].title) showfacts_text(&e->sections[i]);
  return TOOL_OK;
}

static void free_all(struct explanation *e) {
  for (size_t i = 0; i < SECTIONS; i++) stralloc_free(&e->sections[i].lines);
  route_free(&e->route);
  stralloc_free(&e->address);
}

int owlq_explain(struct control *c, int argc, char **argv) {
  struct wish w;
  struct explanation e = {.sections = {{"address", "the address", {0}},
                                       {"smtp", "received by owl-smtpd", {0}},
                                       {"route", "the route", {0}},
                                       {"delivery", NULL, {0}},
                                       {"limits", NULL, {0}},
                                       {"now", NULL, {0}}}};
  if (read_wish(&w, argc, argv) == -1) return owlq_usage(w.test ? test_usage : usage);
  if (read_address(&e, &w) == -1) return owlq_complain("explain", "out of memory");
  if (w.test) e.sections[SMTP].title = NULL;
  else ask_receiver(&e, &w);
  find_route(&e, c, &w);
  ask_delivery(&e, c, &w);
  note_destination(&e, c, &w);
  int code = show(&e, w.json);
  if (!e.is_routed) code = TOOL_SYSTEM;
  free_all(&e);
  return code;
}
