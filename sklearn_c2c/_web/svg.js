// Elements of SVG.
const SVG_SPACE = "http://www.w3.org/2000/svg";

// An element with these attributes, at the end of a parent if one is given.
export function svgElement(name, attributes = {}, parent = null) {
  const element = document.createElementNS(SVG_SPACE, name);
  for (const attribute in attributes) {
    const value = attributes[attribute];
    if (value !== undefined) element.setAttribute(attribute, value);
  }
  if (parent) parent.appendChild(element);
  return element;
}

// A number with at most three decimals, as text for a path.
export function decimals(number) {
  return String(Math.round(number * 1000) / 1000);
}

// Text of a path: a template whose numbers have at most three decimals.
export function pathText(texts, ...numbers) {
  return texts.reduce((path, text, i) => path + decimals(numbers[i - 1]) + text);
}
