/** The developer's overlay is typed as strictly as the client. */

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const ENTRY = fileURLToPath(
  new URL("../../../realtime/contrib/devtools/static/realtime/devtools.js", import.meta.url),
);
const TSC = fileURLToPath(new URL("../node_modules/.bin/tsc", import.meta.url));

test("it compiles", () => {
  const how = ["--noEmit", "--strict", "--allowJs", "--checkJs", "--ignoreConfig", "--module", "nodenext"];
  const language = ["--target", "es2022", "--lib", "es2022,dom,dom.iterable", "--types", ""];
  try {
    execFileSync(TSC, [...how, ...language, ENTRY], { encoding: "utf8", stdio: "pipe" });
  } catch ({ stdout }) {
    assert.fail(stdout);
  }
});
