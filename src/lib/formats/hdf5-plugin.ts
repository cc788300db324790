// HDF5 looks for unknown filters as plug-ins: shared libraries in a folder. This writes such a library for h5wasm, a
// WASM side module of about 400 bytes whose filter does nothing but hand its arguments to us by a write to an open file.
// So every unpacker can be plain TypeScript (hdf5-filters.ts), and no library has to be shipped or fetched.

const I32 = 0x7f;

/** Little-endian base 128, as WASM writes lengths and indices. */
function unsigned(value: number): number[] {
  const bytes: number[] = [];
  for (let rest = value >>> 0; ;) {
    const low = rest & 0x7f;
    rest >>>= 7;
    if (rest === 0) return [...bytes, low];
    bytes.push(low | 0x80);
  }
}

function signed(value: number): number[] {
  const bytes: number[] = [];
  for (let rest = value; ;) {
    const low = rest & 0x7f;
    rest >>= 7;
    if ((rest === 0 && (low & 0x40) === 0) || (rest === -1 && (low & 0x40) !== 0)) return [...bytes, low];
    bytes.push(low | 0x80);
  }
}

const text = (value: string): number[] => {
  const bytes = new TextEncoder().encode(value);
  return [...unsigned(bytes.length), ...bytes];
};
const vector = (items: number[][]): number[] => [...unsigned(items.length), ...items.flat()];
const sized = (body: number[]): number[] => [...unsigned(body.length), ...body];
const section = (id: number, body: number[]): number[] => [id, ...sized(body)];
const word = (value: number): number[] => [0, 8, 16, 24].map((shift) => (value >>> shift) & 0xff);

// Instructions.
const constant = (value: number): number[] => [0x41, ...signed(value)];
const local = (index: number): number[] => [0x20, index];
const memoryBase = [0x23, 0];
const tableBase = [0x23, 1];
const add = [0x6a];
const end = 0x0b;
const store = (offset: number, value: number[]): number[] => [
  ...memoryBase,
  ...value,
  0x36,
  2,
  ...unsigned(offset),
];
const load = (offset: number): number[] => [...memoryBase, 0x28, 2, ...unsigned(offset)];

/** The static memory of a plug-in: H5Z_class2_t, what `fd_write` is given, the call's arguments, the filter's name. */
const CLASS = 0;
const NAME_POINTER = CLASS + 16;
const FILTER_POINTER = CLASS + 28;
const VECTOR = 32;
const WRITTEN = 40;
const CALL = 48;
const NAME = 96;
const MEMORY = 128;

/** Words of one call, in the order they are written. */
export const CALL_WORDS = ['filter', 'flags', 'count', 'parameters', 'bytes', 'size', 'buffer'] as const;

/**
 * The library for one filter. Its filter function stores its arguments (`CALL_WORDS`: the filter's id, H5Z flags, number
 * of and pointer to the parameters, bytes in the buffer, pointers to the buffer's size and to its address), writes them
 * to `descriptor` and answers with what the write said it wrote: the number of unpacked bytes, 0 for a failure.
 */
export function filterPlugin(filter: number, descriptor: number): Uint8Array<ArrayBuffer> {
  const dylink = [...text('dylink.0'), 1, ...sized([MEMORY, 4, 1, 0].flatMap(unsigned))];
  const types = vector([
    [0x60, ...vector(Array.from({ length: 4 }, () => [I32])), ...vector([[I32]])],
    [0x60, ...vector([]), ...vector([[I32]])],
    [0x60, ...vector(Array.from({ length: 6 }, () => [I32])), ...vector([[I32]])],
  ]);
  const imports = vector([
    [...text('env'), ...text('memory'), 2, 0, 0],
    [...text('env'), ...text('__indirect_function_table'), 1, 0x70, 0, 0],
    [...text('env'), ...text('__memory_base'), 3, I32, 0],
    [...text('env'), ...text('__table_base'), 3, I32, 0],
    [...text('wasi_snapshot_preview1'), ...text('fd_write'), 0, 0],
  ]);
  const body = (code: number[]): number[] => sized([...vector([]), ...code, end]);
  const call = [constant(filter), ...[0, 1, 2, 3, 4, 5].map(local)];
  const functions = vector([
    // Kind of plug-in: 0 is a filter.
    body(constant(0)),
    // The class, completed with addresses that are known only now.
    body([
      ...store(FILTER_POINTER, tableBase),
      ...store(NAME_POINTER, [...memoryBase, ...constant(NAME), ...add]),
      ...memoryBase,
    ]),
    body([
      ...call.flatMap((value, i) => store(CALL + 4 * i, value)),
      ...store(VECTOR, [...memoryBase, ...constant(CALL), ...add]),
      ...store(VECTOR + 4, constant(4 * call.length)),
      ...store(WRITTEN, constant(0)),
      ...constant(descriptor),
      ...[VECTOR].flatMap((at) => [...memoryBase, ...constant(at), ...add]),
      ...constant(1),
      ...[WRITTEN].flatMap((at) => [...memoryBase, ...constant(at), ...add]),
      // call fd_write; if it failed 0, else what it wrote
      ...[0x10, 0, 0x04, I32, ...constant(0), 0x05, ...load(WRITTEN), end],
    ]),
  ]);
  const name = [...new TextEncoder().encode('loam'), 0];
  // Version of the class, id, packs?, unpacks?, name, two functions we do not have, the filter.
  const memory = [...word(1), ...word(filter), ...word(0), ...word(1)];
  memory.push(...new Array<number>(NAME - memory.length).fill(0), ...name);
  return Uint8Array.from([
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(0, dylink),
    ...section(1, types),
    ...section(2, imports),
    ...section(3, vector([[1], [1], [2]])),
    ...section(
      7,
      vector([
        [...text('H5PLget_plugin_type'), 0, 1],
        [...text('H5PLget_plugin_info'), 0, 2],
      ]),
    ),
    ...section(9, vector([[0, ...tableBase, end, ...vector([unsigned(3)])]])),
    ...section(10, functions),
    ...section(11, vector([[0, ...memoryBase, end, ...sized(memory)]])),
  ]);
}
