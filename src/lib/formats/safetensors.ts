// safetensors: weights of models. The header lists every tensor with type, shape and place; the values are not read.
import type { ByteSource } from '../engine/ports.ts';
import {
  cellText,
  clip,
  count,
  PREVIEW_ROWS,
  reason,
  summaryOf,
  type FileSummary,
  type SummaryRows,
} from './summary.ts';
import { nesting } from './json-text.ts';

/** Headers of the largest models have some megabytes. */
const HEADER = 32 * 1024 * 1024;
const METADATA = 20;

interface Tensor {
  name: string;
  dtype: string;
  shape: number[];
  bytes: number;
}

export async function summariseSafetensors(source: ByteSource): Promise<FileSummary> {
  const found = summaryOf('safetensors', { suffixFromContent: '.safetensors' });
  try {
    const start = await source.read(0, 8);
    const length = Number(new DataView(start.buffer, start.byteOffset).getBigUint64(0, true));
    if (length > HEADER) throw new Error(`its header would have ${count(length)} bytes`);
    const text = new TextDecoder().decode(await source.read(8, 8 + length));
    if (nesting(text) > 10) throw new Error('its header is nested too deep');
    const header = JSON.parse(text) as Record<string, unknown>;
    const tensors: Tensor[] = [];
    let [values, end] = [0, 0];
    for (const [name, described] of Object.entries(header)) {
      if (name === '__metadata__') continue;
      const tensor = tensorOf(name, described);
      values += tensor.shape.reduce((product, axis) => product * axis, 1);
      end = Math.max(end, Number((described as { data_offsets: number[] }).data_offsets[1]));
      tensors.push(tensor);
    }
    const types = [...new Set(tensors.map(({ dtype }) => dtype))];
    const notes = Object.entries((header.__metadata__ ?? {}) as Record<string, unknown>);
    const cut = 8 + length + end > source.size;
    return {
      ...found,
      rows: tensors.length,
      columnCount: 4,
      facts: [
        { label: 'Tensors', value: count(tensors.length) },
        { label: 'Values', value: count(values) },
        { label: 'Types', value: clip(types.join(', ')) },
        ...notes
          .slice(0, METADATA)
          .map(([label, value]) => ({ label: clip(label, 60), value: cellText(value) ?? 'null' })),
      ],
      preview: rowsOf(tensors),
      problem: cut
        ? `This file is cut off: its tensors need ${count(8 + length + end)} bytes, but only ${count(source.size)} are there.`
        : null,
    };
  } catch (error) {
    return { ...found, problem: `The header of this safetensors file is damaged (${reason(error)}).` };
  }
}

function tensorOf(name: string, described: unknown): Tensor {
  const { dtype, shape, data_offsets: place } = (described ?? {}) as Record<string, unknown>;
  const isSize = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
  if (typeof dtype !== 'string' || !Array.isArray(shape) || !shape.every(isSize))
    throw new Error(`the tensor ${clip(name, 60)} has no type or shape`);
  if (!Array.isArray(place) || !isSize(place[0]) || !isSize(place[1]) || place[1] < place[0])
    throw new Error(`the tensor ${clip(name, 60)} has no place`);
  return { name, dtype, shape, bytes: place[1] - place[0] };
}

const rowsOf = (tensors: readonly Tensor[]): SummaryRows => ({
  columns: ['Tensor', 'Type', 'Shape', 'Bytes'],
  rows: tensors
    .slice(0, PREVIEW_ROWS)
    .map(({ name, dtype, shape, bytes }) => [
      clip(name),
      clip(dtype, 40),
      shape.length === 0 ? 'single value' : clip(shape.join(' × ')),
      String(bytes),
    ]),
});
