/** Loads Twilio's Voice SDK, which `make voice-sdk` puts beside this file. */

const SDK = new URL("./vendor/twilio.min.js", import.meta.url);
const MISSING = "The phone's program is missing on the server, which make voice-sdk puts there.";

let loading = null;

/** Resolves to the SDK's class `Device`. */
export function loadDevice() {
  loading ??= load().catch((error) => {
    loading = null;
    throw error;
  });
  return loading;
}

// The SDK is a classic script, which leaves a global `Twilio`.
async function load() {
  const script = Object.assign(document.createElement("script"), { src: SDK });
  await new Promise((resolve, reject) => {
    script.onload = resolve;
    script.onerror = () => reject(new Error(MISSING));
    document.head.append(script);
  });
  return globalThis.Twilio.Device;
}
