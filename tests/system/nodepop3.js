// Fetches by node-pop3 what is in a mailbox: prints "SIZE UIDL" lines, writes files.
"use strict";
const fs = require("fs");
const Pop3 = require("node-pop3");
const door = JSON.parse(fs.readFileSync(0, "utf8"));

// It leaves dots doubled, and takes the last line end for the protocol's.
const keep = async (stream, path) => {
  const pieces = [];
  for await (const piece of stream) pieces.push(piece);
  const wire = Buffer.concat(pieces).toString("latin1");
  fs.writeFileSync(path, `${wire.replace(/^\./gm, "")}\r\n`, "latin1");
};

(async () => {
  const tls = door.tls === "implicit";
  const pop = new Pop3({
    host: "localhost", port: door.port, user: door.user, password: door.password, tls, servername: "localhost",
    timeout: 60000, tlsOptions: tls ? { ca: fs.readFileSync(door.authority) } : {},
  });
  const sizes = await pop.LIST();
  const uidls = await pop.UIDL();
  for (const [index, [number, size]] of sizes.entries()) {
    const [, stream] = await pop.command("RETR", number);
    await keep(stream, `${door.folder}/${number}`);
    if (door.delete) await pop.command("DELE", number);
    console.log(size, uidls[index][1]);
  }
  await pop.QUIT();
})().catch(error => {
  console.error(error);
  process.exit(1);
});
