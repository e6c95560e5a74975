import { writeAbc } from "./abc.js";
import { download, fileName } from "./elements.js";
import { writeMidi } from "./midi.js";
import { writeMusicXml } from "./musicxml.js";
import { renderWav } from "./wav.js";

const MUSICXML_TYPE = "application/vnd.recordare.musicxml+xml";

// Files of the melody that is shown, and texts to copy. `shown()` is {title, melody},
// `notation()` that of the melody at the tempo that is set.
export class TakeAlong {
  constructor(parts, { shown, notation, sound, link }) {
    Object.assign(this, { parts, shown, notation, sound, link });
    const clicks = {
      "save-midi": () => this._save("mid", "audio/midi", writeMidi),
      "save-abc": () => this._save("abc", "text/vnd.abc", writeAbc),
      "save-musicxml": () => this._save("musicxml", MUSICXML_TYPE, writeMusicXml),
      "save-wav": () => this._saveWav(),
      "copy-abc": () => this._copy(this.abc, "ABC"),
      "copy-link": () => this._copy(this.link(), "A link to this melody"),
    };
    for (const [name, act] of Object.entries(clicks)) {
      parts[name].addEventListener("click", () => act());
    }
  }

  // The melody shown, as ABC.
  get abc() {
    return this._written(writeAbc);
  }

  _written(write) {
    const { title, melody } = this.shown();
    return write(melody, { title, notation: this.notation() });
  }

  _save(suffix, type, write) {
    const name = fileName(this.shown().title, suffix);
    download(this._written(write), name, type);
    this._say(`Saved ${name}`);
  }

  async _saveWav() {
    const { title, melody } = this.shown();
    const name = fileName(title, "wav");
    this._say(`Rendering ${name} …`);
    const bytes = await renderWav(melody, this.notation(), this.sound());
    download(bytes, name, "audio/wav");
    this._say(`Saved ${name}`);
  }

  async _copy(text, what) {
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      copyBySelection(text); // without permission, as for files in some browsers
    }
    this._say(`${what} is in the clipboard`);
  }

  _say(text) {
    this.parts["take-said"].textContent = text;
  }
}

function copyBySelection(text) {
  const field = document.createElement("textarea");
  field.value = text;
  field.setAttribute("aria-hidden", "true");
  field.className = "unseen";
  document.body.append(field);
  const focused = document.activeElement;
  field.select();
  document.execCommand("copy");
  field.remove();
  focused?.focus?.();
}
