import assert from "node:assert/strict";
import {
  openDatagram,
  openLinuxDatagram,
  openNic,
  openPortableDatagram,
  openReceiver,
  openSender,
  openTun,
} from "../../../runtime/network/mod.ts";
import { OnpathError } from "../../../serialize/errors.ts";

const at = { host: "127.0.0.1", port: 9 };
const onOutput = () => {};
type Case = readonly [options: unknown, message: RegExp];

/** Asserts that a function refuses each value by one sentence. */
async function refuses(open: (options: never) => unknown, what: string, cases: readonly Case[]) {
  for (const [options, message] of cases) {
    const run = async () => void await open(options as never);
    await assert.rejects(run(), (error) => {
      assert(error instanceof OnpathError, String(error));
      assert.match(error.message, new RegExp(`^Cannot ${what}: `));
      assert.match(error.message, message);
      return true;
    });
  }
}

const NOT_OBJECTS: readonly Case[] = [
  [null, /the options are null, expected an object$/],
  [5, /the options are of type number, expected an object$/],
  ["127.0.0.1:9", /the options are of type string, expected an object$/],
  [[], /the options are an array, expected an object$/],
];
const NONE: Case = [undefined, /the options are undefined, expected an object$/];

Deno.test("openSender() names the option that is missing or wrong", () =>
  refuses(openSender, "open a sender", [
    NONE,
    ...NOT_OBJECTS,
    [{}, /receiver is undefined, expected an address/],
    [{ receiver: "127.0.0.1:9" }, /receiver is of type string, expected an address/],
    [{ receiver: { host: "localhost", port: 9 } }, /receiver has no valid host or port/],
    [{ receiver: { host: "127.0.0.1", port: 65_536 } }, /receiver has no valid host or port/],
    [{ receiver: at, nic: 4790 }, /nic is 4790, expected an address/],
    [{ receiver: at, nic: null }, /nic is null, expected an address/],
    [{ receiver: at, listen: {} }, /listen has no valid host or port/],
    [{ receiver: at, data: [] }, /data is an array/],
    [{ receiver: at, announcedPort: 0 }, /announcedPort is 0, expected a whole number from 1 to 65535/],
    [{ receiver: at, jumbo: "yes" }, /jumbo is of type string, expected true or false/],
    [{ receiver: at, security: true }, /security is of type boolean, expected an object/],
    [{ receiver: at, pacing: 1000 }, /pacing is 1000, expected an object/],
    [{ receiver: at, open: {} }, /open is of type object, expected a function/],
  ]));

Deno.test("openReceiver() names the option that is missing or wrong", () =>
  refuses(openReceiver, "open a receiver", [
    NONE,
    ...NOT_OBJECTS,
    [{}, /nic is undefined, expected an address/],
    [{ nic: at }, /plans is undefined, expected an array/],
    [{ nic: at, plans: {}, onOutput }, /plans is of type object, expected an array/],
    [{ nic: at, plans: [undefined], onOutput }, /plans\[0\] has no plan/],
    [{ nic: at, plans: [{}], onOutput }, /plans\[0\] has no plan/],
    [{ nic: at, plans: [] }, /onOutput is undefined, expected a function/],
    [{ nic: at, plans: [], onOutput, control: "x" }, /control is of type string/],
    [{ nic: at, plans: [], onOutput, routed: 1 }, /routed is 1, expected true or false/],
    [{ nic: at, plans: [], onOutput, announcedPort: 1.5 }, /announcedPort is 1.5/],
  ]));

Deno.test("openNic() names the option that is wrong", () =>
  refuses(openNic, "open a NIC", [
    ...NOT_OBJECTS,
    [{ listen: 4790 }, /listen is 4790, expected an address/],
    [{ openDevice: {} }, /openDevice is of type object, expected a function/],
    [{ limits: 5 }, /limits is 5, expected an object/],
    [{ delegates: "no" }, /delegates is of type string, expected true or false/],
    [{ security: null }, /security is null, expected an object/],
  ]));

Deno.test("openDatagram() and the kinds of sockets name the option that is missing or wrong", async () => {
  for (const open of [openDatagram, openPortableDatagram, openLinuxDatagram]) {
    await refuses(open, "open a socket", [
      NONE,
      ...NOT_OBJECTS,
      [{ onDatagrams: onOutput }, /listen is undefined, expected an address/],
      [{ listen: { host: "127.0.0.1" }, onDatagrams: onOutput }, /listen has no valid host or port/],
      [{ listen: { host: "127.0.0.1", port: 0 } }, /onDatagrams is undefined, expected a function/],
      [
        { listen: { host: "127.0.0.1", port: 0 }, onDatagrams: onOutput, coalesces: 1 },
        /coalesces is 1, expected true or false/,
      ],
    ]);
  }
});

Deno.test("openTun() names what it got in place of an interface", () =>
  refuses(openTun, "open a TUN interface", [
    NONE,
    ...NOT_OBJECTS,
    [{}, /interface is undefined, expected a name of 1 to 15 characters/],
    [{ interface: 5 }, /interface is of type number/],
    [{ interface: "" }, /interface is ""/],
    [{ interface: "a/b" }, /interface is "a\/b"/],
    [{ interface: "sixteen-letters-" }, /interface is "sixteen-letters-"/],
  ]));

Deno.test("Sender.open() names what it got in place of a plan", async () => {
  await using nic = await openNic();
  await using receiver = await openReceiver({ nic: nic.control, plans: [], onOutput });
  await using sender = await openSender({ nic: nic.control, receiver: receiver.control });
  await assert.rejects(sender.open(undefined as never), {
    code: "plan",
    message: "Cannot send a plan: it is undefined, expected a compiled plan",
  });
});
