// Elements of a page, made without parsing text: titles come from unknown files.

// An element with properties, attributes (names with a hyphen, and role) and children.
export function makeElement(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name.includes("-") || name === "role") made.setAttribute(name, value);
    else made[name] = value;
  }
  made.append(...children);
  return made;
}

// The elements below a root that have a data-part, by its value.
export function partsOf(root) {
  const found = {};
  for (const node of root.querySelectorAll("[data-part]")) {
    found[node.dataset.part] = node;
  }
  return found;
}

// Let the arrow keys move between the tabs of a list, and show the panel of one.
export function connectTabs(list, onChange = () => {}) {
  const tabs = [...list.querySelectorAll('[role="tab"]')];
  const root = list.getRootNode();
  const choose = (tab) => {
    for (const other of tabs) {
      const isChosen = other === tab;
      other.setAttribute("aria-selected", isChosen);
      other.tabIndex = isChosen ? 0 : -1;
      root.getElementById(other.getAttribute("aria-controls")).hidden = !isChosen;
    }
    onChange(tab);
  };
  list.addEventListener("click", (event) => {
    const tab = event.target.closest('[role="tab"]');
    if (tab) choose(tab);
  });
  list.addEventListener("keydown", (event) => {
    const now = tabs.indexOf(event.target);
    const to = { ArrowLeft: now - 1, ArrowRight: now + 1, Home: 0, End: -1 }[event.key];
    if (now < 0 || to === undefined) return;
    const tab = tabs.at(to % tabs.length);
    choose(tab);
    tab.focus();
    event.preventDefault();
  });
}

// Whether a key event belongs to a field in which text is written or a value chosen.
export function isWriting(event) {
  const target = event.composedPath()[0];
  return target.matches?.("input:not([type=range], [type=checkbox]), textarea, select");
}

// Give a file to the user.
export function download(bytes, name, type) {
  const url = URL.createObjectURL(new Blob([bytes], { type }));
  const link = makeElement("a", { href: url, download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(url), 10000);
}

// A file name of a title: letters and digits of any script, joined by hyphens.
export function fileName(title, suffix) {
  const words = title.normalize("NFC").match(/[\p{L}\p{N}]+/gu) ?? ["melody"];
  return `${words.join("-").slice(0, 60).toLowerCase()}.${suffix}`;
}
