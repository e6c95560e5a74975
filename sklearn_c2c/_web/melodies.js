// Script of a page or an output with melodies: sets up those that are not yet.
import { Players } from "./players.js";

// A notebook may move this script away from its melodies, and has one for each output:
// the players of all are those of the first.
window.sklearnC2C ??= new Players();
for (const root of document.querySelectorAll(".c2c:not([data-connected])")) {
  root.dataset.connected = "";
  window.sklearnC2C.connect(root);
}
