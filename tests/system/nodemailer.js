// Sends the letters on standard input by nodemailer, all at once, and prints
// what became of each: the server's reply, or the error.
"use strict";
const nodemailer = require("nodemailer");
const { options, letters } = JSON.parse(require("fs").readFileSync(0, "utf8"));
const transport = nodemailer.createTransport(options);

const fate = letter => transport.sendMail(letter).then(info => info.response, error => error.message);

Promise.all(letters.map(fate)).then(fates => {
  transport.close();
  console.log(JSON.stringify(fates));
});
