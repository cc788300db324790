// Python's types of the values that pandas keeps as objects, from Arrow's types.
import type { ArrowType } from '../facts/arrow-type.ts';

/** Python's type of a value in an object column. */
export function kindOf(type: ArrowType): string {
  switch (type.id) {
    case 'string':
      return 'str';
    case 'bool':
      return 'bool';
    case 'int':
    case 'uint':
      return 'int';
    case 'float':
      return 'float';
    case 'date':
    case 'time':
    case 'decimal':
      return type.id;
    case 'timestamp':
      return 'datetime';
    case 'binary':
    case 'fixed':
      return 'bytes';
    case 'struct':
      return 'dict';
    case 'map':
      return 'list[tuple]';
    case 'dictionary':
      return kindOf(type.values);
    case 'extension':
      return type.name === 'arrow.uuid' ? 'uuid' : kindOf(type.storage);
    default:
      return 'other';
  }
}
