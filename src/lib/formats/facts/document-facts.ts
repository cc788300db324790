// Facts of small documents: notebooks, safetensors, PNG pictures.
import type { ByteSource } from '../../engine/ports.ts';
import { JsonNumber, parseJson, plainJson } from '../json-text.ts';
import { decodeText, type Encoding } from '../source.ts';
import type { Facts } from './facts-types.ts';
import { record } from './facts-types.ts';

/** Notebooks with their pictures are parsed whole up to this size. */
const NOTEBOOK = 256 * 1024 * 1024;
const HEADER = 100 * 1024 * 1024;

/** Null where the text is JSON but no notebook. */
export async function notebookFacts(source: ByteSource, encoding: Encoding | null): Promise<Facts | null> {
  if (source.size > NOTEBOOK) return null;
  const text = decodeText(
    await source.read(0, source.size),
    encoding ?? { label: 'utf-8', name: '', bom: 0 },
  );
  const json = parseJson(text);
  const cells = json instanceof Map ? json.get('cells') : undefined;
  const format = json instanceof Map ? json.get('nbformat') : undefined;
  if (!Array.isArray(cells) || !(format instanceof JsonNumber)) return null;
  const code = cells.filter((cell) => cell instanceof Map && cell.get('cell_type') === 'code');
  return { kind: 'notebook', nbformat: format.value, n_cells: cells.length, n_code: code.length };
}

/** Names of the tensors in order, and what the writer noted; null where the bytes are no safetensors header. */
export async function safetensorsFacts(source: ByteSource): Promise<Facts | null> {
  const start = await source.read(0, 9);
  if (start.length < 9 || start[8] !== 0x7b) return null;
  const length = Number(new DataView(start.buffer, start.byteOffset).getBigUint64(0, true));
  if (length > HEADER || length + 8 > source.size) return null;
  const json = parseJson(new TextDecoder().decode(await source.read(8, 8 + length)));
  if (!(json instanceof Map)) return null;
  const tensors = [...json].filter(([name]) => name !== '__metadata__');
  if (!tensors.every(([, tensor]) => tensor instanceof Map && tensor.has('data_offsets'))) return null;
  const metadata = json.get('__metadata__');
  return {
    kind: 'safetensors',
    keys: tensors.map(([name]) => name).sort(byCodePoint),
    metadata:
      metadata instanceof Map
        ? record([...metadata].map(([key, value]) => [key, plainJson(value)] as const))
        : null,
  };
}

/** Python sorts texts by code points, JavaScript by UTF-16 units. */
function byCodePoint(a: string, b: string): number {
  const [x, y] = [
    Array.from(a, (char) => char.codePointAt(0) ?? 0),
    Array.from(b, (char) => char.codePointAt(0) ?? 0),
  ];
  for (let i = 0; i < Math.min(x.length, y.length); i++) {
    const difference = (x[i] ?? 0) - (y[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return x.length - y.length;
}

export async function pngFacts(source: ByteSource): Promise<Facts> {
  const bytes = await source.read(0, 24);
  if (bytes.length < 24 || String.fromCharCode(...bytes.subarray(12, 16)) !== 'IHDR')
    return { kind: 'unreadable', error: 'This PNG picture is damaged or cut off at its beginning.' };
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  return { kind: 'PNG', width: view.getUint32(16), height: view.getUint32(20) };
}
