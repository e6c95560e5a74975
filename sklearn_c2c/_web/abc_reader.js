export function readAbc() { throw new Error("not yet"); }
