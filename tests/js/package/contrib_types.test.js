/** What the folders of `contrib` bring to a page is typed as strictly as the client. */

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

import { asServed } from "../as_served.js";

const TSC = fileURLToPath(new URL("../node_modules/.bin/tsc", import.meta.url));

for (const app of ["devtools", "html", "models"]) {
  test(`${app} compiles`, () => {
    const how = ["--noEmit", "--strict", "--allowJs", "--checkJs", "--ignoreConfig", "--module", "nodenext"];
    const language = ["--target", "es2022", "--lib", "es2022,dom,dom.iterable", "--types", ""];
    try {
      execFileSync(TSC, [...how, ...language, join(asServed(app), `${app}.js`)], { encoding: "utf8", stdio: "pipe" });
    } catch ({ stdout }) {
      assert.fail(stdout);
    }
  });
}
