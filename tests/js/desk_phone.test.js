/** The page's phone: which one it is, and Twilio's, with a fake Device at the edge. */

import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import { afterEach, beforeEach, describe, mock, test } from "node:test";

import { PagePhone } from "../../calls/static/calls/phone.js";
import { TwilioPhone } from "../../calls/static/calls/twilio_phone.js";
import { phoneError } from "../../calls/static/calls/words/phone_errors.js";

const settled = () => new Promise((resolve) => setImmediate(resolve));
const coded = (code) => Object.assign(new Error("SDK"), { code });

let devices;

class FakeDevice extends EventEmitter {
  state = "unregistered";
  tokens = [];
  registrations = 0;
  audio = { incoming: (on) => (this.sounds = on) };

  constructor(token, options) {
    super();
    Object.assign(this, { options, tokens: [token] });
    devices.push(this);
  }

  async register() {
    this.registrations++;
    this.state = "registered";
    this.emit("registered");
  }

  updateToken(token) {
    this.tokens.push(token);
  }

  destroy() {
    this.state = "destroyed";
  }
}

class FakeCall extends EventEmitter {
  done = [];

  constructor(sid, call) {
    super();
    this.parameters = { CallSid: sid };
    this.customParameters = new Map(call ? [["call", String(call)]] : []);
    for (const verb of ["accept", "reject", "disconnect", "mute", "sendDigits"]) {
      this[verb] = (...given) => {
        this.done.push([verb, ...given]);
        if (["accept", "reject", "disconnect"].includes(verb)) this.emit(verb);
      };
    }
  }
}

function listened(phone) {
  const heard = [];
  for (const name of ["ready", "incoming", "accepted", "ended", "error"]) {
    phone.on(name, (detail) => heard.push(detail === undefined ? name : `${name} ${detail}`));
  }
  return heard;
}

async function opened(edge = {}) {
  devices = [];
  const phone = new TwilioPhone({
    login: { token: "first" },
    edge: {
      loadDevice: async () => FakeDevice,
      fetchPhone: async () => ({ token: "next" }),
      askForMicrophone: async () => {},
      ...edge,
    },
  });
  const heard = listened(phone);
  await settled();
  return { phone, heard, device: devices[0] };
}

