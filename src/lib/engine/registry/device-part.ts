// The device that acts are told to be made on, and what it is called.
import type { EngineContext } from '../context.ts';
import { LoamError } from '../errors.ts';
import type { Device } from '../ports.ts';
import { renameDevice } from '../write/devices.ts';

export function devicePart({ writer: { journal }, read, tell }: EngineContext) {
  return {
    /** Null where none is told. */
    device: (): Device | null => journal.device,

    /** Calls it otherwise, here and in what it wrote before; whoever keeps its identity keeps the name. */
    renameDevice(name: string): Device {
      if (!journal.device)
        throw new LoamError(
          'NotSupportedError',
          'This browser keeps nothing that would tell one device from another.',
        );
      const called = name.trim();
      if (called === '' || called.length > 60)
        throw new LoamError('ValidationError', 'The name of a device has 1 to 60 characters.', {
          field: 'name',
        });
      journal.device = { ...journal.device, name: called };
      read(renameDevice(journal.device));
      const change = { table: 'loam_device', inserted: 0, updated: 1, deleted: 0, ids: null };
      tell({ act: '', title: '', last: true, tables: [change] });
      return journal.device;
    },
  };
}
