// Arrays of a page, packed in text: base64 of gzip of their bytes, little-endian.
const ARRAY_TYPES = {
  int8: Int8Array,
  int16: Int16Array,
  int32: Int32Array,
  float32: Float32Array,
};

// Unpack arrays; the manifest has the type and the length of each by its name.
export async function unpackArrays(manifest, base64Text) {
  const packed = Uint8Array.from(atob(base64Text), (char) => char.charCodeAt(0));
  const stream = new Blob([packed]).stream();
  const unpacked = stream.pipeThrough(new DecompressionStream("gzip"));
  const bytes = await new Response(unpacked).arrayBuffer();
  const arrays = {};
  let start = 0;
  for (const [name, [type, length]] of Object.entries(manifest)) {
    const ArrayType = ARRAY_TYPES[type];
    const stop = start + length * ArrayType.BYTES_PER_ELEMENT;
    arrays[name] = new ArrayType(bytes.slice(start, stop));
    start = stop;
  }
  if (start !== bytes.byteLength) {
    throw new Error(`Found ${bytes.byteLength} bytes of arrays, expected ${start}.`);
  }
  return arrays;
}
