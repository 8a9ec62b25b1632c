/** What stands before the first `:`, where that stands before the first `/`. */
export function backendPrefix(name: string): string | undefined {
  const colon = name.indexOf(':');
  if (colon < 0) return undefined;
  const slash = name.indexOf('/');
  return slash >= 0 && slash < colon ? undefined : name.slice(0, colon);
}
