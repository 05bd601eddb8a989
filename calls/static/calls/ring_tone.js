/** The ring tone: the British double ring, made in the browser so that it stops without delay. */

// BT's ringing tone: 400 and 450 Hz together, 0.4 s on, 0.2 s off, 0.4 s on, 2 s off.
const TONES = [400, 450];
const BURSTS = [
  [0, 0.4],
  [0.6, 1],
];
const CYCLE = 3;
const FADE = 0.01; // seconds; a tone that ends abruptly clicks
const VOLUME = 0.2;
const STARTING = 1500; // milliseconds in which a browser that allows sound has started it

// Browsers differ in which of these allows sound.
const GESTURES = ["pointerdown", "pointerup", "keydown"];

/** Returns one cycle of the double ring as samples between -1 and 1, at `rate` samples a second. */
export function ringSamples(rate) {
  return Float32Array.from({ length: CYCLE * rate }, (_, index) => {
    const time = index / rate;
    const burst = BURSTS.find(([start, end]) => time >= start && time < end);
    return burst ? loudness(time, burst) * wave(time) : 0;
  });
}

function wave(time) {
  return TONES.reduce((sum, hertz) => sum + Math.sin(2 * Math.PI * hertz * time), 0) / TONES.length;
}

function loudness(time, [start, end]) {
  return VOLUME * Math.min(1, (time - start) / FADE, (end - time) / FADE);
}

export class RingTone {
  #context = new AudioContext();
  #volume = new GainNode(this.#context);
  #cycle = null;
  #source = null;
  #hasStarted = false;
  #isMute = false;
  #onChange;

  /** `onChange` is called when the browser begins or stops allowing sound. */
  constructor(onChange) {
    this.#onChange = onChange;
    this.#volume.connect(this.#context.destination);
    this.#context.addEventListener("statechange", onChange);
    setTimeout(() => {
      this.#hasStarted = true;
      onChange();
    }, STARTING);
    for (const gesture of GESTURES) addEventListener(gesture, () => this.#touched(), { capture: true });
  }

  /** True while the browser keeps the page silent because nobody has touched it yet. */
  get blocked() {
    return this.#hasStarted && !this.#isRunning;
  }

  /** True where a gesture of the agent didn't help: the machine plays no sound. */
  get mute() {
    return this.blocked && this.#isMute;
  }

  /** Rings until the volume is 0 (1: full); if sound is blocked, begins when it is allowed. */
  set volume(volume) {
    this.#volume.gain.value = volume;
    if (volume === 0) this.#stop();
    else if (!this.#source) this.#start();
  }

  #start() {
    this.#cycle ??= this.#rendered();
    // The loop runs on the audio thread; the timers of a tab in the background would come too late.
    this.#source = new AudioBufferSourceNode(this.#context, { buffer: this.#cycle, loop: true });
    this.#source.connect(this.#volume);
    this.#source.start();
    this.#allow();
  }

  #stop() {
    this.#source?.disconnect();
    this.#source = null;
  }

  #touched() {
    if (this.#isRunning) return;
    this.#allow();
    setTimeout(() => {
      this.#isMute = !this.#isRunning;
      this.#onChange();
    }, STARTING);
  }

  #allow() {
    if (!this.#isRunning) this.#context.resume();
  }

  get #isRunning() {
    return this.#context.state === "running";
  }

  #rendered() {
    const samples = ringSamples(this.#context.sampleRate);
    const buffer = this.#context.createBuffer(1, samples.length, this.#context.sampleRate);
    buffer.copyToChannel(samples, 0);
    return buffer;
  }
}
