/** What the desk tells its agent, and for how long. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { Announcements } from "../../calls/static/calls/announcements.js";

function announcements() {
  const log = [];
  const told = new Announcements({ changed: () => log.push("changed"), signedOut: () => log.push("signed out"), now: () => 1000 });
  return { told, log };
}

test("a complaint goes when the same thing goes well", async () => {
  const { told } = announcements();
  told.failed(new Error("The calls can't be fetched."), "calls");
  await told.done("history", Promise.resolve([]));
  assert.equal(told.shown.complaint, "The calls can't be fetched.");
  assert.deepEqual(await told.done("calls", Promise.resolve(["a"])), ["a"]);
  assert.equal(told.shown.complaint, "");
});

test("a complaint stays where nothing came, and where something failed", async () => {
  const { told } = announcements();
  told.complain("Away.", "calls");
  assert.equal(await told.done("calls", Promise.resolve(null)), null);
  await assert.rejects(told.done("calls", Promise.reject(new Error("Away."))));
  assert.equal(told.shown.complaint, "Away.");
});

test("what a phone says is wrong is right when it says so", () => {
  const { told, log } = announcements();
  told.take("The phone has failed.", "phone");
  assert.equal(told.shown.complaint, "The phone has failed.");
  told.take("", "phone");
  assert.deepEqual([told.shown.complaint, log], ["", ["changed"]]);
});

test("a request without a login ends at the page for that", () => {
  const { told, log } = announcements();
  told.failed(Object.assign(new Error("Log in."), { status: 401 }));
  assert.deepEqual(log, ["signed out", "changed"]);
});
