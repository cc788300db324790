// A helper worker of the leading one, for databases other than the one in use: files on trial, databases to look at,
// and copies on their way out. It may be ended at any moment; the database in use is never opened here.
import { methodKinds, type MethodKind } from './methods.ts';
import { createBundler, type BundlerApi, type BundleStep } from './bundler.ts';
import { createExporter, type ExporterApi } from './exporter.ts';
import { openReader, openRemoteReader } from './reader.ts';
import { serveEngine } from './serve.ts';
import { createTrial, type TrialApi, type TrialStep } from './trial.ts';
import type { ServePort } from './worker-port.ts';

export interface InteropApi extends TrialApi, ExporterApi, BundlerApi {
  /** Opens a database to be looked at; afterwards its reading methods are there. */
  openReader(place: string): Promise<void>;
  /** The same for one that stays at an address and is read by ranges. */
  openRemote(url: string): Promise<void>;
}

const own: Readonly<Record<keyof InteropApi, MethodKind>> = {
  exportTo: 'read',
  exportStream: 'read',
  exported: 'read',
  writeBundle: 'read',
  stageBundle: 'read',

  examine: 'read',
  adopt: 'read',
  openReader: 'read',
  openRemote: 'read',
};
const reading = Object.fromEntries(Object.entries(methodKinds).filter(([, kind]) => kind === 'read'));

addEventListener('message', ({ data }: MessageEvent<ServePort>) => {
  if (data?.type !== 'loam-serve') return;
  const api: InteropApi = {
    ...createTrial((step) => server.emit(step)),
    ...createExporter((step) => server.emit(step)),
    ...createBundler((step) => server.emit(step)),
    async openReader(place) {
      const { methods } = await openReader(place);
      Object.assign(api, methods);
    },
    async openRemote(url) {
      const { methods } = await openRemoteReader(url);
      Object.assign(api, methods);
    },
  };
  const server = serveEngine<TrialStep | BundleStep>(api, { methods: { ...reading, ...own } });
  server.connect('leader', data.port);
});
