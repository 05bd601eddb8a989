/** `<realtime-status>`, from the one file. */

export { RealtimeStatus } from "./client.js";
