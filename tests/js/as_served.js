/** The modules as a site serves them: those of `realtime`, and of one folder of its `contrib`. */

import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const REALTIME = fileURLToPath(new URL("../../realtime/", import.meta.url));

/** @param {string} app of `contrib` @returns {string} a folder, which is there until the test's process ends */
export function asServed(app) {
  const folder = mkdtempSync(join(tmpdir(), "served-"));
  process.once("exit", () => rmSync(folder, { recursive: true }));
  for (const place of ["static", `contrib/${app}/static`]) {
    cpSync(join(REALTIME, place, "realtime"), folder, { recursive: true });
  }
  return folder;
}
