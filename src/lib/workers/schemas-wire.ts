// Schemas that are put together on screen, as they cross the worker border. What each does: engine/registry/schema-draft.ts.
import type { SchemaContent } from '../engine/view/schema-contents.ts';
import type { BuiltSchema } from '../engine/registry/schema-build.ts';
import type {
  DraftLook,
  DraftProblem,
  MemberDraft,
  PartDraft,
  SchemaDraft,
  SlotDraft,
} from '../engine/registry/schema-draft.ts';

export type {
  ColumnProposal,
  FeatureChoice,
  SchemaProposal,
  SlotProposal,
} from '../engine/curate/propose.ts';
export type { DtypeChoice } from '../engine/curate/propose-dtype.ts';
export type { ContentMember, SchemaContent } from '../engine/view/schema-contents.ts';
export type { BuiltSchema, DraftLook, DraftProblem, MemberDraft, PartDraft, SchemaDraft, SlotDraft };

export interface SchemasApi {
  /** What a schema asks: its members with their marks and rules, slot by slot. */
  schemaContents(uid: string): Promise<SchemaContent[]>;
  /** What is wrong with a draft, its hash, and the schema that asks the same already; nothing is written. */
  lookAtSchema(draft: SchemaDraft): Promise<DraftLook>;
  /** Makes it with its new features and slots, in one act. A schema that asks the same is given back as it is. */
  buildSchema(draft: SchemaDraft): Promise<BuiltSchema>;
}
