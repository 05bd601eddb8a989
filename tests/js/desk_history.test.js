/** The history: the last calls, pages of older ones, and searches. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { History } from "../../calls/static/calls/history.js";
import { NOW, incoming, over } from "./desk_calls.js";
import { settled } from "./fakes.js";

const ended = (call, more) => over("missed", { call, ended_at: NOW + call, ...more });
const keys = (calls) => calls.map(({ call }) => call);

/** A server with these pages by their cursor, "" for the first. */
function historyOf(pages) {
  const asked = [];
  const fetchPage = async (query) => {
    asked.push(query);
    return pages[query.before ?? ""];
  };
  let changes = 0;
  return { history: new History({ fetchPage, changed: () => (changes += 1) }), asked, changes: () => changes };
}

const PAGES = {
  "": { calls: [incoming({ call: 9 }), ended(5), ended(4)], next: "c1" },
  c1: { calls: [ended(3), ended(2)], next: "c2" },
  c2: { calls: [ended(1)], next: null },
};

test("shows what the desk follows anyway, without asking", () => {
  const { history, asked } = historyOf(PAGES);
  assert.deepEqual([keys(history.rows([ended(5)])), history.hasMore, asked], [[5], true, []]);
});

test("offers no older calls where the page has all, until there may be others", () => {
  const history = new History({ fetchPage: () => {}, changed: () => {}, isAll: true });
  history.rows([ended(5)]);
  assert.equal(history.hasMore, false);
  history.rows(Array.from({ length: 20 }, (_, key) => ended(key)));
  assert.equal(history.hasMore, true);
  history.listed({ next: null });
  assert.equal(history.hasMore, false);
  history.listed({ next: "c2" });
  assert.equal(history.hasMore, true);
});

test("says that a search failed, until the next one", async () => {
  const history = new History({ fetchPage: () => Promise.reject(new Error("refused")), changed: () => {} });
  await assert.rejects(history.search({ q: "+" }));
  assert.deepEqual([history.hasFailed, history.isLoading], [true, false]);
  await history.search({});
  assert.equal(history.hasFailed, false);
});

test("goes back page by page, to the end", async () => {
  const { history, asked } = historyOf(PAGES);
  await history.more();
  assert.deepEqual(keys(history.rows([ended(5), ended(4)])), [5, 4, 3, 2]);
  await history.more();
  assert.deepEqual([keys(history.rows([])), history.hasMore], [[5, 4, 3, 2, 1], false]);
  await history.more();
  assert.deepEqual(asked, [{}, { before: "c1" }, { before: "c2" }]);
});

test("has no gap where calls ended while older ones were shown", async () => {
  const { history } = historyOf(PAGES);
  await history.more();
  history.rows([ended(6), ended(5), ended(4)]);
  assert.deepEqual(keys(history.rows([ended(7)])), [7, 6, 5, 4, 3, 2]);
});

test("finds, and shows later changes of what it has found", async () => {
  const { history, asked } = historyOf({ "": { calls: [ended(3), incoming({ call: 9 })], next: null } });
  await history.search({ q: " 555 ", agent: "2" });
  assert.deepEqual(asked, [{ q: "555", agent: "2" }]);
  const left = ended(3, { version: 2, message: { seconds: 4 } });
  assert.deepEqual(history.rows([ended(8), left]), [left]);
  await history.search({});
  assert.deepEqual(keys(history.rows([ended(8)])), [8]);
});

test("pages of a search carry the search", async () => {
  const { history, asked } = historyOf(PAGES);
  await history.search({ q: "bob" });
  await history.more();
  assert.deepEqual(asked[1], { q: "bob", before: "c1" });
});

test("the answer to an earlier search is not shown", async () => {
  const answers = [];
  const history = new History({ fetchPage: () => new Promise((resolve) => answers.push(resolve)), changed: () => {} });
  history.search({ q: "alice" });
  history.search({ q: "bob" });
  answers[1]({ calls: [ended(2)], next: null });
  await settled();
  answers[0]({ calls: [ended(1)], next: null });
  await settled();
  assert.deepEqual([keys(history.rows([])), history.isLoading], [[2], false]);
});

test("a page that doesn't come can be asked for again", async () => {
  let fails = true;
  const fetchPage = async () => {
    if (fails) throw new Error("no answer");
    return PAGES.c2;
  };
  const history = new History({ fetchPage, changed: () => {} });
  await assert.rejects(history.more(), { message: "no answer" });
  assert.deepEqual([history.isLoading, history.hasMore], [false, true]);
  fails = false;
  await history.more();
  assert.deepEqual(keys(history.rows([])), [1]);
});
