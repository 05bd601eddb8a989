/** The rows of a model that a page shows, as the events of a stream change them. */

import { Refetch } from "./refetch.js";
import { RowVersions } from "./row_versions.js";

/**
 * A row by its primary key, as `row_data` and the events have it.
 *
 * @template Row
 * @typedef {{pk: string | number, row: Row}} Described
 */
/**
 * @template Row
 * @typedef {object} Options
 * @property {() => Promise<Described<Row>[]>} fetch the rows that the stream has now
 * @property {(rows: Map<string | number, Row>) => void} changed called after each change
 * @property {Described<Row>[]} [rows] those that came with the page, together with its position
 */

/**
 * Follow a stream, and keep its rows.
 *
 * An event that is older than what the page has seen of its row is dropped. When the stream begins
 * again, the rows are fetched again.
 *
 * @template Row
 * @param {import("./index.js").RealtimeClient} client
 * @param {string} stream
 * @param {string} name that of the declaration: the model's in lower case
 * @param {Options<Row>} options
 * @returns {{rows: Map<string | number, Row>, stop: () => void}}
 */
export function followRows(client, stream, name, { fetch, changed, rows: initial = [] }) {
  /** @type {Map<string | number, Row>} */
  const rows = new Map();
  const versions = new RowVersions();

  /** @param {Described<Row>[]} described */
  const fill = (described) => {
    rows.clear();
    for (const { pk, row } of described) rows.set(pk, row);
  };
  /** @type {Refetch<{pk: string | number, version: number, row?: Row}>} */
  const refetch = new Refetch(
    async () => {
      const described = await fetch();
      return () => {
        fill(described);
        changed(rows);
      };
    },
    ({ pk, version, row }) => {
      if (!versions.take(pk, version)) return;
      if (row === undefined) rows.delete(pk);
      else rows.set(pk, row);
      changed(rows);
    },
  );
  /** @param {any} event */
  const take = (event) => refetch.take(event);
  fill(initial);
  const { stop } = client.follow(stream, {
    reset: () => refetch.start(),
    [`event:${name}.created`]: take,
    [`event:${name}.updated`]: take,
    [`event:${name}.deleted`]: take,
  });
  return {
    rows,
    stop() {
      stop();
      refetch.stop();
    },
  };
}
