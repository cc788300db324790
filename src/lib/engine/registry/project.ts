// Projects and references (lamindb 2.12.1): status in words, dates, addresses and DOIs that are ones. LaminDB checks these
// two registries field by field (`ValidateFields`), also on SQLite.
import { LoamError } from '../errors.ts';
import { take, without, type Behaviour } from './behaviour.ts';
import type { Fields } from './registry-types.ts';
import { codeOf, projectStatus } from './status.ts';

const doi = /^(?:https?:\/\/(?:dx\.)?doi\.org\/|doi:|DOI:)?10\.\d+\/.*$/;

export const project: Behaviour = {
  takes: ['status'],
  create: (_, { given, values }) =>
    without(() => {
      const status = take(given, 'status');
      values['_status_code'] = codeOf('Project', projectStatus, status ?? 'planned');
      checkAddress('Project', given);
      checkDates(given['start_date'], given['end_date']);
      // A project given back keeps its status unless one was asked for.
      const accepts = () =>
        without(() => {
          if (status === undefined) delete values['_status_code'];
          return true;
        });
      return { accepts };
    }),
  update: (_, { given, values, row }) =>
    without(() => {
      const status = take(given, 'status');
      if (status !== undefined) values['_status_code'] = codeOf('Project', projectStatus, status);
      checkAddress('Project', given);
      checkDates(given['start_date'] ?? row['start_date'], given['end_date'] ?? row['end_date']);
      return {};
    }),
};

export const reference: Behaviour = {
  create: (_, { given }) => without(() => checkReference(given)),
  update: (_, { given }) => without(() => checkReference(given)),
};

function checkReference(given: Fields): Record<string, never> {
  checkAddress('Reference', given);
  const value = given['doi'];
  if (typeof value === 'string' && !doi.test(value)) {
    const why = 'Must be a DOI (e.g., 10.1000/xyz123 or https://doi.org/10.1000/xyz123)';
    throw invalid('Reference', 'doi', value, why);
  }
  return {};
}

/** Django's URL rule in its main parts: a scheme it knows, a host, no blanks. */
function checkAddress(registry: string, given: Fields): void {
  const value = given['url'];
  if (typeof value === 'string' && !/^(https?|ftps?):\/\/[^\s/?#]+[^\s]*$/i.test(value))
    throw invalid(registry, 'url', value, 'Enter a valid URL, with http:// or https://');
}

function checkDates(start: unknown, end: unknown): void {
  if (typeof start !== 'string' || typeof end !== 'string' || start <= end) return;
  throw new LoamError('ValidationError', `A project cannot end (${end}) before it starts (${start}).`, {
    registry: 'Project',
    field: 'end_date',
  });
}

function invalid(registry: string, field: string, value: string, why: string): LoamError {
  return new LoamError('FieldValidationError', `${field}: ${value.slice(0, 80)} is not valid → ${why}.`, {
    registry,
    field,
  });
}
