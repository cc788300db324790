// Branches in files as the engine's facade offers them: out of an open one, and into another copy of the same database.
import type { EngineContext } from '../context.ts';
import { LoamError } from '../errors.ts';
import type { BundleSigner, BundleVerifier, ByteSource } from '../ports.ts';
import { branchStatus, wordOf } from '../registry/status.ts';
import { whereaboutsOf, type Whereabouts } from '../registry/whereabouts.ts';
import { all } from '../statement.ts';
import { mainBranch } from '../write/seen.ts';
import { packBranch, type Bundle, type BundleBlob, type BundleManifest } from './bundle.ts';
import { openBundle, sealBundle } from './bundle-file.ts';
import { importPart } from './bundle-import.ts';
import { findBranch } from './branches.ts';

export interface BundleKeys {
  /** Null where this browser or Node has no Ed25519: bundles are not signed then. */
  signer(): Promise<BundleSigner | null>;
  verifier(): Promise<BundleVerifier | null>;
}

export interface ExportedBranch {
  name: string;
  bytes: Uint8Array;
  signed: boolean;
  counts: Bundle['manifest']['counts'];
  blobs: BundleBlob[];
}

/** For whoever writes the file: what goes into it, and where the bytes of the artifacts are that the branch made. */
export interface PackedBranch {
  name: string;
  bundle: Bundle;
  places: Whereabouts[];
}

/** What a file says of itself, and whether who says it could be checked. */
export interface BundleFacts extends BundleManifest {
  signedBy: string | null;
  checked: boolean;
  /** Bytes of files that are in it. */
  filesLength: number;
}

interface Branches {
  onBranch<T>(ref: string, reading: () => T): T;
}

export function bundlePart(context: EngineContext, branches: Branches, keys: BundleKeys | null) {
  const { clock, read, writer } = context;
  const { journal, author } = writer;
  const verifier = async () => (await keys?.verifier()) ?? null;

  function packed(ref: string): PackedBranch {
    const branch = read(findBranch(ref));
    if (branch.id === mainBranch)
      throw new LoamError(
        'InvalidArgument',
        'main comes from no other branch. Save a copy of the database instead.',
      );
    if (branch.status < 0)
      throw new LoamError(
        'InvalidArgument',
        `The branch "${branch.name}" is ${wordOf(branchStatus, branch.status)}. Only an open one is saved to a file.`,
        { branch: branch.name },
      );
    return branches.onBranch(branch.uid, () => {
      const bundle = read(packBranch(journal, author, branch, clock()));
      const ids = read(
        all('SELECT a.id FROM json_each(?) j JOIN lamindb_artifact a ON a.uid = j.value ORDER BY j.key', [
          JSON.stringify(bundle.manifest.blobs.map(({ uid }) => uid)),
        ]),
      ).map(([id]) => Number(id));
      return { name: branch.name, bundle, places: read(whereaboutsOf(ids)) };
    });
  }

  return {
    /** An open branch as the bytes of a file: its net changes against the branch it comes from, without its files. */
    async exportBranch(ref: string): Promise<ExportedBranch> {
      const { name, bundle } = packed(ref);
      const signer = (await keys?.signer()) ?? null;
      const bytes = await sealBundle(bundle, signer);
      const { counts, blobs } = bundle.manifest;
      return { name, bytes, signed: signer !== null, counts, blobs };
    },

    /** The same for whoever writes it with its files (`gatherFiles`, `bundleChunks`). */
    packBranch: packed,

    /** What a file holds, without taking it in. */
    async readBundle(given: Uint8Array | ByteSource): Promise<BundleFacts> {
      const { manifest, signedBy, checked, filesLength } = await openBundle(given, await verifier());
      return { ...manifest, signedBy, checked, filesLength };
    },

    ...importPart(context, verifier),
  };
}
