/** The public names, from the one file. The modules beside it are for reading. */

export * from "./client.js";
export { default } from "./client.js";