describe("Twilio's phone", () => {
  test("logs in with the token, and is ready", async () => {
    const { heard, device } = await opened();
    assert.deepEqual([device.tokens, device.registrations, heard], [["first"], 1, ["ready"]]);
    assert.equal(device.sounds, false);
    assert.equal(device.options.allowIncomingWhileBusy, true);
  });

  test("rings for the call that the leg names, is accepted, muted, keyed and hung up", async () => {
    const { phone, heard, device } = await opened();
    const leg = new FakeCall("CA2", 7);
    device.emit("incoming", leg);
    phone.accept(8); // It doesn't ring for that one.
    phone.accept(7);
    phone.mute(7, true);
    phone.digits(7, "1#");
    phone.hangUp(7);
    phone.hangUp(7);
    assert.deepEqual(leg.done, [["accept"], ["mute", true], ["sendDigits", "1#"], ["disconnect"]]);
    assert.deepEqual(heard, ["ready", "incoming 7", "accepted 7", "ended 7"]);
  });

  test("knows the leg of a placed call by its sid, when the desk gets to know it", async () => {
    const { phone, heard, device } = await opened();
    device.emit("incoming", new FakeCall("CA1"));
    phone.follow(new Map([[7, { call: 7, sid: null }]]));
    assert.deepEqual(heard, ["ready"]);
    const known = new Map([[7, { call: 7, sid: "CA1" }]]);
    phone.follow(known);
    phone.follow(known);
    assert.deepEqual(heard, ["ready", "incoming 7"]);
  });

  test("rejects one of two that ring, and the caller takes the other one away", async () => {
    const { phone, heard, device } = await opened();
    const [one, two] = [new FakeCall("CA2", 7), new FakeCall("CA3", 8)];
    device.emit("incoming", one);
    device.emit("incoming", two);
    phone.reject(8);
    one.emit("cancel");
    assert.deepEqual([one.done, two.done], [[], [["reject"]]]);
    assert.deepEqual(heard.slice(3), ["ended 8", "ended 7"]);
  });

  test("goes on talking while another call rings and goes", async () => {
    const { phone, device } = await opened();
    const [talking, ringing] = [new FakeCall("CA2", 7), new FakeCall("CA3", 8)];
    for (const leg of [talking, ringing]) device.emit("incoming", leg);
    phone.accept(7);
    ringing.emit("cancel");
    phone.mute(7, true);
    assert.deepEqual(talking.done, [["accept"], ["mute", true]]);
  });

  test("can be in two calls, and mutes and leaves each by itself", async () => {
    const { phone, heard, device } = await opened();
    const [held, talking] = [new FakeCall("CA2", 7), new FakeCall("CA3", 8)];
    for (const leg of [held, talking]) device.emit("incoming", leg);
    phone.accept(7);
    phone.accept(8);
    phone.mute(7, true);
    phone.hangUp(8);
    phone.hangUp(7);
    assert.deepEqual([held.done, talking.done], [[["accept"], ["mute", true], ["disconnect"]], [["accept"], ["disconnect"]]]);
    assert.deepEqual(heard.slice(-2), ["ended 8", "ended 7"]);
  });

  test("stays in a call of which another leg to it ends", async () => {
    const { phone, heard, device } = await opened();
    const [talking, late] = [new FakeCall("CA2", 7), new FakeCall("CA3", 7)];
    device.emit("incoming", talking);
    phone.accept(7);
    device.emit("incoming", late);
    late.emit("cancel");
    assert.ok(!heard.includes("ended 7"));
  });

  test("renews its token before it ends", async () => {
    const { device } = await opened();
    device.emit("tokenWillExpire");
    await settled();
    assert.deepEqual([device.tokens, device.registrations], [["first", "next"], 1]);
  });

  for (const code of [20104, 31205]) {
    test(`logs in again when its token has ended (${code}), and says nothing`, async () => {
      const { heard, device } = await opened();
      device.state = "unregistered";
      device.emit("error", coded(code));
      await settled();
      assert.deepEqual([device.tokens, device.registrations], [["first", "next"], 2]);
      assert.deepEqual(heard, ["ready", "ready"]);
    });
  }

  test("tries again when the server doesn't give a token, until it is closed", async () => {
    mock.timers.enable({ apis: ["setTimeout"] });
    try {
      let asked = 0;
      const fetchPhone = async () => {
        if (++asked < 3) throw new Error("The server didn't answer.");
        return { token: "third" };
      };
      const { phone, heard, device } = await opened({ fetchPhone });
      device.emit("tokenWillExpire");
      for (let time = 0; time < 4; time++) {
        await settled();
        mock.timers.tick(5_000);
      }
      assert.deepEqual(device.tokens, ["first", "third"]);
      assert.deepEqual(heard, ["ready", ...Array(2).fill("error The server didn't answer.")]);
      phone.close();
      assert.equal(device.state, "destroyed");
    } finally {
      mock.timers.reset();
    }
  });

  test("doesn't begin if it is closed while the SDK loads", async () => {
    let load;
    const { phone } = await opened({ loadDevice: () => new Promise((resolve) => (load = resolve)) });
    phone.close();
    load(FakeDevice);
    await settled();
    assert.deepEqual(devices, []);
  });

  test("says that the SDK is missing", async () => {
    const { heard } = await opened({ loadDevice: () => Promise.reject(new Error("make voice-sdk")) });
    assert.deepEqual(heard, ["error make voice-sdk"]);
  });

  test("says that the microphone is denied, before a call needs it", async () => {
    const denied = Object.assign(new Error(""), { name: "NotAllowedError" });
    const { heard } = await opened({ askForMicrophone: () => Promise.reject(denied) });
    assert.match(heard[1], /^error The browser may not use the microphone\./);
  });

  test("says what failed, also in a call, and not that the caller was faster", async () => {
    const { heard, device } = await opened();
    const leg = new FakeCall("CA2", 7);
    device.emit("incoming", leg);
    leg.emit("error", coded(31402));
    leg.emit("error", coded(31008));
    device.emit("error", coded(31005), leg);
    assert.match(heard[2], /^error No microphone works here\./);
    assert.match(heard[3], /^error The phone has lost Twilio/);
    assert.equal(heard.length, 4);
  });
});

test("an error that is not in the table is named by its number, or says itself", () => {
  assert.equal(phoneError(coded(31999)), "The phone has failed (31999).");
  assert.equal(phoneError(new Error("The server didn't answer.")), "The server didn't answer.");
});

