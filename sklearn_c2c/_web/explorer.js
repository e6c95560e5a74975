import { Explorer } from "./instrument.js";

// The explorer of the page, for the tools of a browser and for tests.
const [explorerData, explorerModel, explorerTunes] = ["data", "model", "tunes"].map(
  (name) => document.getElementById(`explorer-${name}`).textContent,
);
const explorerRoot = document.querySelector(".explorer");
window.sklearnC2CExplorer = Explorer.open(
  explorerRoot,
  JSON.parse(explorerData),
  explorerModel,
  explorerTunes,
);
window.sklearnC2CExplorer.then(
  () => (explorerRoot.dataset.ready = ""),
  (error) => {
    const failure = explorerRoot.querySelector('[data-part="failure"]');
    failure.hidden = false;
    failure.textContent = `This browser cannot open the explorer: ${error.message}`;
    throw error;
  },
);
