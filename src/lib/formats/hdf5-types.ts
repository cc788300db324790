// HDF5 datatypes as h5wasm tells them, as NumPy (h5py) names them; and the values of one column of raw bytes.
import type * as H5 from 'h5wasm';
import { elementWord, type ElementType, type Field } from './element-type.ts';

export type Typed = Pick<
  H5.Metadata,
  | 'type'
  | 'size'
  | 'signed'
  | 'littleEndian'
  | 'vlen'
  | 'enum_type'
  | 'vlen_type'
  | 'compound_type'
  | 'array_type'
>;

/** h5py's rules: an enumeration of FALSE and TRUE is a bool, a record of two floats r and i is a complex number. */
export function elementOf(metadata: Typed): ElementType {
  const { size, littleEndian } = metadata;
  const of = (kind: ElementType['kind']): ElementType => ({ kind, size, littleEndian });
  switch (metadata.type) {
    case 0:
      return of(metadata.signed ? 'int' : 'uint');
    case 1:
      return of('float');
    case 3:
      return of(metadata.vlen ? 'text' : 'bytes');
    case 4:
      return of('uint');
    case 5:
      return of('void');
    case 6: {
      const fields = (metadata.compound_type?.members ?? []).map((member): Field => ({
        name: member.name,
        offset: member.offset,
        type: elementOf(member),
      }));
      const [r, i] = fields;
      if (
        fields.length === 2 &&
        r?.name === 'r' &&
        i?.name === 'i' &&
        r.type.kind === 'float' &&
        i.type.kind === 'float'
      )
        return of('complex');
      return { ...of('record'), fields };
    }
    case 8: {
      const members = metadata.enum_type?.members ?? {};
      const bool = Object.keys(members).length === 2 && members['FALSE'] === 0 && members['TRUE'] === 1;
      return of(bool ? 'bool' : metadata.signed ? 'int' : 'uint');
    }
    case 10: {
      const inner = metadata.array_type;
      return inner === undefined
        ? of('object')
        : { ...of('array'), of: elementOf(inner), shape: inner.shape ?? [] };
    }
    case 11:
      return of('complex');
    default:
      return of('object');
  }
}

/** A type for people, with what only HDF5 has: enums, references, lists. */
export function typeWord(type: ElementType, metadata: Typed): string {
  if (metadata.type === 8 && (type.kind === 'int' || type.kind === 'uint')) return 'enum';
  if (type.kind === 'void') return 'unknown';
  if (type.kind !== 'object') return elementWord(type);
  return metadata.type === 7
    ? 'reference'
    : `list of ${metadata.vlen_type ? typeWord(elementOf(metadata.vlen_type), metadata.vlen_type) : 'values'}`;
}
