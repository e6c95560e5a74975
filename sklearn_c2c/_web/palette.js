// Colours of attributes and classes, on light and on dark paper.
const RAMP = {
  light: ["#274690", "#2a7f9e", "#6f9a4d", "#d69a2d", "#b8402a"],
  dark: ["#7f9bf0", "#5fc0d3", "#a5cf7d", "#f2c25c", "#f5835f"],
};
const CLASSES = {
  light: ["#a8431b", "#1f6f9f", "#4b7d2c", "#7d4a9e", "#b07d00", "#006d66", "#9c3366", "#5c5a55"],
  dark: ["#f0925f", "#6fb7e6", "#9fce72", "#c79be6", "#e8c14f", "#56c7bd", "#ee8fb8", "#b9b4ab"],
};
export const N_SHADES = 64;
export const N_CLASS_COLOURS = CLASSES.light.length;

// The colour of a share from 0 to 1, as CSS.
export function colourOf(share, theme) {
  const ramp = RAMP[theme];
  const place = Math.min(Math.max(share, 0), 1) * (ramp.length - 1);
  const i = Math.min(Math.floor(place), ramp.length - 2);
  const [from, to] = [channelsOf(ramp[i]), channelsOf(ramp[i + 1])];
  const mixed = from.map((value, c) => Math.round(value + (place - i) * (to[c] - value)));
  return `rgb(${mixed.join(" ")})`;
}

export function colourOfClass(number, theme) {
  return CLASSES[theme][number % N_CLASS_COLOURS];
}

function channelsOf(hex) {
  return [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16));
}

// The rank of a value as a share: 0 at the minimum, .5 at the median, 1 at the maximum.
export function rankOf(value, quartiles) {
  if (!Number.isFinite(value)) return NaN;
  const n = quartiles.length - 1;
  for (let i = 0; i < n; i++) {
    const [low, high] = [quartiles[i], quartiles[i + 1]];
    if (value <= high) {
      const within = high > low ? (value - low) / (high - low) : 0.5;
      return Math.min(Math.max((i + within) / n, 0), 1);
    }
  }
  return 1;
}

// Shade (0 to N_SHADES - 1) of each tune by an attribute; 255 where it is undefined.
export function shadesOf(values, quartiles) {
  return Uint8Array.from(values, (value) => {
    const rank = rankOf(value, quartiles);
    return Number.isNaN(rank) ? 255 : Math.round(rank * (N_SHADES - 1));
  });
}
