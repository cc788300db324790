// What readers of datasets for validation hand on beside plain values: that a part is not there, and values of which only
// the Python type is known.

/** A part that the schema names and the dataset has not. */
export class Missing extends Error {
  readonly available: string[];
  constructor(message: string, available: string[]) {
    super(message);
    this.available = available;
  }
}

/** A value that is no plain one; validation asks for its Python type alone. */
export class Opaque {
  readonly kind: string;
  readonly text: string;
  constructor(kind: string, text: string) {
    this.kind = kind;
    this.text = text;
  }
}
