/** A position in a stream: the epoch of its log, and the number of the last event. */

/** The epoch of streams whose events are not kept: there is nothing to resume. */
export const NO_EPOCH = "-";

/** @typedef {{epoch: string, offset: number}} Position */
