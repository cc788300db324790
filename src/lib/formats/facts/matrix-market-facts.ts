// Facts of Matrix Market files, alone or as the matrix of a 10x folder: shape, stored values, their sum.
import { Unsupported } from '../tree.ts';
import type { ByteSource } from '../../engine/ports.ts';
import { finite, type Facts } from './facts-types.ts';
import { PairwiseSum } from './pairwise-sum.ts';

import { lines, overBytes } from '../text-lines.ts';

/** Symmetric matrices store one half; the other counts too, as scipy reads them. Throws where the file is damaged. */
export function matrixMarketFacts(source: ByteSource, gzip: boolean, kind: string): Promise<Facts> {
  return overBytes(source, gzip, async (bytes) => {
    let banner: string[] | null = null;
    let size: number[] | null = null;
    let sum = new PairwiseSum(0);
    let entries = 0;
    let mirrored = 0;
    let mirroredSum = 0;
    const entry = (line: string): void => {
      const parts = line.trim().split(/\s+/);
      const value = banner?.[3] === 'pattern' ? 1 : Number(parts[2]);
      if (parts.length < 2 || Number.isNaN(value)) throw new Error(`line “${line.slice(0, 60)}” is no entry`);
      sum.add([value]);
      entries++;
      if (banner?.[4] !== 'general' && parts[0] !== parts[1]) {
        mirrored++;
        mirroredSum += banner?.[4] === 'skew-symmetric' ? -value : value;
      }
    };
    for await (const some of lines(bytes)) {
      for (const line of some) {
        if (banner === null) {
          banner = line.toLowerCase().trim().split(/\s+/);
          if (banner[0] !== '%%matrixmarket')
            throw new Error('its first line is not that of a Matrix Market file');
          if (banner[2] !== 'coordinate')
            throw new Unsupported('dense Matrix Market files are not read here');
          if (banner[3] === 'complex') throw new Unsupported('complex numbers are not read here');
        } else if (line.startsWith('%') || line.trim() === '') continue;
        else if (size === null) {
          size = line.trim().split(/\s+/).map(Number);
          if (size.length < 3 || !size.every((number) => Number.isSafeInteger(number) && number >= 0))
            throw new Error('its line of sizes is damaged');
          sum = new PairwiseSum(size[2] ?? 0);
        } else entry(line);
      }
    }
    const [rows, columns, announced] = size ?? [];
    if (rows === undefined || columns === undefined) throw new Error('its line of sizes is missing');
    if (entries !== announced) throw new Error(`it announces ${announced ?? 0} entries and holds ${entries}`);
    return { kind, shape: [rows, columns], nnz: entries + mirrored, sum: finite(sum.total + mirroredSum) };
  });
}
