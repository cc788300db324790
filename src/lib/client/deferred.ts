// An object that is still on its way: what is done with it is done once it is there. `await` gives what it came to.

interface Come {
  self: unknown;
  value: unknown;
}

/** Property by property and call by call like the object itself, each answer to be awaited. */
export function deferred(object: Promise<unknown>): unknown {
  return later(object.then((value) => ({ self: undefined, value })));
}

function later(come: Promise<Come>): unknown {
  const value = (): Promise<unknown> => come.then((one) => one.value);
  const next = (use: (one: Come) => unknown): unknown =>
    later(
      come.then(async (one) => {
        const result = use(one);
        return { self: undefined, value: await result };
      }),
    );
  return new Proxy(function () {}, {
    get(_target, name) {
      if (name === 'then' || name === 'catch' || name === 'finally') {
        const promise = value();
        return (promise[name] as (...args: unknown[]) => unknown).bind(promise);
      }
      if (name === Symbol.asyncIterator)
        return async function* () {
          yield* (await value()) as AsyncIterable<unknown>;
        };
      if (typeof name === 'symbol') return undefined;
      return later(
        come.then((one) => ({ self: one.value, value: (one.value as Record<string, unknown>)[name] })),
      );
    },
    apply: (_target, _self, args) =>
      next((one) => Reflect.apply(one.value as (...given: unknown[]) => unknown, one.self, args)),
    construct: (_target, args) =>
      next((one) => Reflect.construct(one.value as new (...given: unknown[]) => object, args)) as object,
  });
}
