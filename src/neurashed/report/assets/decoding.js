// Turns text inside the page back into bytes, arrays and scripts.

function readBase64(text) {
  if (Uint8Array.fromBase64) return Uint8Array.fromBase64(text);
  const characters = atob(text);
  const bytes = new Uint8Array(characters.length);
  for (let at = 0; at < bytes.length; at += 1) bytes[at] = characters.charCodeAt(at);
  return bytes;
}

async function inflate(text) {
  const packed = new Blob([readBase64(text)]).stream();
  return new Response(packed.pipeThrough(new DecompressionStream("deflate"))).arrayBuffer();
}

const ARRAY_TYPES = { float32: Float32Array, uint16: Uint16Array, uint32: Uint32Array };

async function decodeArray({ dtype, shape, data }) {
  return { values: new ARRAY_TYPES[dtype](await inflate(data)), shape };
}

async function decodeTexts(text) {
  return JSON.parse(new TextDecoder().decode(await inflate(text)));
}

/** Unpacks the script in an element and runs it, so that its global becomes available. */
async function runPackedScript(element) {
  const script = document.createElement("script");
  script.textContent = new TextDecoder().decode(await inflate(element.textContent.trim()));
  document.head.append(script);
  element.remove();
}
