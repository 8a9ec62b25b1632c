import { Secret } from '../secret.ts';

/** A text that is equal for equal parts of a configuration, secrets included, and holds no secret. */
export function fingerprint(value: unknown): string {
  return JSON.stringify(value, function replace(this: Record<string, unknown>, key: string, replaced: unknown) {
    const original = this[key]; // before `toJSON` has hidden what it is
    if (original instanceof Secret) return original.digest().toString('hex');
    if (original instanceof Map || original instanceof Set) return [...original];
    if (original instanceof RegExp) return String(original);
    return replaced;
  });
}

type Fields = Readonly<Record<string, unknown>>;

/** Whether two parts of a configuration are equal, secrets included: what equal fingerprints say, found out sooner. */
export function isSame(one: unknown, other: unknown): boolean {
  if (Object.is(one, other)) return true;
  if (typeof one !== 'object' || typeof other !== 'object' || one === null || other === null) return false;
  if (one instanceof Secret || other instanceof Secret) {
    return one instanceof Secret && other instanceof Secret && one.equals(other);
  }
  if (one instanceof RegExp || other instanceof RegExp) {
    return one instanceof RegExp && other instanceof RegExp && String(one) === String(other);
  }
  if (Array.isArray(one) && Array.isArray(other)) return isSameList(one, other);
  if (isIterable(one) || isIterable(other)) {
    return isIterable(one) && isIterable(other) && isSameSequence(one, other);
  }
  return isSameFields(one as Fields, other as Fields);
}

function isIterable(value: object): value is Iterable<unknown> {
  return Symbol.iterator in value;
}

function isSameList(one: readonly unknown[], other: readonly unknown[]): boolean {
  return one.length === other.length && one.every((item, index) => isSame(item, other[index]));
}

/** Of a map without the pairs that a walk through it makes, since it meets all models of all backends. */
function isSameSequence(one: Iterable<unknown>, other: Iterable<unknown>): boolean {
  if (!(one instanceof Map && other instanceof Map)) return isSameList([...one], [...other]);
  if (one.size !== other.size) return false;
  const keys = other.keys();
  const values = other.values();
  for (const key of one.keys()) {
    if (!isSame(key, keys.next().value) || !isSame(one.get(key), values.next().value)) return false;
  }
  return true;
}

/** A field that is undefined is none. Nothing is put together for it, since it meets all parts of all backends. */
function isSameFields(one: Fields, other: Fields): boolean {
  const names = Object.keys(one);
  const others = Object.keys(other);
  let at = nextField(other, others, 0);
  for (let index = nextField(one, names, 0); index < names.length; index = nextField(one, names, index + 1)) {
    const name = names[index] as string;
    if (name !== others[at] || !isSame(one[name], other[name])) return false;
    at = nextField(other, others, at + 1);
  }
  return at === others.length;
}

/** From there on the first name whose field is not undefined, or how many names there are. */
function nextField(fields: Fields, names: readonly string[], from: number): number {
  let at = from;
  while (at < names.length && fields[names[at] as string] === undefined) at++;
  return at;
}
