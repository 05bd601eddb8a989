/** The public names, from the one file. */

export * from "./client.js";
export { default } from "./client.js";
