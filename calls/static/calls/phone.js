/** Makes the phone of the page. */

import { StandInPhone } from "./stand_in_phone.js";

export function makePhone(needs) {
  return new StandInPhone(needs);
}
