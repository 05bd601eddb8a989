/**
 * An overlay for developers: what goes over the page's sockets, and buttons that disturb them.
 *
 * It puts a class of its own in the place of the browser's `WebSocket`, so it has to be loaded before
 * the page connects. A page that does not load it has none of it.
 */

import { inspectedClass } from "./devtools/inspected_socket.js";
import { Journal } from "./devtools/journal.js";
import { Line } from "./devtools/line.js";
import { Panel } from "./devtools/panel.js";

const journal = new Journal();
const line = new Line();
globalThis.WebSocket = inspectedClass(globalThis.WebSocket, line, journal);
document.documentElement.append(new Panel(line, journal).element);
