// The Django migrations that a LaminDB 2.12.1 instance reports as applied. Kept unchanged so that a later lamindb knows
// where this schema stands and runs only its own later migrations.

/** app, name, applied; in id order from 1. */
export const migrationSeeds: readonly (readonly [string, string, string])[] = [
  ['lamindb', '0177_squashed', '2026-02-17 23:10:14.017336'],
  ['lamindb', '0177_alter_artifactblock_artifact_and_more', '2026-02-17 23:10:14.017570'],
  ['lamindb', '0178_v2_2', '2026-02-17 23:10:14.017671'],
  ['lamindb', '0179_v2_2_part_2', '2026-02-17 23:10:14.017749'],
  ['lamindb', '0180_v2_2_part_3', '2026-02-17 23:10:14.017818'],
  ['lamindb', '0181_v2_2_part_4', '2026-02-17 23:10:14.017888'],
  ['lamindb', '0182_v2_2_part_5', '2026-02-17 23:10:14.017950'],
  ['lamindb', '0183_v2_2_part_6', '2026-02-17 23:10:14.018011'],
  ['bionty', '0064_squashed', '2026-02-17 23:10:20.671866'],
  ['bionty', '0065_lamindb_v2_2', '2026-02-17 23:10:20.672081'],
  ['lamindb', '0183_squashed', '2026-02-17 23:10:20.674933'],
  ['bionty', '0065_squashed', '2026-02-17 23:10:20.677687'],
  ['lamindb', '0184_alter_transformrecord_feature', '2026-04-16 06:51:56.416031'],
  ['lamindb', '0185_alter_runrecord_feature', '2026-04-16 06:51:56.482471'],
  ['lamindb', '0186_v2_4', '2026-04-16 06:51:58.367002'],
  ['lamindb', '0187_v2_4_part_2', '2026-04-16 06:51:58.605305'],
  ['lamindb', '0187_squashed', '2026-04-16 06:51:58.607173'],
  ['lamindb', '0188_remove_record_prevent_record_type_cycle_and_more', '2026-06-07 20:20:51.234711'],
  ['lamindb', '0189_v2_6', '2026-06-07 20:20:51.698624'],
  ['lamindb', '0190_v2_6_1', '2026-08-22 17:04:00.776645'],
  ['lamindb', '0191_artifactschema_unique_slot_schema', '2026-08-22 17:04:00.839433'],
  ['lamindb', '0192_v2_9', '2026-08-22 17:04:01.011934'],
  ['lamindb', '0193_v2_9_part_2', '2026-08-22 17:04:03.779903'],
  ['lamindb', '0193_squashed', '2026-08-22 17:04:03.782272'],
];

/** Name and time of the migrations of one app. */
export function migrationsOf(app: string): (readonly [string, string])[] {
  return migrationSeeds.filter(([of]) => of === app).map(([, name, applied]) => [name, applied] as const);
}
