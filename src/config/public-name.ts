const controlCharacter = /\p{Cc}/u;

/** What is wrong with a public name of the operator's own, such as a connector's or a route's; undefined: it is good. */
export function publicNameProblem(name: string): string | undefined {
  if ([...name].length > 256) return 'must be at most 256 characters long';
  if (controlCharacter.test(name)) return 'must not have control characters such as a line break';
  if (name !== name.trim()) return 'must not begin or end with white space';
  return name === '.' || name === '..' ? 'must not be . or .., which mean something else in a URL' : undefined;
}
