/**
 * Says that something is not installed, so that its tests are left out.
 * @throws Error where this is a continuous integration, which has to have it
 */
export function sayMissing(name: string, debianPackage: string): void {
  if (process.env.CI === 'true') throw new Error(`${name} is not installed: apt-get install ${debianPackage}`);
  process.stderr.write(`SKIPPED: ${name} is not installed, so nothing of it is tested\n`);
}
