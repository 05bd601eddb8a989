/** Preloaded, it has the bundle in the environment's `CLIENT` take the place of the public modules. */

import { register } from "node:module";

const HOOK = `
export async function resolve(path, context, next) {
  const isPublic = /realtime\\/static\\/realtime\\/index\\.js$/.test(path);
  return next(isPublic ? process.env.CLIENT : path, context);
}`;

register(`data:text/javascript,${encodeURIComponent(HOOK)}`);
