/** The rules of the protocol are pure: no browser, no clock, no chance. */

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const PROTOCOL = fileURLToPath(new URL("../../../realtime/static/realtime/protocol/", import.meta.url));
const TSC = fileURLToPath(new URL("../node_modules/.bin/tsc", import.meta.url));
const MODULES = readdirSync(PROTOCOL).map((name) => join(PROTOCOL, name));

test("they compile with the language alone, without a browser's or Node's names", () => {
  const how = ["--noEmit", "--strict", "--allowJs", "--checkJs", "--ignoreConfig", "--module", "nodenext"];
  const language = ["--target", "es2022", "--lib", "es2022", "--types", ""];
  assert.ok(MODULES.length > 4);
  try {
    execFileSync(TSC, [...how, ...language, ...MODULES], { encoding: "utf8", stdio: "pipe" });
  } catch ({ stdout }) {
    assert.fail(stdout);
  }
});

test("they use no clock and no random numbers of the language, and import each other only", () => {
  for (const module of MODULES) {
    const source = readFileSync(module, "utf8");
    assert.doesNotMatch(source.replace(/\/\*\*.*?\*\//gs, ""), /\bDate\b|Math\.random|Atomics/, module);
    for (const [, path] of source.matchAll(/(?:from |import\()"(.*?)"/g)) assert.match(path, /^\.\/\w+\.js$/, module);
  }
});
