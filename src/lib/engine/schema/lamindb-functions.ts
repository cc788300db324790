// Texts of LaminDB's Postgres functions, word for word: they are its interface, since its migrations compare and replace
// them by a hash of their text. Origin: lamindb 2.12.1 (https://github.com/laminlabs/lamindb, Copyright Lamin Labs), and the
// frame that django-pgtrigger 4.17.0 puts around a trigger's body (BSD-3-Clause). Licence of LaminDB's texts: Apache-2.0,
// as that of this project; told in THIRD-PARTY-NOTICES.md. What differs from registry to registry stands in {braces} and is
// filled in by lamindb-triggers.ts. Spaces count, at the ends of lines too.

/** Body of `_pgtrigger_should_ignore`: triggers named in the setting `pgtrigger.ignore` do nothing. */
export const ignoreText = `
                DECLARE
                    _pgtrigger_ignore TEXT[];
                    _result BOOLEAN;
                BEGIN
                    BEGIN
                        SELECT INTO _pgtrigger_ignore
                            CURRENT_SETTING('pgtrigger.ignore');
                        EXCEPTION WHEN OTHERS THEN
                    END;
                    IF _pgtrigger_ignore IS NOT NULL THEN
                        SELECT trigger_name = ANY(_pgtrigger_ignore)
                        INTO _result;
                        RETURN _result;
                    ELSE
                        RETURN FALSE;
                    END IF;
                END;
            `;

/** What pgtrigger puts around the body of every trigger. */
export const frameText = {
  before: `
                
                BEGIN
                    IF ("public"._pgtrigger_should_ignore(TG_NAME) IS TRUE) THEN
                        IF (TG_OP = 'DELETE') THEN
                            RETURN OLD;
                        ELSE
                            RETURN NEW;
                        END IF;
                    END IF;
                    `,
  after: `
                END;
            `,
};

/** A type may not be its own, may close no circle, and its space may bind the rows that have it. */
export const cycleText = `
{note}                        IF EXISTS (
                            SELECT 1
                            FROM {table} {row}
                            WHERE {row}.id = NEW.type_id
                              AND (
                                (
                                  {row}._aux->>'ss' = '1'
                                  AND {row}.space_id IS DISTINCT FROM NEW.space_id
                                )
                                OR (
                                  {row}._aux ? 'ss'
                                  AND {row}._aux->>'ss' <> '1'
                                  AND (
                                      SELECT sp.uid
                                      FROM lamindb_space sp
                                      WHERE sp.id = NEW.space_id
                                  ) IS DISTINCT FROM {row}._aux->>'ss'
                                )
                              )
                        ) THEN
                            RAISE EXCEPTION 'Cannot set type: {label} space must match {kind} type space';
                        END IF;

                        -- Check for direct self-reference
                        IF NEW.type_id = NEW.id THEN
                            RAISE EXCEPTION 'Cannot set type: {label} cannot be its own type';
                        END IF;

                        -- Check for cycles in the type chain
                        IF EXISTS (
                            WITH RECURSIVE type_chain AS (
                                SELECT type_id, 1 as depth
                                FROM {table}
                                WHERE id = NEW.type_id

                                UNION ALL

                                SELECT {link}.type_id, tc.depth + 1
                                FROM {table} {link}
                                INNER JOIN type_chain tc ON {link}.id = tc.type_id
                                WHERE tc.depth < 100
                            )
                            SELECT 1 FROM type_chain WHERE type_id = NEW.id
                        ) THEN
                            RAISE EXCEPTION 'Cannot set type: would create a cycle';
                        END IF;

                        RETURN NEW;
                    `;

/** A line that stands in two of the six. */
export const cycleNote = `                        -- Enforce that {label}s typed by a single-space type stay in the same space
`;

/** A type that is given must be one. Two comments stand in the feature's alone. */
export const typeText = `
BEGIN
{first}    IF {label}_type_id IS NULL THEN
        RETURN TRUE;
    END IF;

{second}    RETURN EXISTS (
        SELECT 1 FROM {table} {row}
        WHERE {row}.id = {label}_type_id AND {row}.is_type
    );
END;
`;

export const typeNotes = {
  first: `    -- Feature with no type is valid
`,
  second: `    -- Type must have is_type = TRUE
`,
};

/** The record's: a type may refer to types without a schema only. */
export const recordTypeText = `
BEGIN
    -- Record with no type is valid
    IF record_type_id IS NULL THEN
        RETURN TRUE;
    END IF;

    -- If current record is a type, it can only reference schema-less types
    IF record_is_type THEN
        RETURN EXISTS (
            SELECT 1 FROM lamindb_record r
            WHERE r.id = record_type_id AND r.is_type AND r.schema_id IS NULL
        );
    END IF;

    -- Regular records can reference any type
    RETURN EXISTS (
        SELECT 1 FROM lamindb_record r
        WHERE r.id = record_type_id AND r.is_type
    );
END;
`;

/** A renamed feature keeps its former names. */
export const renameText = `DECLARE
    old_renamed JSONB;
    new_renamed JSONB;
    ts TEXT;
BEGIN
    -- Only proceed if name actually changed
    IF OLD.name IS DISTINCT FROM NEW.name THEN
        -- Update synonyms
        IF NEW.synonyms IS NULL OR NEW.synonyms = '' THEN
            NEW.synonyms := OLD.name;
        ELSIF position(OLD.name in NEW.synonyms) = 0 THEN
            NEW.synonyms := NEW.synonyms || '|' || OLD.name;
        END IF;

        -- Update _aux with rename history
        ts := TO_CHAR(NOW() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"');

        -- Get existing renamed history or initialize empty object
        old_renamed := COALESCE((OLD._aux->>'renamed')::JSONB, '{}'::JSONB);

        -- Add old name with timestamp
        new_renamed := old_renamed || jsonb_build_object(ts, OLD.name);

        -- Update _aux with new renamed history
        IF NEW._aux IS NULL THEN
            NEW._aux := jsonb_build_object('renamed', new_renamed);
        ELSE
            NEW._aux := NEW._aux || jsonb_build_object('renamed', new_renamed);
        END IF;
    END IF;

    RETURN NEW;
END;
`;
