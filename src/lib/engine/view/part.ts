// Views as the engine's facade offers them: what registries there are, lists of any of them, their facets. Reads only.
import type { EngineContext } from '../context.ts';
import { inTransaction, runSync, type Steps } from '../statement.ts';
import type { QueryScope } from '../query/prepare.ts';
import { createScope } from '../query/read.ts';
import { registerRegex } from '../query/regex.ts';
import { refuseInPast } from '../write/journal.ts';
import { elsewhere, type Elsewhere } from './elsewhere.ts';
import { artifactSchemas, type ArtifactSchemas } from './artifact-schemas.ts';
import { schemaContents, type SchemaContent } from './schema-contents.ts';
import type { Cursor, PageSpec } from './page.ts';
import { facetSpecs, listFacet, type FacetSpec, type ListFacet } from './facets.ts';
import { countList, listMarks, listRows, viewKeys, type ListPage } from './list.ts';
import { findObjects, type FoundObjects } from './objects.ts';
import { registryInfos, type RegistryInfo } from './registry-info.ts';
import { codePlan } from './code-plan.ts';
import { pythonCode } from './code-python.ts';
import { rCode } from './code-r.ts';
import { sqlCode } from './code-sql.ts';
import { typescriptCode } from './code-typescript.ts';
import { listFeatures, listHistogram, listTotals } from './summary.ts';
import type { ListHistogram, ListTotals, UsedFeature } from './summary.ts';
import type { BarSpec } from './summary-bars.ts';
import { rowDetail, type RowDetail } from './row-detail.ts';
import { removeView, savedViews, saveView, type SavedView, type SavedViewInput } from './saved.ts';
import { randomUid } from '../uid.ts';
import { checkView, emptyView, type View } from './view.ts';
import { spelledOut } from './spelled-out.ts';

export type CodeLanguage = 'python' | 'r' | 'sql' | 'typescript';

/** "Cell types" -> `cell_types`. */
const variable = (words: string): string => words.toLowerCase().replace(/[^a-z0-9]+/g, '_');

export function viewPart({ driver, model, clock, random, writer, request, tell, readInTurn }: EngineContext) {
  registerRegex(driver, clock);
  function* scoped<T>(steps: (scope: QueryScope) => Steps<T>): Steps<T> {
    return yield* steps(
      createScope(
        model,
        writer.journal.hidden.without.branches(),
        writer.journal.hidden.without,
        writer.journal,
      ),
    );
  }
  const read = <T>(steps: (scope: QueryScope) => Steps<T>): T => runSync(driver, scoped(steps));
  const infos = registryInfos(model);

  /** Our own table is written beside the log, in a transaction of its own, and told to all tabs. */
  function keep<T>(uid: string, steps: Steps<T>): T {
    refuseInPast(writer.journal);
    const done = runSync(driver, inTransaction(steps));
    const change = { table: 'loam_view', inserted: 0, updated: 1, deleted: 0, ids: null };
    tell({ act: uid, title: '', last: true, tables: [change] });
    return done;
  }
  const now = () => Math.floor(clock() * 1000);

  return {
    registries: (): RegistryInfo[] => infos,
    /** Rows that a list of each registry shows at first, by its name. */
    registryCounts: (): Record<string, number> => {
      const counts: Record<string, number> = {};
      for (const { name } of infos) counts[name] = read((scope) => countList(scope, emptyView(name)));
      return counts;
    },
    /** Rows that such a list does not show, by where they are. */
    elsewhere: (registry: string): Elsewhere => read((scope) => elsewhere(scope, registry)),
    listRows: (view: View, page: PageSpec): ListPage =>
      read((scope) => listRows(scope, checkView(view), page)),
    countList: (view: View): number => read((scope) => countList(scope, checkView(view))),
    listMarks: (view: View, after: Cursor | null, step: number, most: number): Promise<Cursor[]> =>
      readInTurn(scoped((scope) => listMarks(scope, checkView(view), after, step, most))),
    /** The best `most` rows for a text, of every registry or of those that are named. */
    findObjects(text: string, most: number, registries?: string[]): Promise<FoundObjects[]> {
      const asked = registries ?? infos.map(({ name }) => name);
      return readInTurn(scoped((scope) => findObjects(scope, asked, String(text).slice(0, 500), most)));
    },
    listKeys: (view: View): string[] => read((scope) => viewKeys(scope, checkView(view))),
    facetSpecs: (view: View): FacetSpec[] => read((scope) => facetSpecs(scope, checkView(view))),
    savedViews: (registry: string): SavedView[] => read(() => savedViews(registry)),
    saveView(input: SavedViewInput): string {
      const uid = request() ?? randomUid(16, random);
      return keep(uid, saveView(model, input, uid, writer.author.userId, now()));
    },
    removeView: (uid: string): void => keep(uid, removeView(uid, now())),
    /** The view as a program that rebuilds it. */
    viewCode: (view: View, language: CodeLanguage): string =>
      read(function* (scope) {
        if (language === 'sql') return yield* sqlCode(scope, checkView(view));
        const plan = yield* codePlan(scope, yield* spelledOut(scope, checkView(view)));
        const name = variable(infos.find((info) => info.name === plan.registry)?.plural ?? 'rows');
        if (language === 'python') return pythonCode(plan, name);
        return language === 'r' ? rCode(plan, name) : typescriptCode(plan, name);
      }),
    /** What a schema asks, slot by slot. */
    schemaContents: (uid: string): SchemaContent[] => read((scope) => schemaContents(scope, uid)),
    artifactSchemas: (uid: string): ArtifactSchemas => read((scope) => artifactSchemas(scope, uid)),
    row: (registry: string, key: string): RowDetail => read((scope) => rowDetail(scope, registry, key)),
    listFacet: (view: View, spec: FacetSpec): Promise<ListFacet> =>
      readInTurn(scoped((scope) => listFacet(scope, checkView(view), spec))),
    listTotals: (view: View): Promise<ListTotals> =>
      readInTurn(scoped((scope) => listTotals(scope, checkView(view)))),
    listHistogram: (view: View, spec: BarSpec): Promise<ListHistogram> =>
      readInTurn(scoped((scope) => listHistogram(scope, checkView(view), spec))),
    listFeatures: (view: View, limit: number): Promise<UsedFeature[]> =>
      readInTurn(scoped((scope) => listFeatures(scope, checkView(view), limit))),
  };
}