describe("the page's phone", () => {
  let posts;
  beforeEach(() => (posts = []));
  beforeEach(() => mock.timers.enable({ apis: ["setInterval"] }));
  afterEach(() => mock.timers.reset());
  const post = async (path, fields) => posts.push([path, fields]);
  const agent = { id: 1 };
  const ringing = { call: 7, state: "ringing", direction: "inbound", ringing: [1], declined: [] };

  test("is the stand-in with a simulated company, and gets what came before it", async () => {
    const phone = new PagePhone({ agent, post, fetchPhone: async () => ({ kind: "stand-in" }) });
    phone.accept(7);
    const heard = listened(phone);
    phone.follow(new Map([[7, ringing]]), agent);
    await settled();
    await settled();
    assert.deepEqual(new Set(heard), new Set(["ready", "incoming 7"]));
    phone.accept(7);
    assert.deepEqual(posts, [["calls/simulate/pick-up/", { call: 7 }]]);
  });

  test("as a stand-in stays in its call while the connection is lost, and rings for nothing new", async () => {
    const phone = new PagePhone({ agent, post, fetchPhone: async () => ({ kind: "stand-in" }) });
    await settled();
    const heard = listened(phone);
    const talking = { ...ringing, state: "in-progress", answered_by: agent };
    const follow = (...calls) => phone.follow(new Map(calls.map((call) => [call.call, call])), agent);
    follow(talking);
    follow({ ...talking, doubtful: true }, { ...ringing, call: 8, doubtful: true });
    follow({ ...talking, certain: false });
    follow(talking);
    assert.deepEqual(heard.filter((event) => event !== "ready"), ["accepted 7"]);
    follow({ ...talking, state: "completed" });
    assert.equal(heard.at(-1), "ended 7");
  });

  test("as a stand-in hangs up by itself, and doesn't mind that the call has ended before", async () => {
    const errors = [Object.assign(new Error("Over."), { status: 409 }), Object.assign(new Error("Away."), { status: 0 })];
    const failing = async (path, fields) => {
      posts.push([path, fields]);
      throw errors[posts.length - 1];
    };
    const phone = new PagePhone({ agent, post: failing, fetchPhone: async () => ({ kind: "stand-in" }) });
    await settled();
    const heard = listened(phone);
    phone.hangUp(7);
    await settled();
    phone.hangUp(7);
    await settled();
    assert.deepEqual(posts, [["calls/simulate/hang-up/", { call: 7 }], ["calls/simulate/hang-up/", { call: 7 }]]);
    assert.deepEqual(heard.filter((event) => event !== "ready"), ["error Away."]);
  });

  test("as a stand-in notices that the line is dead, once, though the calls don't say so", async () => {
    let status = 0;
    const dead = async () => Promise.reject(Object.assign(new Error("It isn't in the call."), { status }));
    const phone = new PagePhone({ agent, post: dead, fetchPhone: async () => ({ kind: "stand-in" }) });
    await settled();
    const heard = listened(phone);
    const talking = new Map([[7, { ...ringing, state: "in-progress", answered_by: agent }]]);
    const listen = () => {
      mock.timers.tick(2_000);
      return settled();
    };
    phone.follow(talking, agent);
    await listen(); // The server is away, which says nothing about the line.
    assert.ok(!heard.includes("ended 7"));
    status = 409;
    await listen();
    assert.equal(heard.at(-1), "ended 7");
    phone.follow(talking, agent);
    await listen();
    assert.deepEqual(heard.filter((event) => event !== "ready"), ["accepted 7", "ended 7"]);
    phone.close();
  });

  test("is none where the agents' phones are elsewhere", async () => {
    const phone = new PagePhone({ agent, post, fetchPhone: async () => ({ kind: "elsewhere" }) });
    const heard = listened(phone);
    await settled();
    phone.follow(new Map([[7, ringing]]), agent);
    for (const verb of ["accept", "reject", "hangUp", "mute", "digits", "close"]) phone[verb](7);
    assert.deepEqual([heard, posts], [[], []]);
  });

  test("asks again when the server doesn't answer, unless it is closed", async () => {
    mock.timers.reset();
    mock.timers.enable({ apis: ["setTimeout"] });
    try {
      let asked = 0;
      const fetchPhone = () => Promise.reject(new Error(`away ${++asked}`));
      const phone = new PagePhone({ agent, post, fetchPhone });
      const heard = listened(phone);
      await settled();
      mock.timers.tick(5_000);
      await settled();
      phone.close();
      mock.timers.tick(50_000);
      assert.deepEqual(heard, ["error away 1", "error away 2"]);
    } finally {
      mock.timers.reset();
    }
  });
});
