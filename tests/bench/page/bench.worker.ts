// One round over opfs-sahpool in a dedicated worker, as the app holds its database.
import { model } from '../../../src/lib/engine/model/model.ts';
import { emptyInstance, isUnseeded } from '../../../src/lib/engine/schema/open.ts';
import { openOpfs } from '../../../src/lib/storage/sql/opfs-sahpool.ts';
import { branchesRound } from '../branches.ts';
import { historyRound } from '../history.ts';
import { round, type OpenBench } from '../workload.ts';

let opened = 0;

/** Only the browser knows the CPU time of its processes; the page asks it. */
function cpu(): Promise<number> {
  return new Promise((resolve) => {
    onmessage = ({ data }: MessageEvent<number>) => resolve(data);
    postMessage({ cpu: true });
  });
}

const open: OpenBench = async (initialise) => {
  const name = `bench-${Date.now()}-${++opened}`;
  const database = await openOpfs({
    name,
    initialise,
    template: () => emptyInstance(model),
    unfinished: isUnseeded,
  });
  return {
    driver: database.driver,
    async close() {
      await database.close();
      const root = await navigator.storage.getDirectory();
      const pools = await root.getDirectoryHandle('.lamin-sah');
      await pools.removeEntry(name, { recursive: true });
    },
  };
};

/** Its name says what it does: `history CELLS`, `branches ARTIFACTS`, else a round. */
const [what, size] = self.name.split(' ');
const rounds = {
  history: () => historyRound(open, Number(size)),
  branches: () => branchesRound(open, Number(size)),
};
(what === 'history' || what === 'branches' ? rounds[what]() : round(open, cpu)).then(
  (measures) => postMessage({ measures }),
  (error: unknown) =>
    postMessage({ error: error instanceof Error ? `${error.message}\n${error.stack}` : String(error) }),
);
