import { Explorer } from "./instrument.js";

// Show the explorer in the output of a notebook's cell, for anywidget. What is shown goes
// to Python as `state`, and a state that Python has set is shown.
export async function render({ model, el }) {
  const explorer = await openIn(el.attachShadow({ mode: "open" }), model);
  const take = () => {
    const { given, latent, melody } = model.get("state");
    if (!given) return;
    const { composer } = explorer;
    const state =
      given === "melody"
        ? composer.ofOwn(melody, "Set in Python")
        : composer.ofCode(Float32Array.from(latent), "Set in Python");
    explorer.setPresent(state);
  };
  const tell = () => {
    const { z, melody } = explorer.present;
    const state = { given: null, latent: Array.from(z), melody: Array.from(melody) };
    model.set("state", state);
    model.save_changes();
  };
  take();
  explorer.addEventListener("change", tell);
  tell();
  model.on("change:state", take);
  return () => {
    model.off("change:state", take);
    explorer.sequencer.stop();
  };
}

// The HTML is that of the package, with titles escaped by Python.
async function openIn(root, model) {
  const style = document.createElement("style");
  style.textContent = model.get("_style");
  root.append(style, document.createRange().createContextualFragment(model.get("_body")));
  const explorer = root.querySelector(".explorer");
  // Keys that are pressed here do not move the notebook.
  explorer.setAttribute("data-lm-suppress-shortcuts", "true");
  explorer.addEventListener("keydown", (event) => event.stopPropagation());
  explorer.querySelector('[data-part="print"]').hidden = true; // it would print the notebook
  const texts = ["_model", "_tunes"].map((name) => model.get(name));
  return Explorer.open(explorer, model.get("_data"), ...texts, { hasPage: false });
}
