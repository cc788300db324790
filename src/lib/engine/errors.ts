// Every error the engine shows, tagged by code; names equal LaminDB's where it has one (lamindb 2.12.1 errors.py), and
// those of Python, Django and bionty where LaminDB lets theirs through (DataError: a text too long for its column).
// They cross worker borders as {code, message, details}, since structured clone drops class and fields.

export type ErrorCode =
  | 'ValidationError'
  | 'InvalidArgument'
  | 'DoesNotExist'
  | 'MultipleObjectsReturned'
  | 'IntegrityError'
  | 'ProtectedError'
  | 'FieldError'
  | 'ValueError'
  | 'TypeError'
  | 'KeyError'
  | 'AttributeError'
  | 'AssertionError'
  | 'NotImplementedError'
  | 'NotSupportedError'
  | 'OperationalError'
  | 'NameTooLong'
  | 'FieldValidationError'
  | 'NoWriteAccess'
  | 'NoAccess'
  | 'SignInNeeded'
  | 'TooManyTries'
  | 'OrganismNotSet'
  | 'DataError'
  | 'StorageFull'
  | 'StorageUnavailable'
  | 'StorageAlreadyManaged'
  | 'StorageNotEmpty'
  | 'DatabaseLocked'
  | 'DatabaseDamaged'
  | 'StatementCancelled'
  | 'SchemaDrift'
  | 'ReadOnly'
  | 'Cancelled'
  | 'BranchChanged'
  | 'MergeConflict'
  | 'ReviewNeeded'
  | 'DatabaseChanged'
  | 'BytesElsewhere'
  | 'PermissionNeeded'
  | 'UndoConflict'
  | 'FileUnreadable'
  | 'ConnectionLost'
  | 'UpdateRefused'
  | 'SqlError'
  | 'OutOfMemory'
  | 'InternalError';

export type ErrorDetails = Record<string, string | number | boolean | null | string[]>;

/** `message` says what happened, with which value, and what to do; `details` carries the same as fields. */
export class LoamError extends Error {
  override readonly name: string;
  constructor(
    readonly code: ErrorCode,
    message: string,
    readonly details: ErrorDetails = {},
  ) {
    super(message);
    this.name = code;
  }
}

export interface WireError {
  code: ErrorCode;
  message: string;
  details: ErrorDetails;
}

export function isLoamError(error: unknown, code?: ErrorCode): error is LoamError {
  return error instanceof LoamError && (code === undefined || error.code === code);
}

export function toWire(error: unknown): WireError {
  if (error instanceof LoamError) return { code: error.code, message: error.message, details: error.details };
  const message = error instanceof Error ? error.message : String(error);
  return { code: 'InternalError', message, details: {} };
}

export function fromWire(wire: WireError): LoamError {
  return new LoamError(wire.code, wire.message, wire.details);
}

/**
 * Storage took fewer bytes than given. `needed` is what is still missing, in bytes. Browsers report a free space that
 * does not hold (Chromium: always 10 GiB more than used); a figure that contradicts the failure is not repeated.
 */
export function storageFull(needed: number, reported: number | null): LoamError {
  const free = reported !== null && reported < needed ? reported : null;
  const have = free === null ? '' : `, ${free.toLocaleString('en')} bytes are free`;
  return new LoamError(
    'StorageFull',
    `Not enough storage on this device: ${needed.toLocaleString('en')} bytes are needed${have}. Free some space and try again.`,
    { needed, free },
  );
}
