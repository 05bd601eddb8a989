/** The phone over Twilio's Voice SDK: https://www.twilio.com/docs/voice/sdks/javascript. */

import { fetchPhone } from "./api.js";
import { loadDevice } from "./voice_sdk.js";
import { isLoginLost, phoneError } from "./words/phone_errors.js";

const REFRESH = 60_000; // ms before a token ends
const RETRY = 5_000; // ms
const OPTIONS = {
  allowIncomingWhileBusy: true, // Otherwise it takes a second call for nobody there.
  codecPreferences: ["opus", "pcmu"],
  enableImprovedSignalingErrorPrecision: true,
  tokenRefreshMs: REFRESH,
};

/** `login` is what the server has answered: a `token`. Its events and methods are those of `phone.js`. */
export class TwilioPhone {
  #edge;
  #handlers = new Map();
  #device = null;
  #closed = false;
  #timer = 0;
  #ringing = new Set();
  #active = new Map(); // the SDK's calls that were accepted, by the call's key
  #keys = new Map(); // by the sids of calls that the desk knows
  #announced = new Map(); // the call's key, by the SDK's call

  constructor({ login, edge = { loadDevice, fetchPhone, askForMicrophone } }) {
    this.#edge = edge;
    this.#open(login.token);
  }

  on(name, handler) {
    this.#handlers.set(name, handler);
  }

  /** Takes in which calls the desk knows: a placed call's leg is known by its sid alone. */
  follow(calls) {
    this.#keys = new Map([...calls.values()].map(({ sid, call }) => [sid, call]));
    for (const ringing of this.#ringing) this.#announce(ringing);
  }

  accept(key) {
    this.#ringingFor(key)?.accept();
  }

  reject(key) {
    this.#ringingFor(key)?.reject();
  }

  hangUp(key) {
    this.#active.get(key)?.disconnect();
  }

  mute(key, on) {
    this.#active.get(key)?.mute(on);
  }

  digits(key, text) {
    this.#active.get(key)?.sendDigits(text);
  }

  close() {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#device?.destroy();
  }

  async #open(token) {
    try {
      const Device = await this.#edge.loadDevice();
      if (this.#closed) return;
      this.#device = new Device(token, OPTIONS);
      this.#device.on("registered", () => this.#registered());
      this.#device.on("tokenWillExpire", () => this.#renew());
      this.#device.on("incoming", (call) => this.#rings(call));
      this.#device.on("error", (error) => this.#failed(error));
      this.#device.audio?.incoming(false); // The desk has a ring tone of its own.
      await this.#device.register();
    } catch (error) {
      this.#failed(error);
    }
  }

  async #registered() {
    this.#emit("ready");
    try {
      await this.#edge.askForMicrophone();
    } catch (error) {
      this.#emit("error", phoneError(error));
    }
  }

  async #renew() {
    clearTimeout(this.#timer);
    try {
      const { token } = await this.#edge.fetchPhone();
      if (this.#closed) return;
      this.#device.updateToken(token);
      if (this.#device.state === "unregistered") await this.#device.register();
    } catch (error) {
      this.#emit("error", phoneError(error));
      if (!this.#closed) this.#timer = setTimeout(() => this.#renew(), RETRY);
    }
  }

  #rings(call) {
    this.#ringing.add(call);
    call.on("accept", () => this.#accepted(call));
    for (const end of ["disconnect", "cancel", "reject"]) call.on(end, () => this.#ended(call));
    call.on("error", (error) => this.#failed(error));
    this.#announce(call);
  }

  #announce(call) {
    const named = Number(call.customParameters?.get("call"));
    const key = named || this.#keys.get(call.parameters.CallSid);
    if (!key || this.#announced.has(call)) return;
    this.#announced.set(call, key);
    this.#emit("incoming", key);
  }

  #accepted(call) {
    this.#ringing.delete(call);
    const key = this.#announced.get(call);
    this.#active.set(key, call);
    this.#emit("accepted", key);
  }

  #ended(call) {
    this.#ringing.delete(call);
    const key = this.#announced.get(call);
    this.#announced.delete(call);
    const other = this.#active.get(key);
    if (other && other !== call) return; // The call has another leg to this phone.
    this.#active.delete(key);
    if (key) this.#emit("ended", key);
  }

  #ringingFor(key) {
    return [...this.#ringing].find((call) => this.#announced.get(call) === key);
  }

  #failed(error) {
    if (isLoginLost(error)) return this.#renew();
    const sentence = phoneError(error);
    if (sentence) this.#emit("error", sentence);
  }

  #emit(name, detail) {
    this.#handlers.get(name)?.(detail);
  }
}

/**
 * Has the browser ask for the microphone before a call needs it, so that a refusal costs no call.
 *
 * A page that nobody has touched yet doesn't ask: the agent would wonder why.
 */
async function askForMicrophone() {
  await firstGesture();
  const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
  for (const track of stream.getTracks()) track.stop();
}

function firstGesture() {
  if (navigator.userActivation?.hasBeenActive) return null;
  return new Promise((resolve) => {
    for (const gesture of ["pointerdown", "keydown"]) addEventListener(gesture, resolve, { once: true });
  });
}
