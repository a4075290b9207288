/* net.h - what the talker asks of the connector
 *
 * Two processes of one owl-remote on a stream socketpair, frames as in
 * lib/frame.h, protocol 'N' version 1.
 *
 *   talker: CONNECT or NEXT       connector: CONNECTED with a descriptor, or NONE
 *
 * Before CONNECTED the connector sees to TLS (remote/handshake.h): a talker cannot do without it.
 * The destination is the connector's own and cannot be changed by a talker that
 * the network has turned; CONNECT may name one of the sources that the
 * configuration has (remote/identity.h), NEXT has no payload.  CONNECT begins at the
 * best address; NEXT goes on after a server that could not be used.  Answers
 * come one for each request, in order.  A connector that reads anything else
 * ends.
 */
#ifndef OWL_NET_H
#define OWL_NET_H

#include "lib/frame.h"
#include "lib/result.h"

enum net_frame { NET_CONNECT = 1, NET_NEXT = 2, NET_CONNECTED = 3, NET_NONE = 4, NET_PRELUDE = 5 };

enum { NET_FRAME_MAX = 8192, NET_BINDING_MAX = 128 };

extern const struct frame_protocol net_protocol;

/* CONNECTED: the frame's descriptor is a stream socket that does not block. */
struct net_peer {
  struct text host;    /* the name it was looked up by; a Unix socket's: this host's */
  struct text address; /* IP address as text; a Unix socket has none */
  uint64_t stage;      /* enum smtp_stage, of remote/smtp.h */
  struct text hello;   /* of STAGE_READY */
  struct text tls;     /* version, cipher, verified how; absent: none */
  bool verified;       /* the server's certificate has been checked */
  struct text exporter, endpoint; /* channel bindings, hexadecimal; absent: none */
};

/* CONNECT: */
struct net_wish {
  uint64_t source;
  struct text helohost;
  bool requiretls;   /* the message's: REQUIRETLS, */
  bool tls_optional; /* or "TLS-Required: No" */
};

/* Encoders append a payload: 0, or -1 with record_put()'s errno. */
int net_put_connect(stralloc *out, const struct net_wish *w);
int net_put_connected(stralloc *out, const struct net_peer *p);

/* NONE: no (further) address.  Without text: what the talker knows from its last
 * server says more. */
struct net_none {
  struct result result;
  bool host_waits; /* since CONNECT a host could not be asked that may say another thing later */
};

int net_put_none(stralloc *out, const struct net_none *n);

/* Decoders check everything and make views into the payload: 0, or -1. */
int net_read_connect(struct net_wish *w, struct text payload);
int net_read_connected(struct net_peer *p, struct text payload);
int net_read_none(struct net_none *n, struct text payload);

#endif
