// Zarr v2 and v3 in folders and zip files: AnnData, MuData and SpatialData by their layout, other stores as a list.
import type { ByteSource, FolderSource } from '../engine/ports.ts';
import { scverseKind, summariseScverse } from './anndata.ts';
import { picturesOf } from './ome-pictures.ts';
import { pictureFacts } from './ome-zarr.ts';
import { count, MAX_MEMBERS, reason, summaryOf, withArrays, type FileSummary } from './summary.ts';
import { membersOf } from './tree.ts';
import { openZarr } from './zarr-node.ts';
import { folderStore, zipStore, type ObjectStore } from './zarr-store.ts';
import type { ZipEntry } from './zip.ts';

export const summariseZarrFolder = (folder: FolderSource): Promise<FileSummary> =>
  summariseStore(folderStore(folder), false).then(withArrays);

export const summariseZarrZip = async (
  source: ByteSource,
  entries: readonly ZipEntry[],
): Promise<FileSummary> => withArrays(await summariseStore(await zipStore(source, entries), true));

async function summariseStore(store: ObjectStore, zipped: boolean): Promise<FileSummary> {
  const files = store.paths.filter((path) => !path.endsWith('/'));
  const suffix = zipped ? '.zarr.zip' : '.zarr';
  const size = { label: 'Files', value: count(files.length) };
  try {
    const root = await openZarr(store);
    if (root === null)
      return summaryOf('zarr', {
        facts: [size],
        suffixFromContent: suffix,
        problem: 'The description of this Zarr store is missing or damaged, so its contents cannot be shown.',
      });
    const base = [{ label: 'Zarr', value: `v${root.zarr.format}` }, size];
    const kind = await scverseKind(root);
    if (kind !== null) {
      const found = await summariseScverse(root, kind, suffix);
      return {
        ...found,
        suffixFromContent: kind === 'AnnData' && !zipped ? '.anndata.zarr' : suffix,
        facts: [...base, ...found.facts],
      };
    }
    if (root.kind === 'array') {
      const array = { label: 'Array', value: `${root.shape.join(' × ')}, ${root.type}` };
      return summaryOf('zarr', { suffixFromContent: suffix, facts: [...base, array] });
    }
    const { members, facts } = await membersOf(root, MAX_MEMBERS);
    const pictures = await picturesOf(root);
    if (pictures.first !== null)
      return summaryOf('ome-zarr', {
        suffixFromContent: '.ome.zarr',
        facts: [...base, ...pictures.facts, ...pictureFacts(pictures.first)],
        members,
        views: { pictures: pictures.views },
        problem: pictures.problem,
      });
    return summaryOf('zarr', {
      suffixFromContent: suffix,
      facts: [...base, ...facts],
      members,
      problem: pictures.problem,
    });
  } catch (error) {
    return summaryOf('zarr', {
      facts: [size],
      suffixFromContent: suffix,
      problem: `This Zarr store could not be read (${reason(error)}).`,
    });
  }
}
