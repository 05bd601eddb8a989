/** The npm package: packed, installed in an empty project, imported, and compiled against. */

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  cpSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";

const HERE = fileURLToPath(new URL(".", import.meta.url));
const ROOT = join(HERE, "../../..");
const MODULES = join(ROOT, "realtime/static/realtime");
const BUNDLES = ["client.js", "client.classic.js"];
const TOOLS = join(HERE, "../node_modules");

let project;

/** Run a program in the project; returns what it printed, which an error shows too. */
function run(program, ...given) {
  try {
    return execFileSync(program, given, { cwd: project, encoding: "utf8", stdio: "pipe" });
  } catch ({ stdout, stderr, message }) {
    throw new Error(`${message}\n${stdout}${stderr}`);
  }
}

/** Compile a page's file, strictly, with the types of libraries checked as well. */
function compile(file, module, moduleResolution) {
  const how = ["--module", module, "--moduleResolution", moduleResolution, "--lib", "es2022,dom,dom.iterable"];
  run(join(TOOLS, ".bin/tsc"), "--noEmit", "--strict", "--target", "es2022", "--types", "", ...how, file);
}

before(() => {
  project = mkdtempSync(join(tmpdir(), "page-"));
  run(join(HERE, "build"), project);
  const [tarball] = readdirSync(project);
  writeFileSync(join(project, "package.json"), '{"private": true, "type": "module"}');
  run("npm", "install", "--offline", "--no-audit", "--no-fund", "--silent", `./${tarball}`);
  cpSync(join(HERE, "consumer.ts"), join(project, "consumer.ts"));
});

after(() => rmSync(project, { recursive: true }));

/** The paths of all files in a folder and below it. */
function files(folder) {
  return readdirSync(folder, { recursive: true }).filter((path) => statSync(join(folder, path)).isFile());
}

test("every module with its types, and nothing else", () => {
  const modules = files(MODULES).filter((name) => name.endsWith(".js") && !BUNDLES.includes(name));
  assert.ok(modules.includes("protocol/heartbeat.js"));
  const types = modules.map((name) => name.replace(/js$/, "d.ts"));
  const installed = files(join(project, "node_modules/channels-realtime"));
  const expected = [...modules, ...types, "package.json", "README.md", "LICENSE"];
  assert.deepEqual(installed.sort(), expected.sort());
});

test("it is of the version and the license of the Python package", () => {
  const python = readFileSync(join(ROOT, "pyproject.toml"), "utf8");
  const manifest = JSON.parse(readFileSync(join(MODULES, "package.json"), "utf8"));
  for (const key of ["name", "version", "license"]) {
    assert.equal(manifest[key], python.match(new RegExp(`^${key} = "(.*)"$`, "m"))[1]);
  }
  assert.equal(manifest.dependencies, undefined);
});

test("Node imports it by its name", () => {
  const script = 'import("channels-realtime").then((all) => console.log(Object.keys(all).sort().join()))';
  const names = "CloseCode,HeartbeatSocket,RealtimeClient,RealtimeError,default,mayReconnect,userStreamName";
  assert.equal(run(process.execPath, "--eval", script).trim(), names);
});

for (const [module, resolution] of [["nodenext", "nodenext"], ["esnext", "bundler"]]) {
  test(`a page in TypeScript compiles, and its mistakes don't: ${resolution}`, () => {
    compile("consumer.ts", module, resolution);
  });
}

test("a site that has reconnecting-websocket changes one line", () => {
  const source = readFileSync(join(HERE, "moved.ts"), "utf8");
  symlinkSync(join(TOOLS, "reconnecting-websocket"), join(project, "node_modules/reconnecting-websocket"));
  for (const name of ["reconnecting-websocket", "channels-realtime"]) {
    writeFileSync(join(project, "moved.ts"), source.replace('from "reconnecting-websocket"', `from "${name}"`));
    compile("moved.ts", "esnext", "bundler");
  }
});
