// A tree of conditions as an expression of Django's Q objects; Python and R differ only in how calls are spelled.
import type { Expression, FeatureTest, Keyword } from './code-plan.ts';

export interface Spelling {
  /** Between an object and its method. */
  dot: '.' | '$';
  /** Between the name of an argument and its value. */
  is: '=' | ' = ';
  not(item: string): string;
  argumentsOf(keywords: readonly Keyword[]): string;
  predicate(test: FeatureTest): string;
}

/** Operators that features have; other tests are named. */
export const signs: Partial<Record<FeatureTest['op'], string>> = {
  exact: '==',
  gt: '>',
  gte: '>=',
  lt: '<',
  lte: '<=',
};

/** Each part of an expression that could be torn apart has its brackets. */
export function expression(of: Expression, registry: string, spelling: Spelling, inner = false): string {
  const { dot, is, argumentsOf, predicate } = spelling;
  switch (of.kind) {
    case 'keywords':
      return `ln${dot}Q(${argumentsOf(of.keywords)})`;
    case 'among': {
      const parts = [of.feature ? predicate(of.feature) : '', argumentsOf(of.keywords)].filter(Boolean);
      const found = `${registry}${dot}filter(${parts.join(', ')})${dot}values("id")`;
      return `ln${dot}Q(id__in${is}${found})`;
    }
    case 'not':
      return spelling.not(expression(of.item, registry, spelling, true));
    default: {
      const joined = of.items
        .map((item) => expression(item, registry, spelling, true))
        .join(of.kind === 'all' ? ' & ' : ' | ');
      return inner && of.items.length > 1 ? `(${joined})` : joined;
    }
  }
}
