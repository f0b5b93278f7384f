// Reads one layer's queries, keys and values from a .safetensors file: eight bytes with the length of a JSON head, the
// head, then the numbers. Gives typed arrays, their sizes and the pieces of text that the rows stand for.
export async function layerFrom(url) {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url}: status ${response.status}; npm run build puts it there`);
  const bytes = await response.arrayBuffer();
  const headBytes = Number(new DataView(bytes).getBigUint64(0, true));
  const head = JSON.parse(new TextDecoder().decode(new Uint8Array(bytes, 8, headBytes)));
  const tensor = (name) => {
    const [begin, end] = head[name].data_offsets;
    return new Float32Array(bytes.slice(8 + headBytes + begin, 8 + headBytes + end));
  };
  const [, heads, length, channels] = head.q.shape;
  const pieces = JSON.parse(head.__metadata__.pieces);
  return { heads, length, channels, q: tensor("q"), k: tensor("k"), v: tensor("v"), pieces };
}
