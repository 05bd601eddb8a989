/** The versions of rows that a page has had events of: an older event of a row may come later. */

/** A log outside of the database may have two changes of a row in the other order. */
export class RowVersions {
  /** Also of rows that are gone. @type {Map<string | number, number>} */
  #seen = new Map();

  /**
   * Note an event of a row.
   *
   * @param {string | number} row
   * @param {number} version microseconds, by the clock of the database
   * @returns {boolean} false where the page has had a newer one
   */
  take(row, version) {
    if (version < (this.#seen.get(row) ?? -Infinity)) return false;
    this.#seen.set(row, version);
    return true;
  }
}
